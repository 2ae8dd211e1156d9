package rules

import (
	"reflect"
	"regexp/syntax"
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// What a rule may cost is known before anybody visits: rules have no loops but
// over lists, and every list has a length that can be told. A step is about
// what it takes to look at one name: 50 ns.
const (
	// maxSteps is of one rule, segments included, on a page whose texts are all as
	// long as they may be: 50 ms. An ordinary page has a hundredth of that text.
	maxSteps = 1_000_000

	maxText    = 4096 // bytes of the longest text that a visit has: a page's address
	maxPattern = 1000 // signs of a pattern, and parts once its repetitions are written out
)

// effort bounds what a part of a rule costs, and what comes out of it.
type effort struct {
	steps int // to get it
	items int // of a list
	bytes int // of a text; of a list, of all its texts together
}

// work is the effort of a checked condition; of is the list whose items # stands for.
func work(n ast.Node, of effort) effort {
	switch n := n.(type) {
	case *ast.StringNode:
		return effort{steps: 1, bytes: len(n.Value)}
	case *ast.PointerNode:
		return effort{steps: 1, bytes: of.bytes/max(1, of.items) + 1} // on the average over the list
	case *ast.MemberNode:
		if list := work(n.Node, of); isList(n.Node) {
			return effort{steps: list.steps + 1, bytes: list.bytes}
		}
		return effort{steps: 1, bytes: maxText}
	case *ast.UnaryNode:
		return effort{steps: 1 + work(n.Node, of).steps}
	case *ast.BinaryNode:
		return workOfTwo(n, work(n.Left, of), work(n.Right, of))
	case *ast.ConditionalNode:
		return together([]ast.Node{n.Cond, n.Exp1, n.Exp2}, of)
	case *ast.ArrayNode:
		e := together(n.Nodes, of)
		e.items = max(e.items, len(n.Nodes))
		return e
	case *ast.PredicateNode:
		return work(n.Node, of)
	case *ast.BuiltinNode:
		return workOfBuiltin(n, of)
	case *ast.CallNode:
		name, _ := n.Callee.(*ast.IdentifierNode)
		return effort{steps: capped(together(n.Arguments, of).steps + workOfCall[valueOf(name)]), bytes: maxText}
	}
	return effort{steps: 1}
}

// workOfCall is what the functions cost that do not only read a value.
var workOfCall = map[string]int{"page.query": maxText, "cart.has": maxText / 16}

func isList(n ast.Node) bool { return n.Type() != nil && n.Type().Kind() == reflect.Slice }

// together is the effort of several parts, one after the other.
func together(nodes []ast.Node, of effort) effort {
	e := effort{steps: 1}
	for _, n := range nodes {
		part := work(n, of)
		e.steps = capped(e.steps + part.steps)
		e.bytes = capped(e.bytes + part.bytes)
		e.items = max(e.items, part.items)
	}
	return e
}

func workOfTwo(n *ast.BinaryNode, a, b effort) effort {
	e := effort{steps: capped(a.steps + b.steps + 1)}
	texts := a.bytes + b.bytes
	switch n.Operator {
	case "matches":
		if p, ok := n.Right.(*ast.StringNode); ok {
			e.steps += a.bytes * patternSize(p.Value) / 4
		}
	case "..":
		from, _ := n.Left.(*ast.IntegerNode)
		to, _ := n.Right.(*ast.IntegerNode)
		if from != nil && to != nil {
			e.items = capped(to.Value - from.Value + 1)
		}
		e.steps += e.items
	case "in":
		if r, ok := n.Right.(*ast.BinaryNode); ok && r.Operator == ".." && isNumber(n.Left) {
			return effort{steps: a.steps + 3} // two comparisons, whatever stands between
		}
		e.steps += b.items + texts/64
	case "+":
		e.bytes = capped(texts)
		e.steps += texts / 64
	default:
		e.steps += texts / 64
	}
	e.steps = capped(e.steps)
	return e
}

func workOfBuiltin(n *ast.BuiltinNode, of effort) effort {
	if len(n.Arguments) == 0 {
		return effort{steps: 1}
	}
	switch n.Name {
	case "any", "all", "none", "one":
		list := work(n.Arguments[0], of)
		each := work(n.Arguments[len(n.Arguments)-1], list).steps
		return effort{steps: capped(list.steps + capped(list.items)*each)}
	}
	e := together(n.Arguments, of)
	e.steps = capped(e.steps + e.bytes/16)
	if n.Name == "split" {
		e.items = e.bytes + 1
		e.steps = capped(e.steps + e.items/4)
	}
	return e
}

// capped keeps sums and products of efforts within an int: more than a rule may
// have is all alike.
func capped(n int) int { return min(max(n, 0), 1<<30) }

// patternSize is how many parts a pattern has once its repetitions are written
// out; a text is matched in as many steps a byte.
func patternSize(pattern string) int {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0 // told by whoever compiles it
	}
	return sizeOf(tree)
}

func sizeOf(r *syntax.Regexp) int {
	n := 1 + len(r.Rune)
	if r.Op == syntax.OpCharClass {
		n = 1
	}
	for _, sub := range r.Sub {
		n += sizeOf(sub)
	}
	if r.Op == syntax.OpRepeat {
		n *= max(r.Min, r.Max, 1)
	}
	return capped(n)
}

// tooLong says why a pattern may not be used, or "".
func tooLong(pattern string) string {
	switch {
	case len(pattern) > maxPattern:
		return "the pattern has " + strconv.Itoa(len(pattern)) + " bytes; " + strconv.Itoa(maxPattern) + " are allowed"
	case patternSize(pattern) > maxPattern:
		return "the pattern has more than " + strconv.Itoa(maxPattern) + " parts once its repetitions are written out"
	}
	return ""
}
