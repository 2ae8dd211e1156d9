package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// checked is a campaign whose own file is in order, waiting for its rule to be
// compiled and for the campaigns around it.
type checked struct {
	*Campaign
	id    *node
	salt  *node
	parts []condition
	waits []awaited // one for each of On
	r     *reader

	written *campaignFile // for Lint
}

// compile makes what runs of a checked campaign's conditions.
func (c *checked) compile(l *language) (err error) {
	if c.when, err = l.compileAll(c.parts, c.Zone); err != nil {
		return err
	}
	for i, w := range c.waits {
		if w.derived != nil {
			if c.On[i].where, err = l.filter(w.derived); err != nil {
				return err
			}
		}
		if len(c.On) > 1 && (w.derived != nil || len(w.parts) > 0) {
			if err := w.besides(l, &c.On[i], c.Zone); err != nil {
				return err
			}
			continue
		}
		own, err := l.compileAll(w.parts, c.Zone)
		if err != nil {
			return err
		}
		c.On[i].where = append(slices.Clip(c.On[i].where), own...)
	}
	return nil
}

// campaign checks one document and turns what is written into what runs.
func (r *reader) campaign(f *campaignFile, site Site, l *language) *checked {
	c := &Campaign{
		ID: f.ID.S, Name: f.Name.S, Status: cmp.Or(Status(f.Status.S), Draft),
		When: f.When.S, Slot: f.Slot.S, Priority: f.Priority.N, Salt: f.ID.S, Traffic: 10_000,
		File: r.src.name, Line: f.At.line,
	}
	out := &checked{Campaign: c, id: f.ID.At, salt: f.Salt.At, r: r, written: f}
	const idHint = "1 to 64 of a-z, 0-9, _ and -"
	r.wellFormed(f.ID, "id", idForm, idHint)
	if f.Name.S == "" {
		c.Name = c.ID
	} else if n := len([]rune(c.Name)); n > 200 {
		r.fail(f.Name.At, "name", "value", "the name has %d characters; 200 are allowed", n)
	}
	r.oneOf(f.Status, "status", statuses...)
	if f.Salt.At != nil {
		r.wellFormed(f.Salt, "salt", idForm, idHint)
		c.Salt = f.Salt.S
	}
	if f.Slot.At != nil && (f.Slot.S == "" || len(f.Slot.S) > 200) {
		r.failWith(f.Slot.At, "slot", "value", "a slot's name has 1 to 200 characters", "leave the key out to compete with nobody")
	}
	if f.Traffic.At != nil {
		c.Traffic = f.Traffic.N
	}
	c.Schedule, c.Zone = r.schedule(f.Schedule, "schedule", site.Timezone)
	c.pages = r.pages(f.Pages, "pages")
	if r.wellFormed(f.Layer, "layer", idForm, idHint) {
		c.Layer = f.Layer.S
	}
	c.On, out.waits = r.triggers(f.On, l)
	for _, t := range c.On {
		c.Triggers = append(c.Triggers, t.String())
	}
	c.Frequency, c.Stop = r.limits(f.Frequency, "frequency")
	c.Goals = r.goals(f, l)
	c.Variants = r.variants(f, site, l.pools)
	c.Pools = poolsOf(c.Variants)
	r.sending(c, f)
	r.placed(c, f)
	c.Bandit, c.Guardrails = r.allocation(f), r.guardrails(f)
	c.Content = contentHash(c.Variants, c.Bandit, l.meant(c.Goals))
	if f.When.At != nil {
		out.parts = l.conditions(r, f.When, "when")
	}
	if c.On[0].Kind != "page_view" && slices.ContainsFunc(out.parts, func(p condition) bool { return look(p.tree).event }) {
		r.warn(f.When.At, "when", "early_event", "event is the page view when this is first asked: the campaign may never come to wait for its trigger",
			"ask it of the trigger: on: {event: add_to_cart, where: 'event.value > 5000'}")
	}
	return out
}

