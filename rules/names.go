package rules

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// vocabulary is every name a rule may use, read off Env's expr tags once a Load.
type vocabulary struct {
	roots  map[string]reflect.Type
	fields map[reflect.Type]map[string]reflect.Type
}

func newVocabulary() vocabulary {
	v := vocabulary{fields: map[reflect.Type]map[string]reflect.Type{}}
	v.roots = v.read(reflect.TypeFor[Env]())
	return v
}

func (v vocabulary) read(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("expr")
		if name == "" || name == "-" {
			continue
		}
		fields[name] = f.Type
		if f.Type.Kind() == reflect.Struct && v.fields[f.Type] == nil {
			v.fields[f.Type] = v.read(f.Type)
		}
	}
	return fields
}

// rootsByUse is the order in which a field written alone is looked for.
var rootsByUse = []string{"visitor", "session", "page", "device", "cart", "geo", "now", "event"}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// method is a function called on a part of Env. It is compiled to a call that
// takes the environment itself: expr would reach a Go method by reflection.
type method struct {
	call      func(params ...any) (any, error)
	signature any
}

// methods are the functions written after a dot, by their full name.
var methods = map[string]method{
	"visitor.trait": {
		func(p ...any) (any, error) { return p[0].(Env).Visitor.Trait(p[1].(string)), nil },
		new(func(any, string) string),
	},
	"visitor.trait_number": {
		func(p ...any) (any, error) { return p[0].(Env).Visitor.TraitNumber(p[1].(string)), nil },
		new(func(any, string) float64),
	},
	"page.query": {
		func(p ...any) (any, error) { return p[0].(Env).Page.Query(p[1].(string)), nil },
		new(func(any, string) string),
	},
	"cart.has": {
		func(p ...any) (any, error) { return p[0].(Env).Cart.Has(p[1].(string)), nil },
		new(func(any, string) bool),
	},
	"event.prop": {
		func(p ...any) (any, error) { return p[0].(Env).Event.Prop(p[1].(string)), nil },
		new(func(any, string) string),
	},
	"event.prop_number": {
		func(p ...any) (any, error) { return p[0].(Env).Event.PropNumber(p[1].(string)), nil },
		new(func(any, string) float64),
	},
}

// methodsOf lists the functions of one root: visitor → trait, trait_number.
func methodsOf(root string) []string {
	var names []string
	for _, full := range sortedKeys(methods) {
		if name, ok := strings.CutPrefix(full, root+"."); ok {
			names = append(names, name)
		}
	}
	return names
}

// builtins are expr's own functions that a rule may call. The rest are shut out:
// they read a clock, turn an unknown number into a number, or have no use here.
var builtins = map[string]bool{
	"len": true, "abs": true, "ceil": true, "floor": true, "round": true,
	"trim": true, "trimPrefix": true, "trimSuffix": true, "upper": true, "lower": true,
	"hasPrefix": true, "hasSuffix": true, "indexOf": true, "lastIndexOf": true, "split": true,
	"any": true, "all": true, "none": true, "one": true,
}

// wordsOf are the only values some texts ever have: comparing them with another
// word is a slip that would make a campaign silent for ever.
var wordsOf = map[string][]string{
	"device.type":     {"mobile", "tablet", "desktop"},
	"now.weekday":     dayNames,
	"session.channel": {"direct", "search", "social", "email", "paid", "referral", "ai"},
}
