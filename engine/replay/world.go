package replay

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// World is one person's history as it would have been under another rule set.
type World struct {
	set    *rules.Set
	base   *place                  // in no circumstances
	places map[*engine.Live]*place // the set that was live → this one in its place
	told   telling
	lives  map[string]*life // by visitor
	*life                   // of whom a record is played
}

// life is one browser's; its profile is another's too once they have merged.
type life struct {
	profile *profile.Profile
	dropped map[offer]bool  // recorded offers that are not made here
	latest  map[string]bool // campaign → whether its latest recorded offer was dropped
	waiting []*waiting
}

func newLife(p *profile.Profile) *life {
	return &life{profile: p, dropped: map[offer]bool{}, latest: map[string]bool{}}
}

// telling is who hears what happens in a world.
type telling interface {
	exposed(c *rules.Campaign, campaign, variant string, at int64, assumed bool)
	decided(m *Moment, made []ingest.Outcome)
	unknown(campaign string)
}

// place is a world's rule set where another one was live.
type place struct {
	*engine.Live
	terms profile.Terms
}

type offer struct{ decision, campaign string }

func newWorld(set *rules.Set, told telling) *World {
	return &World{set: set, told: told, places: map[*engine.Live]*place{}}
}

// begin branches the world off a person's browsers as they were then.
func (w *World) begin(browsers map[string]*browser) error {
	w.lives, w.life = map[string]*life{}, nil
	own := map[*profile.Profile]*profile.Profile{}
	for visitor, b := range browsers {
		if own[b.profile] == nil {
			raw, err := json.Marshal(b.profile)
			if err != nil {
				return err
			}
			p := &profile.Profile{}
			if err := json.Unmarshal(raw, p); err != nil {
				return err
			}
			own[b.profile] = p
		}
		w.lives[visitor] = newLife(own[b.profile])
	}
	return nil
}

// turn looks at one of the browsers.
func (w *World) turn(visitor string) {
	if w.life != nil && w.profile.Visitor == visitor {
		return
	}
	l := w.lives[visitor]
	if l == nil {
		l = newLife(profile.New(strings.Clone(visitor)))
		w.lives[l.profile.Visitor] = l
	}
	w.life = l
	l.profile.Turn(visitor)
}

// merge makes one profile of two, as the player does.
func (w *World) merge(e *ingest.Event, live *place) error {
	m, err := ingest.ReadMerge(e)
	if err != nil {
		return err
	}
	w.turn(m.Visitor)
	came := w.life
	w.turn(m.Home)
	if came.profile != w.profile {
		profile.Merge(w.profile, came.profile, live.terms)
		came.profile = w.profile
	}
	w.turn(e.Visitor)
	return nil
}

// end settles what was still waited for.
func (w *World) end() {
	for _, visitor := range slices.Sorted(maps.Keys(w.lives)) {
		for w.turn(visitor); len(w.waiting) > 0; {
			w.close(0)
		}
	}
}

// instead is the world's rule set where another was live: a campaign of the
// same content is in the same phase, and what was decided beside its file holds
// as far as it would have with this set in use.
func (w *World) instead(live *engine.Live) *place {
	if out := w.places[live]; out != nil {
		return out
	}
	phases := map[string]string{}
	for _, c := range w.set.Campaigns {
		phases[c.ID] = fmt.Sprintf("%.8s-0", c.Content)
		if was := campaign(live, c.ID); was != nil && was.Content == c.Content {
			phases[c.ID] = live.Phases[c.ID]
		}
	}
	if w.base == nil {
		is := engine.LiveOf(w.set, nil, nil, nil)
		w.base = &place{is, is.ReplayTerms(nil)}
	}
	w.places[live] = &place{w.base.With(phases, nil, live.Over(w.set)), w.base.terms}
	return w.places[live]
}