// limits checks caps written under key, and the stop among them.
func (r *reader) limits(list []limitFile, key string) (limits []Limit, stop Stop) {
	stopped := false
	for i, f := range list {
		path := key
		if len(list) > 1 {
			path = fmt.Sprintf("%s[%d]", key, i)
		}
		switch {
		case f.At == nil:
		case f.After != nil && (f.Max.At != nil || f.Per.At != nil):
			r.failWith(f.At, path, "value", `"after" and "max" do not go together`, "make them two items of a list")
		case f.After != nil && stopped:
			r.fail(f.At, path, "duplicate", `"after" is given twice`)
		case f.After != nil:
			stopped = true
			path = join(path, "after")
			stop = Stop{
				Closes:      r.atLeastOne(f.After.Closes, join(path, "closes")),
				Clicks:      r.atLeastOne(f.After.Clicks, join(path, "clicks")),
				Conversions: r.atLeastOne(f.After.Conversions, join(path, "conversions")),
			}
			if f.After.At != nil && len(f.After.At.pairs) == 0 {
				r.failWith(f.After.At, path, "missing", "after what?", "write {after: {closes: 2}}, also clicks and conversions")
			}
		case f.Max.At == nil:
			if !f.At.has("max") {
				r.failWith(f.At, path, "missing", `"max" is missing`, "write {max: 1, per: session}, or {max: 1} for once ever")
			}
		default:
			limits = append(limits, Limit{Max: r.atLeastOne(f.Max, join(path, "max")), Per: r.window(f.Per, join(path, "per"))})
		}
	}
	return limits, stop
}

func (r *reader) atLeastOne(n integer, path string) int {
	if n.At != nil && n.N < 1 {
		r.fail(n.At, path, "value", "%d is less than 1", n.N)
	}
	return n.N
}

func (r *reader) window(t text, path string) Window {
	switch {
	case t.At == nil || t.S == "lifetime":
		return Window{Kind: "lifetime"}
	case t.S == "session" || t.S == "day":
		return Window{Kind: t.S}
	}
	d, err := ParseDuration(t.S)
	if err != nil {
		r.failWith(t.At, path, "value", quote(t.S)+" is not a period"+didYouMean(t.S, periods), "session, day, lifetime, or a length of time such as 7d")
	}
	return Window{Kind: "rolling", Length: d}
}

func (r *reader) goals(f *campaignFile, l *language) []Goal {
	if f.Goal != nil && f.Goal.At != nil && f.At.has("goals") {
		r.failWith(f.Goal.At, "goal", "value", `"goal" and "goals" are both given`, "keep goals; the first is the main one")
	}
	files, many := f.Goals, true
	if f.Goal != nil {
		files, many = []goalFile{*f.Goal}, false
	}
	var goals []Goal
	for i, g := range files {
		path := "goal"
		if many {
			path = fmt.Sprintf("goals[%d]", i)
		}
		goal := Goal{Name: g.Event.S, Event: g.Event.S, Window: 72 * time.Hour, Value: "value"}
		named := r.wellFormed(g.Event, join(path, "event"), eventForm, "an event's name has lower case letters, digits and _, a letter first")
		if d := l.derived[g.Event.S]; d != nil {
			goal.Of = d.event
		}
		if g.Where.At != nil && named {
			goal.Name += " where " + strings.Join(strings.Fields(g.Where.S), " ")
			goal.Event, goal.Of = l.some(r, g.Event.S, g.Where, join(path, "where")), cmp.Or(goal.Of, g.Event.S)
			if len(l.unnamed[goal.Event].parts) == 0 {
				continue // it was reported
			}
		}
		if g.Window.At != nil {
			goal.Window = g.Window.D
		}
		if r.wellFormed(g.Value, join(path, "value"), eventForm, "the name of a property of the event, such as value") {
			goal.Value = g.Value.S
		}
		if g.At != nil && slices.ContainsFunc(goals, goal.counts) {
			r.fail(g.At, path, "duplicate", "this goal is given twice")
		}
		goals = append(goals, goal)
	}
	if len(goals) == 0 {
		goals = []Goal{{Name: "purchase", Event: "purchase", Window: 72 * time.Hour, Value: "value"}}
	}
	return goals
}

// counts says whether two goals count the same.
func (g Goal) counts(other Goal) bool {
	g.Name = other.Name
	return g == other
}
