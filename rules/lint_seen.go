package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// Seen tells what happened in the last 30 days, and what was offered. It is
// asked for each name once.
type Seen interface {
	// Event says whether an event of that name came.
	Event(name string) (bool, error)
	// Field says whether an event of that name came with that field, which may
	// be one of its items.
	Field(event, field string) (bool, error)
	// Offered counts the visitors who were offered a variant: ever, and in the
	// last 7 days.
	Offered(campaign, variant string) (ever, week int, err error)
}

// seen looks for goals that nobody can reach, and triggers that never come,
// because nothing sends their events.
func (x *linter) seen(e *examined) {
	f := e.written
	for i, on := range f.On {
		path := "on"
		if len(f.On) > 1 {
			path = fmt.Sprintf("on[%d]", i)
		}
		if at := on.Args.Event.At; at != nil {
			x.saw(at, join(path, "event"), on.Args.Event.S, "")
		}
		if a := on.Args.Absent; a != nil {
			x.saw(a.Event.At, join(path, "absent.event"), a.Event.S, "")
			x.saw(a.After.At, join(path, "absent.after"), a.After.S, "")
		}
	}
	if f.Goal == nil && f.Goals == nil {
		x.saw(e.id, "goal", "purchase", "")
	}
	if f.Goal != nil {
		x.goal(*f.Goal, "goal")
	}
	for i, g := range f.Goals {
		x.goal(g, fmt.Sprintf("goals[%d]", i))
	}
}

func (x *linter) goal(g goalFile, path string) {
	if x.saw(g.Event.At, join(path, "event"), g.Event.S, "") && g.Value.At != nil {
		x.saw(g.Value.At, join(path, "value"), g.Event.S, g.Value.S)
	}
}

// mentions finds the events and fields that a rule counts.
type mentions struct{ found []*ast.StringNode }

func (m *mentions) Visit(n *ast.Node) {
	call, ok := (*n).(*ast.CallNode)
	if !ok || len(call.Arguments) == 0 {
		return
	}
	id, _ := call.Callee.(*ast.IdentifierNode)
	if f := functions[valueOf(id)]; f.kind != "" {
		if name, ok := call.Arguments[0].(*ast.StringNode); ok {
			m.found = append(m.found, name)
		}
	}
}

func (x *linter) counted(t ruleText, path string, n ast.Node) {
	m := mentions{}
	ast.Walk(&n, &m)
	for _, name := range m.found {
		at := t.At.within(name.Location().From)
		event, field, _ := strings.Cut(name.Value, ".")
		if x.saw(at, path, event, "") && field != "" {
			x.saw(at, path, event, field)
		}
	}
}

// saw complains at a place when an event, or one with that field, did not come;
// false when it did not, or nobody knows. The server's own events are not asked for.
func (x *linter) saw(at *node, path, event, field string) bool {
	if strings.HasPrefix(event, "omo_") || x.err != nil {
		return false
	}
	if x.Seen == nil {
		if field == "" {
			x.almost(at, path, event)
		}
		return false
	}
	some := ""
	if d := x.lang.derived[event]; d != nil {
		some, event = fmt.Sprintf(", which %q is some of", event), d.event
	}
	ok := x.ask(event, field)
	switch {
	case ok || x.err != nil:
	case field == "":
		x.report.warn(at, path, "never_seen", fmt.Sprintf("no event %q came in the last 30 days%s%s", event, some, meant(event)), "check its spelling, and that the shop sends it")
	default:
		x.report.warn(at, path, "never_seen", fmt.Sprintf("no event %q of the last 30 days had a field %q%s", event, field, some), "check its spelling, and that the shop sends it")
	}
	return ok && x.err == nil
}

func meant(event string) string {
	if slices.Contains(canonicalEvents, event) {
		return ""
	}
	return didYouMean(event, canonicalEvents)
}

// almost complains of a name of the shop's own that is a slip of the finger away
// from one that everybody knows. Where a warehouse tells, it is not needed.
func (x *linter) almost(at *node, path, event string) {
	if x.lang.derived[event] != nil || slices.Contains(canonicalEvents, event) {
		return
	}
	for _, known := range slices.Concat(canonicalEvents, sortedKeys(x.lang.derived)) {
		if len(known) >= 5 && editDistance(event, known) <= 2 {
			x.report.warn(at, path, "near_event", fmt.Sprintf("%q is almost %q", event, known), "mend it, or say in a comment that the shop sends such an event")
			return
		}
	}
}

func (x *linter) ask(event, field string) bool {
	name := [2]string{event, field}
	if ok, asked := x.answers[name]; asked {
		return ok
	}
	var ok bool
	var err error
	if field == "" {
		ok, err = x.Seen.Event(event)
	} else {
		ok, err = x.Seen.Field(event, field)
	}
	if err != nil {
		x.err = fmt.Errorf("what was seen of %s: %w", event, err)
	}
	x.answers[name] = ok
	return ok
}
