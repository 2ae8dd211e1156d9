package rules

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// conjuncts appends the parts of n that `&&` joins at the top.
func conjuncts(n ast.Node, to []ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && (b.Operator == "&&" || b.Operator == "and") {
		return conjuncts(b.Right, conjuncts(b.Left, to))
	}
	return append(to, n)
}

// settle makes the tree say what design.md promises about unknown numbers, once
// types are known: NaN is never equal, never less, and here also never unequal.
//
//	a != b         both known and a != b
//	a not in list  a known and not in the list
//	a in 30..49    a >= 30 && a <= 49
//	known(a)       a == a
//
// and functions that read what a visitor did read it by its place in the set.
func (l *language) settle(n ast.Node, fail func(int, string, string)) ast.Node {
	s := &settler{l: l, fail: fail, ranges: map[ast.Node]ast.Node{}}
	ast.Walk(&n, s)
	return n
}

type settler struct {
	l      *language
	fail   func(int, string, string)
	ranges map[ast.Node]ast.Node // what stands for `a in 30..49` → a
}

func (s *settler) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.BinaryNode:
		switch {
		case x.Operator == "!=":
			s.replace(n, and(x, s.mayBeUnknown(x.Left), s.mayBeUnknown(x.Right)))
		case x.Operator == "in" && isNumber(x.Left):
			if r, ok := x.Right.(*ast.BinaryNode); ok && r.Operator == ".." && s.mayRepeat(x.Left) {
				s.replace(n, binary("&&", binary(">=", x.Left, r.Left), binary("<=", x.Left, r.Right)))
				s.ranges[*n] = x.Left
			}
		}
	case *ast.UnaryNode:
		if in := s.inside(x); in != nil {
			s.replace(n, and(x, s.mayBeUnknown(in)))
		}
	case *ast.CallNode:
		if id, ok := x.Callee.(*ast.IdentifierNode); ok && id.Value == "known" {
			s.known(n, x.Arguments[0])
		} else if by := s.l.settled(x); by != nil {
			*n = by
		}
	}
}

// inside is the left side of `not (a in b)`, also after a range was replaced.
func (s *settler) inside(x *ast.UnaryNode) ast.Node {
	if b, ok := x.Node.(*ast.BinaryNode); ok && b.Operator == "in" {
		return b.Left
	}
	return s.ranges[x.Node]
}

func (s *settler) known(n *ast.Node, x ast.Node) {
	switch x.Type().Kind() {
	case reflect.Float64:
		s.replace(n, binary("==", x, x))
	case reflect.String:
		s.replace(n, binary("!=", x, &ast.StringNode{}))
	case reflect.Int, reflect.Bool:
		s.replace(n, &ast.BoolNode{Value: true})
	default:
		s.fail((*n).Location().From, "known() asks about a number or a text", "")
	}
}

func (s *settler) replace(n *ast.Node, by ast.Node) {
	if by == *n {
		return
	}
	at := (*n).Location()
	by.SetLocation(at)
	for _, side := range sides(by) {
		if side.Location().To == 0 {
			side.SetLocation(at)
		}
	}
	by.SetType(reflect.TypeFor[bool]())
	*n = by
}

func sides(n ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok {
		return []ast.Node{b.Left, b.Right}
	}
	return nil
}

func binary(op string, a, b ast.Node) *ast.BinaryNode {
	n := &ast.BinaryNode{Operator: op, Left: a, Right: b}
	n.SetType(reflect.TypeFor[bool]())
	return n
}

// and puts `x == x` for every x that may be unknown before n.
func and(n ast.Node, unknown ...ast.Node) ast.Node {
	for _, x := range unknown {
		if x != nil {
			n = binary("&&", binary("==", x, x), n)
		}
	}
	return n
}

// mayBeUnknown is n when it can be NaN, else nil.
func (s *settler) mayBeUnknown(n ast.Node) ast.Node {
	if _, literal := n.(*ast.FloatNode); literal || n.Type().Kind() != reflect.Float64 || !s.mayRepeat(n) {
		return nil
	}
	return n
}

// mayRepeat bounds what is written twice: a value that itself holds comparisons
// that hold such values would double at every level.
func (s *settler) mayRepeat(n ast.Node) bool {
	if count(n) > 64 {
		s.fail(first(n), "this value is too long to compare", "compare its parts one by one")
		return false
	}
	return true
}

func isNumber(n ast.Node) bool {
	k := n.Type().Kind()
	return k == reflect.Float64 || k == reflect.Int
}

// canonical writes a tree so that equal conditions are equal texts, whatever
// brackets, spaces and spellings (and, &&) their authors used.
func canonical(n ast.Node) string {
	var b strings.Builder
	write(&b, n)
	return b.String()
}

func write(b *strings.Builder, n ast.Node) {
	list := func(head string, nodes ...ast.Node) {
		b.WriteString("(" + head)
		for _, x := range nodes {
			b.WriteByte(' ')
			write(b, x)
		}
		b.WriteByte(')')
	}
	switch n := n.(type) {
	case *ast.IdentifierNode:
		b.WriteString(n.Value)
	case *ast.IntegerNode:
		b.WriteString(strconv.Itoa(n.Value))
	case *ast.FloatNode:
		b.WriteString("f" + strconv.FormatFloat(n.Value, 'g', -1, 64))
	case *ast.BoolNode:
		b.WriteString(strconv.FormatBool(n.Value))
	case *ast.StringNode:
		b.WriteString(strconv.Quote(n.Value))
	case *ast.PointerNode:
		b.WriteString("#" + n.Name)
	case *ast.MemberNode:
		list(".", n.Node, n.Property)
	case *ast.UnaryNode:
		list(same(n.Operator), n.Node)
	case *ast.BinaryNode:
		list(same(n.Operator), n.Left, n.Right)
	case *ast.ConditionalNode:
		list("?", n.Cond, n.Exp1, n.Exp2)
	case *ast.ArrayNode:
		list("[]", n.Nodes...)
	case *ast.PredicateNode:
		list("{}", n.Node)
	case *ast.BuiltinNode:
		list(n.Name, n.Arguments...)
	case *ast.CallNode:
		list("call", append([]ast.Node{n.Callee}, n.Arguments...)...)
	default:
		panic(fmt.Sprintf("rules: %T in a settled tree", n))
	}
}

func same(operator string) string {
	switch operator {
	case "and":
		return "&&"
	case "or":
		return "||"
	case "not":
		return "!"
	case "^":
		return "**"
	}
	return operator
}

// survey counts nodes, notes reading the clock or the event, and finds the
// first character.
type survey struct {
	nodes int
	clock bool
	event bool
	first int
}

func (s *survey) Visit(n *ast.Node) {
	s.nodes++
	s.first = min(s.first, (*n).Location().From)
	if id, ok := (*n).(*ast.IdentifierNode); ok {
		s.clock = s.clock || id.Value == "now"
		s.event = s.event || id.Value == "event" || strings.HasPrefix(id.Value, "event.") // a function of it
	}
}

func look(n ast.Node) survey {
	s := survey{first: 1 << 30}
	ast.Walk(&n, &s)
	return s
}

func count(n ast.Node) int       { return look(n).nodes }
func readsClock(n ast.Node) bool { return look(n).clock }
func first(n ast.Node) int       { return look(n).first }
