package rules

import (
	"reflect"
	"time"

	"github.com/expr-lang/expr/ast"
)

// subject is what a condition is about: one value of the visit.
type subject struct {
	key  string // equal for equal subjects
	zone int    // whose clock it reads, as in predicate
	read func(env *Env, now time.Time) value
}

// newSubject takes a settled node for what a condition is about: a field of Env
// or a trait with its name written out. Nil for all else.
func newSubject(n ast.Node) *subject {
	if f := field(n); f != nil {
		if read := reads(f, n.Type().Kind()); read != nil {
			return &subject{canonical(n), -1, func(env *Env, _ time.Time) value { return read(env) }}
		}
		return nil
	}
	call, ok := n.(*ast.CallNode)
	if !ok || len(call.Arguments) != 2 {
		return nil
	}
	callee, isName := call.Callee.(*ast.IdentifierNode)
	name, isText := call.Arguments[1].(*ast.StringNode)
	if !isName || !isText {
		return nil
	}
	switch callee.Value {
	case "visitor.trait":
		return &subject{canonical(n), -1, func(env *Env, _ time.Time) value { return value{text: env.Visitor.Trait(name.Value)} }}
	case "visitor.trait_number":
		return &subject{canonical(n), -1, func(env *Env, _ time.Time) value { return value{number: env.Visitor.TraitNumber(name.Value)} }}
	}
	return nil
}

// reads reads a field. Whole numbers become float64: exact for the counts that a
// visitor can reach, and as expr compares them with others.
func reads(f []int, kind reflect.Kind) func(*Env) value {
	at := func(env *Env) reflect.Value { return reflect.ValueOf(env).Elem().FieldByIndex(f) }
	switch kind {
	case reflect.String:
		return func(env *Env) value { return value{text: at(env).String()} }
	case reflect.Int:
		return func(env *Env) value { return value{number: float64(at(env).Int())} }
	case reflect.Float64:
		return func(env *Env) value { return value{number: at(env).Float()} }
	case reflect.Bool:
		return func(env *Env) value {
			if at(env).Bool() {
				return value{number: 1}
			}
			return value{}
		}
	}
	return nil
}

// field is where in Env a dotted name lies, nil for anything else.
func field(n ast.Node) []int {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return nil
	}
	name, ok := m.Property.(*ast.StringNode)
	if !ok {
		return nil
	}
	base, index := reflect.TypeFor[Env](), []int(nil)
	if root, ok := m.Node.(*ast.IdentifierNode); ok {
		i := tagged(base, root.Value)
		if i < 0 {
			return nil
		}
		base, index = base.Field(i).Type, []int{i}
	} else if index = field(m.Node); index == nil {
		return nil
	} else {
		base = base.FieldByIndex(index).Type
	}
	i := tagged(base, name.Value)
	if i < 0 {
		return nil
	}
	return append(index[:len(index):len(index)], i)
}

// tagged is the field of a struct that rules know by name, or -1.
func tagged(t reflect.Type, name string) int {
	if t.Kind() != reflect.Struct {
		return -1
	}
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("expr") == name {
			return i
		}
	}
	return -1
}

// constant is a value written out, if a subject of type t can be compared with it.
func constant(n ast.Node, t reflect.Type) (value, bool) {
	number := t.Kind() == reflect.Int || t.Kind() == reflect.Float64
	switch n := n.(type) {
	case *ast.StringNode:
		return value{text: n.Value}, t.Kind() == reflect.String
	case *ast.IntegerNode:
		return value{number: float64(n.Value)}, number
	case *ast.FloatNode:
		return value{number: n.Value}, number
	case *ast.BoolNode:
		if n.Value {
			return value{number: 1}, t.Kind() == reflect.Bool
		}
		return value{}, t.Kind() == reflect.Bool
	case *ast.UnaryNode:
		v, ok := constant(n.Node, t)
		return value{number: -v.number}, ok && number && n.Operator == "-"
	}
	return value{}, false
}
