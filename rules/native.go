package rules

import (
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// native answers one condition straight from Env's fields. Most conditions of
// most rules compare one field with something written out; for these expr's
// machine costs several times what the comparison does. Expr stays the judge:
// the tests hold every native answer against it.
type native struct {
	holds func(env *Env) bool

	// What the index is made of: when the condition is about one subject alone,
	// that, and its values for which the condition holds. Else nil.
	on *subject
	in values
}

// indexed says whether a condition may be told by its subject's attribute.
func (p *predicate) indexed() bool {
	return p.native != nil && p.native.on != nil && !p.native.on.late
}

// maxCuts is where a set of values that a condition describes piece by piece is
// no longer put together: every piece goes through all of it.
const maxCuts = 1000

// newNative compiles a settled condition, or answers nil when only expr can.
func newNative(n ast.Node) *native {
	switch n := n.(type) {
	case *ast.BoolNode:
		return &native{holds: func(*Env) bool { return n.Value }}
	case *ast.UnaryNode:
		x := newNative(n.Node)
		switch {
		case x == nil || same(n.Operator) != "!":
			return nil
		case x.on != nil:
			return within(x.on, x.in.not())
		}
		return &native{holds: func(env *Env) bool { return !x.holds(env) }}
	case *ast.BinaryNode:
		if op := same(n.Operator); op == "&&" || op == "||" {
			return joined(op, newNative(n.Left), newNative(n.Right))
		}
		return compare(n)
	}
	if on := newSubject(n); on != nil && n.Type().Kind() == reflect.Bool {
		return within(on, only(value{number: 1}))
	}
	return nil
}

// within asks whether a subject's value is in a set.
func within(on *subject, in values) *native {
	return &native{func(env *Env) bool { return in.has(on.read(env, time.Time{})) }, on, in}
}

func joined(op string, a, b *native) *native {
	switch {
	case a == nil || b == nil:
		return nil
	case a.on != nil && b.on != nil && a.on.key == b.on.key && len(a.in.cuts)+len(b.in.cuts) <= maxCuts:
		if op == "&&" {
			return within(a.on, a.in.and(b.in))
		}
		return within(a.on, union(a.in, b.in))
	case op == "&&":
		return &native{holds: func(env *Env) bool { return a.holds(env) && b.holds(env) }}
	}
	return &native{holds: func(env *Env) bool { return a.holds(env) || b.holds(env) }}
}

// compare compiles `subject op constant`, `subject in [constants]` and known(subject).
func compare(n *ast.BinaryNode) *native {
	on := newSubject(n.Left)
	if on == nil {
		return nil
	}
	if list, ok := n.Right.(*ast.ArrayNode); ok && n.Operator == "in" {
		points := make([]values, len(list.Nodes))
		for i, item := range list.Nodes {
			v, ok := constant(item, n.Left.Type())
			if !ok {
				return nil
			}
			points[i] = only(v)
		}
		return within(on, union(points...))
	}
	with, ok := constant(n.Right, n.Left.Type())
	if !ok {
		if other := newSubject(n.Right); n.Operator == "==" && other != nil && other.key == on.key {
			return within(on, values{lowest: true}) // known(x) is settled as x == x
		}
		return nil
	}
	switch n.Operator {
	case "startsWith":
		return within(on, startingWith(with.text))
	case "contains":
		return &native{holds: func(env *Env) bool { return strings.Contains(on.read(env, time.Time{}).text, with.text) }}
	case "endsWith":
		return &native{holds: func(env *Env) bool { return strings.HasSuffix(on.read(env, time.Time{}).text, with.text) }}
	}
	if in, ok := compared(n.Operator, with); ok {
		return within(on, in)
	}
	return nil
}
