package rules

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// clause is one of the conditions that a rule joins with && at the top, as its
// author wrote it, and the alternatives that || joins in it.
type clause struct {
	at     int    // its first character in the rule
	text   string // as written, in one line
	of     []alternative
	truths regions // where it is true, at least
	lies   regions // where it is false, at least
	total  bool    // it cannot fail
}

// alternative is a part of a rule that is true or false by itself.
type alternative struct {
	at   int
	text string
	tree ast.Node
}

// clauses reads a rule once more, since checking has split it and put segments
// in place: here each part must be known as its author sees it.
func (x *linter) clauses(t ruleText, path string) []clause {
	parsed, err := parser.ParseWithConfig(t.S, x.lang.config)
	if err != nil {
		panic("rules: a sound rule no longer parses: " + err.Error())
	}
	x.counted(t, path, parsed.Node)
	nobody := func(int, string, string) {} // Load has told
	resolve := &resolver{l: x.lang, fail: nobody, warn: nobody}
	var out []clause
	for _, written := range conjuncts(parsed.Node, nil) {
		c := clause{at: first(written), text: oneLine(written), total: true}
		for _, n := range disjuncts(written, nil) {
			a := alternative{at: first(n), text: oneLine(n)}
			a.tree = resolve.resolve(n)
			if err := x.lang.check(parsed.Source, a.tree); err != nil {
				panic("rules: a sound condition no longer checks: " + err.Error())
			}
			a.tree = x.lang.settle(a.tree, nobody)
			c.of = append(c.of, a)
			c.total = c.total && total(a.tree)
			c.truths = c.truths.or(x.space.regions(a.tree, true))
			lies := x.space.regions(a.tree, false)
			if len(c.of) > 1 {
				lies = c.lies.and(lies)
			}
			c.lies = lies
		}
		out = append(out, c)
	}
	return out
}

// disjuncts appends the parts of n that `||` joins at the top.
func disjuncts(n ast.Node, to []ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && same(b.Operator) == "||" {
		return disjuncts(b.Right, disjuncts(b.Left, to))
	}
	return append(to, n)
}

func oneLine(n ast.Node) string { return strings.Join(strings.Fields(n.String()), " ") }

// rule says where a rule contradicts itself and what in it says nothing, and
// returns where it may be true.
func (x *linter) rule(t ruleText, path string, clauses []clause) regions {
	truth := everywhere
	for i, c := range clauses {
		if len(c.truths) == 0 {
			x.report.warn(t.At.within(c.at), path, "never_true", short(c.text)+" can never be true", neverHint(c.text))
			return nil
		}
		for _, a := range c.of {
			if len(x.space.regions(a.tree, true)) == 0 {
				x.report.warn(t.At.within(a.at), path, "never_true", short(a.text)+" can never be true: only what || joins to it can be", "remove it, or mend it")
			}
		}
		if len(c.lies) == 0 && c.total && !(len(clauses) == 1 && c.text == "true") {
			x.report.warn(t.At.within(c.at), path, "always_true", short(c.text)+" is always true", "remove it, or mend what it compares with")
		}
		both := truth.and(c.truths)
		if len(both) == 0 {
			other, hint := "what is before it", neverHint(c.text)
			for _, b := range clauses[:i] {
				if len(b.truths.and(c.truths)) == 0 {
					other, hint = short(b.text), neverHint(c.text, b.text)
				}
			}
			x.report.warn(t.At.within(c.at), path, "never_true", fmt.Sprintf("the rule can never be true: %s contradicts %s", short(c.text), other), hint)
			return nil
		}
		truth = both
	}
	return truth
}

func short(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:60]) + "…"
	}
	return "`" + text + "`"
}

func neverHint(texts ...string) string {
	if texts[0] == "false" {
		return "to switch a campaign off, set status: paused"
	}
	hours := 0
	for _, t := range texts {
		hours += strings.Count(t, "now.hour")
	}
	if hours > 1 {
		return "hours over midnight are joined with ||: now.hour >= 20 || now.hour < 2"
	}
	return "no visit meets it: mend it, or join what may hold by itself with ||"
}

// segments looks at segments as at rules.
func (x *linter) segments() {
	for _, name := range sortedKeys(x.lang.segments) {
		s := x.lang.segments[name]
		path := join("segments", name)
		x.rule(s.rule, path, x.clauses(s.rule, path))
	}
}