func campaign(live *engine.Live, id string) *rules.Campaign {
	if live == nil {
		return nil
	}
	for _, c := range live.Set.Campaigns {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// visit plays one recorded visit, of which moments are the decisions.
func (w *World) visit(v *visit, moments []*Moment) error {
	live := w.instead(v.live)
	w.turn(v.records[len(v.records)-1].Event.Visitor)
	w.absent(v.records[0].Event.Received, live)
	for i := range v.records {
		e := &v.records[i].Event
		w.turn(e.Visitor)
		switch e.Name {
		case ingest.Merge:
			if err := w.merge(e, live); err != nil {
				return err
			}
		case ingest.Decision:
			w.decide(moments[0], live)
			moments = moments[1:]
			continue
		case ingest.Exposure, ingest.Click, ingest.Close, ingest.Coupon:
			if w.gone(e) {
				continue
			}
		case ingest.Absent, ingest.Reminder:
			if _, waits := w.profile.Pending[cmp.Or(e.Props.Reminder, e.Props.Campaign)]; !waits {
				continue // that campaign waits for nothing here
			}
		}
		profile.Fold(w.profile, e, live.terms)
		switch e.Name {
		case ingest.Exposure:
			w.told.exposed(campaign(live.Live, e.Props.Campaign), e.Props.Campaign, e.Props.Variant, e.Time, false)
		case ingest.Engagement:
			w.engaged(e, live)
		}
		w.happened(e, live)
	}
	return nil
}

// late is how long after its time a timer may have fired.
const late = 1000 // ms

// absent fires the timers that came due before a visit and that nothing
// recorded has fired.
func (w *World) absent(received int64, live *place) {
	for _, c := range slices.Sorted(maps.Keys(w.profile.Pending)) {
		if due := w.profile.Pending[c]; due+late <= received {
			e := ingest.Event{Time: due, Received: due}
			e.Name, e.Props = w.profile.Fire(c, due)
			profile.Fold(w.profile, &e, live.terms)
		}
	}
}

// gone says whether an event is about an offer that is not made here.
func (w *World) gone(e *ingest.Event) bool {
	if e.Props.DecisionID == "" {
		return w.latest[e.Props.Campaign]
	}
	return w.dropped[offer{e.Props.DecisionID, e.Props.Campaign}]
}

// decide makes a logged decision in this world. Where an offer is the logged
// one, what is recorded of it will follow; another one is exposed at once.
func (w *World) decide(m *Moment, live *place) {
	own := *m
	own.Profile, own.Request.Facts = w.profile, live.Stocked(m.Request.Facts)
	made := own.With(live.Live).Outcomes
	w.told.decided(&own, made)
	logged := *m.Logged
	logged.Props.Outcomes = made
	profile.Fold(w.profile, &logged, live.terms)
	for i := range m.Logged.Props.Outcomes {
		was := &m.Logged.Props.Outcomes[i]
		if !opened(was) {
			continue
		}
		differs := !same(was, outcome(made, was.Campaign))
		w.latest[was.Campaign] = differs
		if differs {
			w.dropped[offer{m.Request.ID, was.Campaign}] = true
		}
	}
	for i := range made {
		is := &made[i]
		was := outcome(m.Logged.Props.Outcomes, is.Campaign)
		switch {
		case opened(is) && !same(was, is):
			w.expose(live, is, m.Request.ID, m.Logged.Time)
		case is.Reason == engine.Armed && !w.waitedThen(m, was, is.Campaign):
			w.wait(&own, campaign(live.Live, is.Campaign))
		}
	}
	if m.Request.Trigger != "" {
		w.called(m, made)
	}
}

func opened(o *ingest.Outcome) bool {
	return o != nil && (o.Reason == engine.Offered || o.Reason == engine.Control)
}

func same(was, is *ingest.Outcome) bool {
	return was != nil && is != nil && was.Reason == is.Reason && was.Variant == is.Variant
}

// expose assumes that an offer was really shown, at a moment that is recorded.
func (w *World) expose(live *place, o *ingest.Outcome, decision string, at int64) {
	e := ingest.Event{Visitor: w.profile.Visitor, Name: ingest.Exposure, Time: at, Received: at, Props: ingest.Properties{
		Campaign: o.Campaign, Variant: o.Variant, Phase: o.Phase, DecisionID: decision,
	}}
	profile.Fold(w.profile, &e, live.terms)
	w.told.exposed(campaign(live.Live, o.Campaign), o.Campaign, o.Variant, at, true)
}
