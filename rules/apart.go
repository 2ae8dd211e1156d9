package rules

import (
	"errors"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// takeApart compiles every condition of a sound rule by itself, in the tree in
// which its author joined them; a segment keeps its name over its own parts.
func (l *language) takeApart(rule string) (*part, error) {
	if strings.TrimSpace(rule) == "" {
		return &part{text: "everybody", op: "and"}, nil
	}
	tree, err := parser.ParseWithConfig(rule, l.config)
	if err != nil {
		return nil, err
	}
	a := &apart{l: l}
	root := a.split(tree.Node)
	return root, errors.Join(a.errs...)
}

// apart takes one rule apart.
type apart struct {
	l    *language
	errs []error
}

// split leads from a tree as parsed, before names are looked up.
func (a *apart) split(n ast.Node) *part {
	switch x := n.(type) {
	case *ast.BinaryNode:
		switch same(x.Operator) {
		case "&&":
			return a.joined(textAll, "and", operands(n, "&&", nil))
		case "||":
			return a.joined(textOne, "or", operands(n, "||", nil))
		}
	case *ast.UnaryNode:
		// `not (age in [30])` is false for an unknown age, as `age in [30]` is:
		// it is one condition, not the opposite of another.
		if same(x.Operator) == "!" && !a.isIn(x.Node) {
			return a.joined("not", "not", []ast.Node{x.Node})
		}
	case *ast.CallNode:
		if tree := a.segment(x); tree != nil {
			p := a.split(tree)
			if p.op != "and" && p.op != "or" || p.text != textAll && p.text != textOne {
				p = &part{op: "and", of: []*part{p}}
			}
			p.text = x.String()
			return p
		}
	}
	return a.leaf(n)
}

func (a *apart) joined(text, op string, nodes []ast.Node) *part {
	p := &part{text: text, op: op}
	for _, n := range nodes {
		p.of = append(p.of, a.split(n))
	}
	return p
}

// operands appends the parts of n that one operator joins, from left to right.
func operands(n ast.Node, operator string, to []ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && same(b.Operator) == operator {
		return operands(b.Right, operator, operands(b.Left, operator, to))
	}
	return append(to, n)
}

// segment is the segment's own rule where n asks for one by name, else nil.
func (a *apart) segment(n *ast.CallNode) ast.Node {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || callee.Value != "in_segment" || len(n.Arguments) != 1 {
		return nil
	}
	name, ok := n.Arguments[0].(*ast.StringNode)
	if !ok || a.l.segments[name.Value] == nil {
		return nil
	}
	tree, err := parser.ParseWithConfig(a.l.segments[name.Value].rule.S, a.l.config)
	if err != nil {
		a.errs = append(a.errs, err)
		return nil
	}
	return tree.Node
}

// isIn says whether n, or the segment it asks for, is `x in list`.
func (a *apart) isIn(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.BinaryNode:
		return x.Operator == "in"
	case *ast.CallNode:
		if tree := a.segment(x); tree != nil {
			return a.isIn(tree)
		}
	}
	return false
}

func (a *apart) leaf(n ast.Node) *part {
	p := &part{text: n.String(), op: "leaf"}
	if u, ok := n.(*ast.UnaryNode); ok {
		if in, ok := u.Node.(*ast.BinaryNode); ok {
			p.text = in.Left.String() + " not in " + in.Right.String()
		}
	}
	for _, name := range a.names(n, nil) {
		p.facts = append(p.facts, a.reading(name))
	}
	p.lack = a.lack(n)
	p.program = a.compile(n, a.l.config.Expect)
	return p
}

// names are the texts of what a condition reads, each once: fields of the
// visit, and calls of the language's own functions.
func (a *apart) names(n ast.Node, to []string) []string {
	add := func(n ast.Node) []string {
		text := n.String()
		for _, have := range to {
			if have == text {
				return to
			}
		}
		return append(to, text)
	}
	switch x := n.(type) {
	case *ast.MemberNode:
		if root, ok := rootOf(x); ok && a.l.words.roots[root.Value] != nil {
			return add(x)
		}
	case *ast.CallNode:
		if callee, ok := x.Callee.(*ast.IdentifierNode); !ok || callee.Value != "known" {
			return add(x)
		}
		for _, arg := range x.Arguments {
			to = a.names(arg, to)
		}
		return to
	}
	for _, child := range children(n) {
		to = a.names(child, to)
	}
	return to
}

// rootOf is the name before the first dot.
func rootOf(n ast.Node) (*ast.IdentifierNode, bool) {
	for {
		switch x := n.(type) {
		case *ast.MemberNode:
			n = x.Node
		case *ast.IdentifierNode:
			return x, true
		default:
			return nil, false
		}
	}
}

func children(n ast.Node) []ast.Node {
	switch x := n.(type) {
	case *ast.MemberNode:
		return []ast.Node{x.Node, x.Property}
	case *ast.UnaryNode:
		return []ast.Node{x.Node}
	case *ast.BinaryNode:
		return []ast.Node{x.Left, x.Right}
	case *ast.ConditionalNode:
		return []ast.Node{x.Cond, x.Exp1, x.Exp2}
	case *ast.ArrayNode:
		return x.Nodes
	case *ast.PredicateNode:
		return []ast.Node{x.Node}
	case *ast.BuiltinNode:
		return x.Arguments
	}
	return nil
}

// reading compiles a part of a condition from its text: looking up names changes
// a tree, and the condition's own is still to be looked up.
func (a *apart) reading(text string) reading {
	tree, err := parser.ParseWithConfig(text, a.l.config)
	if err != nil {
		a.errs = append(a.errs, err)
		return reading{text: text}
	}
	return reading{text, a.compile(tree.Node, reflect.Invalid)}
}

// compile looks up names and settles unknown numbers, as for Match. What a
// sound rule holds gives no complaint.
func (a *apart) compile(n ast.Node, expect reflect.Kind) *vm.Program {
	fail := func(_ int, message, _ string) { a.errs = append(a.errs, errors.New(message)) }
	text := n.String()
	tree := &parser.Tree{Source: file.NewSource(text)}
	tree.Node = (&resolver{l: a.l, fail: fail, warn: func(int, string, string) {}}).resolve(n)
	config := *a.l.config
	config.Expect, config.ExpectAny = expect, expect == reflect.Invalid
	if _, err := checker.Check(tree, &config); err != nil {
		a.errs = append(a.errs, err)
		return nil
	}
	tree.Node = a.l.settle(tree.Node, fail)
	ast.Walk(&tree.Node, &placer{l: a.l}) // its counters have their places already
	if _, err := checker.Check(tree, &config); err != nil {
		a.errs = append(a.errs, err)
		return nil
	}
	program, err := compiler.Compile(tree, &config)
	if err != nil {
		a.errs = append(a.errs, err)
	}
	return program
}
