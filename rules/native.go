package rules

import (
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// native answers one condition straight from Env's fields. Most conditions of
// most rules compare one field with something written out; for these expr's
// machine costs several times what the comparison does. Expr stays the judge:
// the tests hold every native answer against it.
type native func(env reflect.Value) bool

// newNative compiles a settled condition, or answers nil when only expr can.
func newNative(n ast.Node) native {
	switch n := n.(type) {
	case *ast.BoolNode:
		return func(reflect.Value) bool { return n.Value }
	case *ast.MemberNode:
		if f := field(n); f != nil && n.Type().Kind() == reflect.Bool {
			return func(env reflect.Value) bool { return env.FieldByIndex(f).Bool() }
		}
	case *ast.UnaryNode:
		if inner := newNative(n.Node); inner != nil && same(n.Operator) == "!" {
			return func(env reflect.Value) bool { return !inner(env) }
		}
	case *ast.BinaryNode:
		switch same(n.Operator) {
		case "&&":
			if a, b := newNative(n.Left), newNative(n.Right); a != nil && b != nil {
				return func(env reflect.Value) bool { return a(env) && b(env) }
			}
			return nil
		case "||":
			if a, b := newNative(n.Left), newNative(n.Right); a != nil && b != nil {
				return func(env reflect.Value) bool { return a(env) || b(env) }
			}
			return nil
		}
		return compare(n)
	}
	return nil
}

// compare compiles `field op constant`, `field in [constants]` and `field == field`.
func compare(n *ast.BinaryNode) native {
	f := field(n.Left)
	if f == nil {
		return nil
	}
	kind := n.Left.Type().Kind()
	switch right := n.Right.(type) {
	case *ast.StringNode:
		if kind == reflect.String {
			return compareText(f, n.Operator, right.Value)
		}
	case *ast.IntegerNode:
		return compareNumber(f, kind, n.Operator, float64(right.Value))
	case *ast.FloatNode:
		return compareNumber(f, kind, n.Operator, right.Value)
	case *ast.ArrayNode:
		if n.Operator == "in" {
			return oneOfList(f, kind, right.Nodes)
		}
	case *ast.MemberNode:
		if g := field(right); n.Operator == "==" && kind == reflect.Float64 && slices.Equal(f, g) {
			return func(env reflect.Value) bool { v := env.FieldByIndex(f).Float(); return v == v } // known
		}
	}
	return nil
}

func compareText(f []int, op, with string) native {
	var test func(s, with string) bool
	switch op {
	case "==":
		return func(env reflect.Value) bool { return env.FieldByIndex(f).String() == with }
	case "!=":
		return func(env reflect.Value) bool { return env.FieldByIndex(f).String() != with }
	case "contains":
		test = strings.Contains
	case "startsWith":
		test = strings.HasPrefix
	case "endsWith":
		test = strings.HasSuffix
	default:
		return nil
	}
	return func(env reflect.Value) bool { return test(env.FieldByIndex(f).String(), with) }
}

func compareNumber(f []int, kind reflect.Kind, op string, with float64) native {
	get := numberOf(f, kind)
	if get == nil {
		return nil
	}
	switch op {
	case "==":
		return func(env reflect.Value) bool { return get(env) == with }
	case "!=":
		return func(env reflect.Value) bool { return get(env) != with }
	case "<":
		return func(env reflect.Value) bool { return get(env) < with }
	case "<=":
		return func(env reflect.Value) bool { return get(env) <= with }
	case ">":
		return func(env reflect.Value) bool { return get(env) > with }
	case ">=":
		return func(env reflect.Value) bool { return get(env) >= with }
	}
	return nil
}

// numberOf reads a number as float64: exact for the counts that a visitor can
// reach, and as expr compares whole numbers with others.
func numberOf(f []int, kind reflect.Kind) func(reflect.Value) float64 {
	switch kind {
	case reflect.Int:
		return func(env reflect.Value) float64 { return float64(env.FieldByIndex(f).Int()) }
	case reflect.Float64:
		return func(env reflect.Value) float64 { return env.FieldByIndex(f).Float() }
	}
	return nil
}

func oneOfList(f []int, kind reflect.Kind, items []ast.Node) native {
	var texts []string
	var numbers []float64
	for _, item := range items {
		switch v := item.(type) {
		case *ast.StringNode:
			texts = append(texts, v.Value)
		case *ast.IntegerNode:
			numbers = append(numbers, float64(v.Value))
		case *ast.FloatNode:
			numbers = append(numbers, v.Value)
		default:
			return nil
		}
	}
	if len(texts) > 0 && len(numbers) > 0 || len(items) > 32 { // expr has a table for long lists
		return nil
	}
	if kind == reflect.String {
		return func(env reflect.Value) bool { return slices.Contains(texts, env.FieldByIndex(f).String()) }
	}
	get := numberOf(f, kind)
	if get == nil {
		return nil
	}
	return func(env reflect.Value) bool { return slices.Contains(numbers, get(env)) }
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
	return append(slices.Clip(index), i)
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
