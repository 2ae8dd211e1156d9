package rules

import "fmt"

// Seen tells what happened in the last 30 days. It is asked for each name once.
type Seen interface {
	// Event says whether an event of that name came.
	Event(name string) (bool, error)
	// Field says whether an event of that name came with that property.
	Field(event, field string) (bool, error)
}

// seen looks for goals that nobody can reach because nothing sends them.
func (x *linter) seen(e *examined) {
	if x.Seen == nil || x.err != nil {
		return
	}
	if f := e.written; f.Goal == nil && f.Goals == nil {
		x.event(e, e.id, "goal", "purchase")
		return
	}
	if g := e.written.Goal; g != nil {
		x.goal(e, *g, "goal")
	}
	for i, g := range e.written.Goals {
		x.goal(e, g, fmt.Sprintf("goals[%d]", i))
	}
}

func (x *linter) goal(e *examined, g goalFile, path string) {
	if x.event(e, g.Event.At, join(path, "event"), g.Event.S) && g.Value.At != nil {
		x.field(e, g.Value.At, join(path, "value"), g.Event.S, g.Value.S)
	}
}

func (x *linter) event(e *examined, at *node, path, name string) bool {
	ok := x.saw(name, "")
	if !ok && x.err == nil {
		e.r.warn(at, path, "never_seen", fmt.Sprintf("no event %q came in the last 30 days", name), "check its spelling, and that the shop sends it")
	}
	return ok
}

func (x *linter) field(e *examined, at *node, path, event, name string) {
	if !x.saw(event, name) && x.err == nil {
		e.r.warn(at, path, "never_seen", fmt.Sprintf("no event %q of the last 30 days had a field %q", event, name), "check its spelling, and that the shop sends it")
	}
}

// saw asks for an event, or for a field of one, unless it has been asked before.
func (x *linter) saw(event, field string) bool {
	name := [2]string{event, field}
	ok, asked := x.answers[name]
	if asked || x.err != nil {
		return ok
	}
	var err error
	if field == "" {
		ok, err = x.Seen.Event(event)
	} else {
		ok, err = x.Seen.Field(event, field)
	}
	if err != nil {
		x.err = fmt.Errorf("what was seen of %s: %w", event, err)
		return false
	}
	x.answers[name] = ok
	return ok
}
