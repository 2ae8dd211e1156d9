package rules

import (
	"math"
	"reflect"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// space turns conditions into the visits for which they are true or false.
// Equal expressions are one value: within a visit they have one answer.
type space struct {
	values map[string]int // canonical text of an expression → its place
	zone   string         // whose clock the rule at hand reads
	base   []domain       // by place: what it may be at all
}

// wholes are whole numbers whose bounds the engine keeps.
var wholes = map[string][2]float64{
	"visitor.visits":    {1, math.Inf(1)}, // the visit under way is one
	"visitor.pageviews": {0, math.Inf(1)},
	"visitor.purchases": {0, math.Inf(1)},
	"session.pageviews": {0, math.Inf(1)},
	"now.hour":          {0, 23},
	"now.minute":        {0, 59},
	"now.month":         {1, 12},
	"now.day":           {1, 31},
}

// exact is the bound below which whole numbers and float64 agree.
const exact = 1 << 53

// regions is the visits for which a settled condition is true, or false: at
// least these, since what is not understood is taken to be either.
func (s *space) regions(n ast.Node, want bool) regions {
	switch n := n.(type) {
	case *ast.BoolNode:
		if n.Value == want {
			return everywhere
		}
		return nil
	case *ast.UnaryNode:
		if same(n.Operator) == "!" {
			return s.regions(n.Node, !want)
		}
	case *ast.ConditionalNode:
		return s.regions(n.Cond, true).and(s.regions(n.Exp1, want)).or(
			s.regions(n.Cond, false).and(s.regions(n.Exp2, want)))
	case *ast.MemberNode:
		if n.String() == "visitor.new" { // which says: it is the first visit
			visits := &ast.MemberNode{Node: n.Node, Property: &ast.StringNode{Value: "visits"}}
			visits.SetType(reflect.TypeFor[int]())
			return s.number(visits, numbersFor("<=", 1), want)
		}
	case *ast.BinaryNode:
		switch op := same(n.Operator); op {
		case "&&", "||":
			if (op == "&&") == want {
				return s.regions(n.Left, want).and(s.regions(n.Right, want))
			}
			return s.regions(n.Left, want).or(s.regions(n.Right, want))
		case "in":
			if rs, ok := s.list(n, want); ok {
				return rs
			}
		default:
			if rs, ok := s.comparison(op, n.Left, n.Right, want); ok {
				return rs
			}
		}
	}
	bits := byte(1)
	if want {
		bits = 2
	}
	return s.bound(n, domain{kind: 'b', bits: bits})
}

var flipped = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

func (s *space) comparison(op string, left, right ast.Node, want bool) (regions, bool) {
	if c, ok := number64(right); ok && isNumber(left) {
		if flipped[op] == "" {
			return nil, false
		}
		return s.number(left, numbersFor(op, c), want), true
	}
	switch c := right.(type) {
	case *ast.StringNode:
		if left.Type().Kind() == reflect.String {
			t, ok := tested(op, c.Value, want)
			if !ok {
				return nil, false
			}
			return s.bound(left, domain{kind: 't', text: t}), true
		}
	case *ast.BoolNode:
		if op == "==" || op == "!=" {
			return s.regions(left, (op == "==") == (c.Value == want)), true
		}
	}
	if literal(left) && flipped[op] != "" && !literal(right) {
		return s.comparison(flipped[op], right, left, want)
	}
	if op == "==" && canonical(left) == canonical(right) {
		if left.Type().Kind() == reflect.Float64 {
			return s.number(left, numbers{spans: allNumbers.spans}, want), true
		}
		return s.regions(&ast.BoolNode{Value: true}, want), true
	}
	return nil, false
}

// list is `value in [constants]`.
func (s *space) list(n *ast.BinaryNode, want bool) (regions, bool) {
	items, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		return nil, false
	}
	if isNumber(n.Left) {
		var in numbers
		for _, item := range items.Nodes {
			c, ok := number64(item)
			if !ok {
				return nil, false
			}
			in = in.either(numbersFor("==", c))
		}
		return s.number(n.Left, in, want), true
	}
	if n.Left.Type().Kind() != reflect.String {
		return nil, false
	}
	in := wordings{}
	for _, item := range items.Nodes {
		c, ok := item.(*ast.StringNode)
		if !ok {
			return nil, false
		}
		in, _ = in.either(wordings{some: []string{c.Value}})
	}
	in.but = !want
	return s.bound(n.Left, domain{kind: 't', text: in}), true
}

func (s *space) number(n ast.Node, is numbers, want bool) regions {
	if !want {
		is = is.others()
	}
	if n.Type().Kind() == reflect.Int {
		is = is.whole()
	}
	return s.bound(n, domain{kind: 'n', num: is})
}

// bound is the visits in which n is within d.
func (s *space) bound(n ast.Node, d domain) regions {
	key := canonical(n) + " " + string(d.kind)
	if readsClock(n) {
		key += " in " + s.zone
	}
	at, ok := s.values[key]
	if !ok {
		at = len(s.base)
		s.values[key] = at
		s.base = append(s.base, baseOf(n, d.kind))
	}
	if d = s.base[at].both(d); d.empty() {
		return nil
	}
	return regions{{{at, d}}}
}

// baseOf is all that an expression may be.
func baseOf(n ast.Node, kind byte) domain {
	d := domain{kind: kind, num: allNumbers, text: allTexts, bits: 3}
	switch kind {
	case 'n':
		if c, ok := number64(n); ok {
			d.num = numbersFor("==", c)
		} else if limits, ok := wholes[n.String()]; ok {
			d.num = numbers{spans: []span{{lo: limits[0], hi: limits[1]}}}
		} else if n.Type().Kind() == reflect.Int {
			d.num.unknown = false
			if counts(n) {
				d.num = numbersFor(">=", 0)
			}
		}
	case 't':
		if c, ok := n.(*ast.StringNode); ok {
			d.text = wordings{some: []string{c.Value}}
		}
	}
	return d
}

// counts says that n is how many there are of something.
func counts(n ast.Node) bool {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return false
	}
	id, ok := call.Callee.(*ast.IdentifierNode)
	return ok && slices.Contains([]string{"counter.whole", "fact.coupons", "fact.operators"}, id.Value)
}

// number64 is a number written out, as far as float64 holds it exactly.
func number64(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), n.Value < exact && n.Value > -exact
	case *ast.FloatNode:
		return n.Value, !math.IsNaN(n.Value) && math.Abs(n.Value) < exact
	case *ast.UnaryNode:
		c, ok := number64(n.Node)
		return -c, ok && n.Operator == "-"
	}
	return 0, false
}

func literal(n ast.Node) bool {
	if _, ok := number64(n); ok {
		return true
	}
	switch n.(type) {
	case *ast.StringNode, *ast.BoolNode:
		return true
	}
	return false
}

// total says that a condition always has an answer: nothing in it can fail.
func total(n ast.Node) bool {
	t := failing{}
	ast.Walk(&n, &t)
	return !t.may
}

type failing struct{ may bool }

func (f *failing) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.MemberNode:
		f.may = f.may || field(x) == nil
	case *ast.BinaryNode:
		f.may = f.may || x.Operator == "%"
	case *ast.CallNode, *ast.BuiltinNode:
		if name, ok := (*n).(*ast.BuiltinNode); ok {
			f.may = f.may || !builtins[name.Name]
		}
	}
}
