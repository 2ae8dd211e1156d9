package rules

import (
	"fmt"
	"reflect"
	"time"

	"github.com/expr-lang/expr/ast"
)

// subject is what a condition is about: one value of the visit.
type subject struct {
	key   string // equal for equal subjects
	zone  int    // whose clock it reads, as in predicate
	field []int  // of Env; nil: read it is
	read  func(env *Env, now time.Time) value
	late  bool // costs something to read: only when a campaign comes down to it
}

// newSubject takes a settled node for what a condition is about: a field of Env,
// or a function of it with its argument written out. Nil for all else.
func newSubject(n ast.Node) *subject {
	s := &subject{zone: -1}
	if s.field = field(n); s.field != nil {
		switch s.place(&Env{}).(type) {
		case *string, *int, *float64, *bool: // what valueAt reads
		default:
			return nil
		}
		s.read = func(env *Env, _ time.Time) value { return valueAt(s.place(env)) }
	} else if s.read, s.late = called(n); s.read == nil {
		return nil
	}
	s.key = canonical(n)
	return s
}

// called is how a function is read, nil for one that only expr knows. Counters
// are late: a profile may have to go through its events to answer.
func called(n ast.Node) (read func(*Env, time.Time) value, late bool) {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return nil, false
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	switch {
	case !ok:
		return nil, false
	case callee.Value == "fact.operators":
		return func(env *Env, _ time.Time) value { return value{number: float64(env.Facts.OperatorsOnline)} }, false
	case len(call.Arguments) != 2:
		return nil, false
	}
	switch argument := call.Arguments[1].(type) {
	case *ast.StringNode:
		name := argument.Value
		switch callee.Value {
		case "visitor.trait":
			return func(env *Env, _ time.Time) value { return value{text: env.Visitor.Trait(name)} }, false
		case "visitor.trait_number":
			return func(env *Env, _ time.Time) value { return value{number: env.Visitor.TraitNumber(name)} }, false
		case "event.prop":
			return func(env *Env, _ time.Time) value { return value{text: env.Event.Prop(name)} }, false
		case "event.prop_number":
			return func(env *Env, _ time.Time) value { return value{number: env.Event.PropNumber(name)} }, false
		case "fact.coupons":
			return func(env *Env, _ time.Time) value { return value{number: float64(env.Facts.CouponsLeft[name])} }, false
		case "cart.has":
			return func(env *Env, _ time.Time) value { return truth(env.Cart.Has(name)) }, false
		}
	case *ast.IntegerNode:
		place := argument.Value
		switch callee.Value {
		case "counter.whole", "counter.number":
			return func(env *Env, _ time.Time) value { return value{number: env.Counters.Number(place)} }, true
		case "counter.true":
			return func(env *Env, _ time.Time) value { return truth(env.Counters.Number(place) > 0) }, true
		case "counter.text":
			return func(env *Env, _ time.Time) value { return value{text: env.Counters.Text(place)} }, true
		}
	}
	return nil, false
}

func truth(b bool) value {
	if b {
		return value{number: 1}
	}
	return value{}
}

// place is a pointer to the subject's field in env, nil when it is no field.
// Reflection finds it; a Matcher, whose env stays where it is, keeps it.
func (s *subject) place(env *Env) any {
	if s.field == nil {
		return nil
	}
	return reflect.ValueOf(env).Elem().FieldByIndex(s.field).Addr().Interface()
}

// valueAt reads a field. Whole numbers become float64: exact for the counts that
// a visitor can reach, and as expr compares them with others.
func valueAt(place any) value {
	switch at := place.(type) {
	case *string:
		return value{text: *at}
	case *int:
		return value{number: float64(*at)}
	case *float64:
		return value{number: *at}
	case *bool:
		return truth(*at)
	}
	panic(fmt.Sprintf("rules: a condition about a %T", place))
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
		return truth(n.Value), t.Kind() == reflect.Bool
	case *ast.UnaryNode:
		v, ok := constant(n.Node, t)
		return value{number: -v.number}, ok && number && n.Operator == "-"
	}
	return value{}, false
}
