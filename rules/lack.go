package rules

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// lack is what a condition of the form `value operator constant` asks for; the
// zero lack says nothing.
type lack struct {
	of       reading
	operator string
	with     ast.Node
}

var turned = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

// lack reads a condition as parsed.
func (a *apart) lack(n ast.Node) lack {
	b, ok := n.(*ast.BinaryNode)
	if u, isNot := n.(*ast.UnaryNode); isNot {
		if b, ok = u.Node.(*ast.BinaryNode); ok && writtenOut(b.Right) {
			return lack{a.reading(b.Left.String()), "not in", b.Right}
		}
	}
	switch {
	case !ok:
		return lack{}
	case turned[b.Operator] != "" && writtenOut(b.Left) && !writtenOut(b.Right):
		return lack{a.reading(b.Right.String()), turned[b.Operator], b.Left}
	case (turned[b.Operator] != "" || b.Operator == "in") && writtenOut(b.Right) && !writtenOut(b.Left):
		return lack{a.reading(b.Left.String()), b.Operator, b.Right}
	}
	return lack{}
}

// writtenOut says whether n is written out: a number, a text, or a list or range of them.
func writtenOut(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
		return true
	case *ast.UnaryNode:
		return x.Operator == "-" && writtenOut(x.Node)
	case *ast.ArrayNode:
		for _, item := range x.Nodes {
			if !writtenOut(item) {
				return false
			}
		}
		return len(x.Nodes) > 0
	case *ast.BinaryNode:
		return x.Operator == ".."
	}
	return false
}

// say tells what is missing to a leaf that is false, "" where that cannot be said.
func (n lack) say(c *Clause, env any) string {
	if c.Unknown {
		for _, f := range c.Facts {
			if f.Value == unknown {
				return f.Name + " is not known"
			}
		}
	}
	if n.of.program == nil {
		return ""
	}
	have, err := run(n.of.program, env)
	if err != nil {
		return ""
	}
	is := n.of.text + " is " + show(have) + ", "
	if what := clock(n); what != "" {
		return is + what + " would match"
	}
	switch h := have.(type) {
	case int:
		return is + n.number(float64(h), true)
	case float64:
		return is + n.number(h, false)
	case string:
		return is + n.text() + " would match"
	}
	return ""
}

// number says how far a number is from what is asked. Of whole ones, "more
// than 5" is 6 and "less than 5" is 4.
func (n lack) number(have float64, whole bool) string {
	limit, ok := numberIn(n.with)
	if !ok {
		return n.text() + " would match"
	}
	next := math.Floor(limit) + 1
	switch n.operator {
	case ">=":
		if whole {
			limit = math.Ceil(limit)
		}
		return "needs " + amount(limit-have) + " more"
	case ">":
		if whole {
			return "needs " + amount(next-have) + " more"
		}
		return "more than " + amount(limit) + " would match"
	case "<=":
		return "at most " + amount(limit) + " would match"
	case "<":
		if whole {
			return "at most " + amount(math.Ceil(limit)-1) + " would match"
		}
		return "less than " + amount(limit) + " would match"
	}
	return n.text() + " would match"
}

// text names what would match, in words around the constant as it is written.
func (n lack) text() string {
	with := n.with.String()
	switch x := n.with.(type) {
	case *ast.ArrayNode:
		items := make([]string, len(x.Nodes))
		for i, item := range x.Nodes {
			items[i] = item.String()
		}
		with = strings.Join(items, " or ")
	case *ast.BinaryNode:
		with = x.Left.String() + " to " + x.Right.String()
	}
	switch n.operator {
	case "!=", "not in":
		return "anything but " + with
	case ">=":
		return "from " + with + " on"
	case ">":
		return "after " + with
	case "<=":
		return "up to " + with
	case "<":
		return "before " + with
	}
	return with
}

// clock says hours of the day as clocks do: from 21:00 on.
func clock(n lack) string {
	hour, ok := numberIn(n.with)
	if n.of.text != "now.hour" || !ok || hour != math.Trunc(hour) || hour < 0 || hour > 24 {
		return ""
	}
	at := func(h float64) string { return fmt.Sprintf("%02d:00", int(h)) }
	switch n.operator {
	case ">=":
		return "from " + at(hour) + " on"
	case ">":
		return "from " + at(hour+1) + " on"
	case "<":
		return "before " + at(hour)
	case "<=":
		return "before " + at(hour+1)
	case "==":
		return "from " + at(hour) + " to " + at(hour+1)
	}
	return ""
}

func numberIn(n ast.Node) (float64, bool) {
	switch x := n.(type) {
	case *ast.IntegerNode:
		return float64(x.Value), true
	case *ast.FloatNode:
		return x.Value, true
	case *ast.UnaryNode:
		v, ok := numberIn(x.Node)
		return -v, ok
	}
	return 0, false
}

// unknown is how a number that nobody told us is shown.
const unknown = "unknown"

// show writes a value as facts do.
func show(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case float64:
		if math.IsNaN(v) {
			return unknown
		}
		return amount(v)
	}
	return fmt.Sprint(v)
}

// amount is a number without an exponent, to six places at most: what 0.1 and
// 0.2 are short of 0.3 is nobody's concern.
func amount(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
}
