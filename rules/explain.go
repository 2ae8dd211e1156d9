package rules

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Clause is a part of a rule and what it was for one visit: a condition, or
// several joined.
type Clause struct {
	Text    string   `json:"text"`              // as people read it; "all of", "one of", "not", or in_segment("vip") over its own parts
	Op      string   `json:"op"`                // and | or | not | leaf
	Value   bool     `json:"value"`             // a leaf's is its own, also where the rule was settled before it came to it
	Unknown bool     `json:"unknown,omitempty"` // false because a number is not known
	Failed  string   `json:"failed,omitempty"`  // why a condition has no answer; a rule that meets it does not match
	Facts   []Fact   `json:"facts,omitempty"`   // of a leaf: each name it reads and what it was
	Need    string   `json:"need,omitempty"`    // of a false leaf, what would make it true where that can be said
	Of      []Clause `json:"of,omitempty"`
}

// Fact is one name that a condition reads: {"visitor.visits", "2"}. Texts are
// in quotes, a number that is not known is "unknown".
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Explain takes c's rule apart for one visit. The root's value is what Match
// says of the rule (not of the pages, the schedule or the status, which stand
// before it); env.Now is filled in by c's time zone. A campaign without a rule
// is one "and" of nothing, which is true. Safe for concurrent use; a campaign's
// rule is compiled for it when it is first asked for.
func (s *Set) Explain(c *Campaign, env Env, now time.Time) (Clause, error) {
	root, err := s.explain.tree(c)
	if err != nil {
		return Clause{}, fmt.Errorf("rule of campaign %s cannot be taken apart: %w", c.ID, err)
	}
	env.Now = NowIn(now, c.Zone)
	env.Counters = new(counted).over(s.Counters, env.Counters)
	return root.ask(env), nil
}

// Leaves are the clause's conditions from left to right, segments' included.
func (c Clause) Leaves() []Clause {
	if c.Op == "leaf" {
		return []Clause{c}
	}
	var all []Clause
	for _, part := range c.Of {
		all = append(all, part.Leaves()...)
	}
	return all
}

// Segment says whether the clause is a segment by name, over its own parts.
func (c Clause) Segment() bool {
	return c.Op != "leaf" && strings.HasPrefix(c.Text, "in_segment(")
}

// Lines are the clause as a terminal shows it: a line a part, ✓ or ✗ before
// it, two spaces in for each level.
func (c Clause) Lines() []string {
	mark := "✗ "
	if c.Value {
		mark = "✓ "
	}
	lines := []string{mark + c.Text + c.remark()}
	for _, part := range c.Of {
		for _, line := range part.Lines() {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}

// remark is what there is to say behind a part's text.
func (c Clause) remark() string {
	switch {
	case c.Failed != "":
		return " – failed: " + c.Failed
	case c.Need != "":
		return " – " + c.Need
	case c.Segment() && c.Op == "or":
		return ": " + textOne
	case c.Segment() && len(c.Of) > 1:
		return ": " + textAll
	case len(c.Facts) == 0:
		return ""
	}
	text := " – "
	for i, f := range c.Facts {
		if i > 0 {
			text += ", "
		}
		text += f.Name + " is " + f.Value
	}
	return text
}

const (
	textAll = "all of"
	textOne = "one of"
)

// explainer keeps the rules that were taken apart, by campaign.
type explainer struct {
	mu    sync.Mutex // of lang and trees
	lang  *language
	trees map[*Campaign]*part
}

func (x *explainer) tree(c *Campaign) (*part, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if root := x.trees[c]; root != nil {
		return root, nil
	}
	root, err := x.lang.takeApart(c.When)
	if err != nil {
		return nil, err
	}
	root.mark()
	x.trees[c] = root
	return root, nil
}

// part is a Clause before anybody visits.
type part struct {
	text, op string
	of       []*part
	top      bool // a conjunct of the rule, or several: see ask

	// Of a leaf: its program, and those of the values it reads.
	program *vm.Program
	facts   []reading
	lack    lack
}

// mark marks the conjuncts of a rule, from its root.
func (p *part) mark() {
	if p.top = p.op == "and"; p.top {
		for _, of := range p.of {
			of.mark()
		}
	}
}

// reading is an expression within a condition, by its text.
type reading struct {
	text    string
	program *vm.Program
}

// ask gives the part's answer for a visit. Every leaf is asked; joining them
// goes from left to right and ends where expr would end, so that a condition
// that fails counts only if the rule comes to it. Among the conjuncts of the
// rule one that is false wins over one that fails, as in Match.
func (p *part) ask(env any) Clause {
	c := Clause{Text: p.text, Op: p.op, Value: p.op == "and"}
	if p.op == "leaf" {
		p.answer(&c, env)
		return c
	}
	settled := false
	for _, one := range p.of {
		of := one.ask(env)
		c.Of = append(c.Of, of)
		if settled {
			continue
		}
		switch {
		case of.Failed != "":
			if c.Failed == "" {
				c.Failed = of.Failed
			}
			c.Value, settled = false, !p.top
		case p.op == "not":
			c.Value = !of.Value
		case of.Value == (p.op == "or"):
			c.Value, c.Failed, settled = of.Value, "", true
		}
	}
	return c
}

func (p *part) answer(c *Clause, env any) {
	for _, f := range p.facts {
		result, err := run(f.program, env)
		text := show(result)
		if err != nil {
			text = "an error: " + err.Error()
		}
		c.Unknown = c.Unknown || text == unknown
		c.Facts = append(c.Facts, Fact{Name: f.text, Value: text})
	}
	result, err := run(p.program, env)
	if err != nil {
		c.Failed = err.Error()
	}
	c.Value, _ = result.(bool)
	c.Unknown = c.Unknown && !c.Value && c.Failed == ""
	if !c.Value && c.Failed == "" {
		c.Need = p.lack.say(c, env)
	}
}

// run evaluates a program; the error is its message alone, without the caret
// that expr draws under another text.
func run(program *vm.Program, env any) (any, error) {
	var machine vm.VM
	result, err := machine.Run(program, env)
	var located *file.Error
	if errors.As(err, &located) {
		return nil, errors.New(located.Message)
	}
	return result, err
}
