package engine

import (
	"strconv"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// here are the events that lists of triggers wait for, as the fold looks at them.
func here(set *rules.Set) []profile.Here {
	out := make([]profile.Here, len(set.Here))
	for i := range set.Here {
		k := &set.Here[i]
		out[i] = profile.Here{Key: k.Key, Event: k.Event, Where: func(e *ingest.Event) bool {
			m := set.Matcher()
			defer set.Release(m)
			return set.Is(m, k, event(e))
		}}
	}
	return out
}

// beside says whether all the other triggers of a list have come when its i-th
// does. Those of a browser the client knows; of events that it knows by name
// only, the profile tells what they held.
func (g *gates) beside(c *rules.Campaign, i int) bool {
	for j := range c.On {
		if j != i && !g.came(&c.On[j]) {
			return false
		}
	}
	return true
}

func (g *gates) came(t *rules.Trigger) bool {
	if t.Key != "" && g.p.Happened(t.Key, g.r.Context.Page) == 0 {
		return false
	}
	yes, err := g.live.Set.Beside(g.m, t, g.env, g.now)
	if err != nil {
		g.failed = err
	}
	return yes
}

// Awaits takes the triggers of c apart that ask something of their event: what
// each says of this request, as far as it is one. Of a list it says what has
// been on the request's page.
func (l *Live) Awaits(c *rules.Campaign, p *profile.Profile, r Request, now time.Time) []rules.Clause {
	m := l.Set.Matcher()
	defer l.Set.Release(m)
	g := gates{live: l, p: p, r: r, now: now, env: environment(l.Set, p, r, now), m: m}
	var out []rules.Clause
	for i := range c.On {
		t := &c.On[i]
		seen, beside := l.Set.Conditions(t)
		if len(seen)+len(beside) == 0 {
			continue
		}
		clause := rules.Clause{Text: g.named(t), Op: "leaf"}
		switch {
		case r.Trigger != "" && t.Met(r.Trigger) && g.where(t):
			clause.Value = true
		case len(c.On) > 1:
			clause.Value = g.came(t)
			clause.Facts = g.been(t, beside)
		}
		if g.failed != nil {
			clause.Failed = g.failed.Error()
			g.failed = nil
		}
		out = append(out, clause)
	}
	return out
}

// been is what the page has seen of a list's event, and the conditions that
// read something else.
func (g *gates) been(t *rules.Trigger, beside []string) (facts []rules.Fact) {
	if t.Key != "" {
		at, when := g.p.Happened(t.Key, g.r.Context.Page), "none"
		if at != 0 {
			when = "at " + time.UnixMilli(at).In(g.live.Set.Site.Timezone).Format(time.DateTime)
		}
		facts = append(facts, rules.Fact{Name: "the latest on this page", Value: when})
	}
	if len(beside) > 0 {
		yes, _ := g.live.Set.Beside(g.m, t, g.env, g.now) // came tells of a failure
		facts = append(facts, rules.Fact{Name: strings.Join(beside, " && "), Value: strconv.FormatBool(yes)})
	}
	return facts
}

// named is an event trigger as people read it.
func (g *gates) named(t *rules.Trigger) string {
	seen, beside := g.live.Set.Conditions(t)
	if len(seen)+len(beside) == 0 {
		return t.String()
	}
	return t.String() + " where " + strings.Join(append(seen, beside...), " && ")
}
