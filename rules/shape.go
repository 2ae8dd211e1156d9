package rules

import (
	"reflect"
	"strings"
)

// shape is what may be written at one place of a file, read off the structs of
// file.go, so that schema and reference know every key that the loader knows.
type shape struct {
	kind     shapeKind
	path     string         // "schedule.days"; a name the author chooses is *
	of       *shape         // of list, oneOf and named: what each item is
	keys     []keyShape     // of record, trigger and guardrail
	record   reflect.Type   // of record: the struct behind it
	scalarOf reflect.Type   // of a scalar
	forms    map[string]any // what a text or number must look like, in JSON Schema's words
}

type shapeKind string

const (
	scalar    shapeKind = "scalar"
	listOf    shapeKind = "list"
	oneOrList shapeKind = "one or many" // an item, or a list of items
	named     shapeKind = "table"       // a mapping whose keys the author names
	record    shapeKind = "mapping"
	trigger   shapeKind = "trigger"   // a word, or a mapping of keys
	cost      shapeKind = "cost"      // a share or an amount
	guardrail shapeKind = "guardrail" // a word, or a mapping of keys
	height    shapeKind = "height"    // a number of px, or one for each kind of screen
	happening shapeKind = "happening" // a word, or a mapping of one
	outcome   shapeKind = "outcome"   // a word, or {none: …}, or {armed: …}
	whatever  shapeKind = "whatever"  // any value but none
)

type keyShape struct {
	name     string
	required bool
	value    *shape
}

// fileKinds are the kinds of files of a rules folder and what each holds.
var fileKinds = map[string]reflect.Type{
	"campaign": reflect.TypeFor[campaignFile](),
	"site":     reflect.TypeFor[siteFile](),
	"segments": reflect.TypeFor[segmentsFile](),
	"tests":    reflect.TypeFor[testsFile](),
}

// shapeOf is the shape of one kind of file.
func shapeOf(kind string) *shape { return newShape(fileKinds[kind], kind, "") }

func newShape(t reflect.Type, file, path string) *shape {
	s := &shape{path: path, forms: forms[join(file, path)]}
	switch {
	case scalarNames[t] != Text{}:
		s.kind, s.scalarOf = scalar, t
	case t == reflect.TypeFor[costFile]():
		s.kind = cost
	case t == reflect.TypeFor[heightFile]():
		s.kind = height
	case t == reflect.TypeFor[happenedFile]():
		s.kind = happening
	case t == reflect.TypeFor[outcomeFile]():
		s.kind = outcome
	case t == reflect.TypeFor[anything]():
		s.kind = whatever
	case t == reflect.TypeFor[triggerFile]():
		s.kind = trigger
		s.keys = newShape(reflect.TypeFor[triggerArgs](), file, path).keys
	case t == reflect.TypeFor[guardFile]():
		s.kind = guardrail
		s.keys = newShape(reflect.TypeFor[guardArgs](), file, path).keys
	case t.Kind() == reflect.Pointer:
		return newShape(t.Elem(), file, path)
	case t.Kind() == reflect.Slice && strings.HasPrefix(t.Name(), "table["):
		value, _ := t.Elem().FieldByName("Value")
		s.kind, s.of = named, newShape(value.Type, file, join(path, "*"))
	case t.Kind() == reflect.Slice && strings.HasPrefix(t.Name(), "oneOrMany["):
		s.kind, s.of = oneOrList, newShape(t.Elem(), file, path)
		s.of.forms = s.forms
	case t.Kind() == reflect.Slice && t.Name() == "":
		s.kind, s.of = listOf, newShape(t.Elem(), file, path)
		s.of.forms = nil
	case t.Kind() == reflect.Struct && hasKeys(t):
		s.kind, s.record = record, t
		for i := range t.NumField() {
			f := t.Field(i)
			name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			at := join(path, name)
			if name == "" || notHere[join(file, at)] {
				continue
			}
			s.keys = append(s.keys, keyShape{name, option == "required", newShape(f.Type, file, at)})
		}
	default:
		panic("rules: shape.go does not know how a " + t.String() + " is written")
	}
	return s
}

// notHere are keys that a struct has and one of its places does not.
var notHere = map[string]bool{"site.budget.*.after": true}

func hasKeys(t reflect.Type) bool {
	fields, _, _ := keys(t)
	return len(fields) > 0
}

// scalarNames are the kinds of plain values, as people call them.
var scalarNames = map[reflect.Type]Text{
	reflect.TypeFor[text]():     {"文字列", "text"},
	reflect.TypeFor[ruleText](): {"条件式", "rule"},
	reflect.TypeFor[integer]():  {"整数", "whole number"},
	reflect.TypeFor[number]():   {"数", "number"},
	reflect.TypeFor[share]():    {"割合", "share"},
	reflect.TypeFor[duration](): {"時間の長さ", "length of time"},
	reflect.TypeFor[whenFile](): {"時刻", "moment"},
	reflect.TypeFor[yesNo]():    {"真偽", "true/false"},
}

// typeName is what a shape is called.
func (s *shape) typeName() Text {
	switch s.kind {
	case scalar:
		return scalarNames[s.scalarOf]
	case cost:
		return Text{"割合または金額", "share or amount"}
	case height:
		return Text{"高さ", "height"}
	case trigger, happening:
		return Text{"きっかけ", "trigger"}
	case guardrail:
		return Text{"ガードレール", "guardrail"}
	case outcome:
		return Text{"期待", "outcome"}
	case whatever:
		return Text{"値", "value"}
	case listOf:
		return Text{s.of.typeName().JA + "のリスト", "list of " + s.of.typeName().EN}
	case oneOrList:
		return Text{s.of.typeName().JA + "、またはそのリスト", s.of.typeName().EN + " or list of them"}
	case named:
		return Text{"名前ごとの" + s.of.typeName().JA, "name to " + s.of.typeName().EN}
	default:
		return Text{"まとまり", "mapping"}
	}
}

// walk visits every key under s, each struct's once: a second use of the same
// struct (goals beside goal) is told where it was first used.
func (s *shape) walk(visit func(keyShape)) { s.walkOnce(visit, map[reflect.Type]bool{}) }

func (s *shape) walkOnce(visit func(keyShape), seen map[reflect.Type]bool) {
	if s.of != nil {
		s.of.walkOnce(visit, seen)
	}
	if s.record != nil {
		if seen[s.record] {
			return
		}
		seen[s.record] = true
	}
	for _, k := range s.keys {
		visit(k)
		k.value.walkOnce(visit, seen)
	}
}
