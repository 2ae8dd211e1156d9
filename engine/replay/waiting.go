package replay

import (
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// waiting are the campaigns that wait on a page for a trigger that nobody
// waited for there then.
type waiting struct {
	view      string
	context   ingest.Event // its page, device and place
	at        int64        // of the page view
	request   engine.Request
	campaigns []*rules.Campaign
	events    []ingest.Event // that its campaigns wait for, in order; the latest mostEvents
	told      bool           // something of the page is recorded
	dwell     int64          // visible, ms
}

// Bounds of the pages that are waited on, and of what is kept of one.
const (
	mostWaiting = 32
	mostEvents  = 32
)

// waitedThen says whether the browser waited for the same triggers of the
// campaign then: if they had come, it would have called.
func (w *World) waitedThen(m *Moment, was *ingest.Outcome, id string) bool {
	if was == nil || was.Reason != engine.Armed {
		return false
	}
	then, now := campaign(m.Live, id), campaign(w.instead(m.Live).Live, id)
	return then != nil && slices.EqualFunc(then.On, now.On, func(a, b rules.Trigger) bool { return a.String() == b.String() })
}

func (w *World) wait(m *Moment, c *rules.Campaign) {
	if n := len(w.waiting); n > 0 && w.waiting[n-1].view == m.view && m.view != "" {
		w.waiting[n-1].campaigns = append(w.waiting[n-1].campaigns, c)
		return
	}
	if len(w.waiting) == mostWaiting {
		w.close(0)
	}
	from := m.Request.Context
	p := &waiting{view: m.view, at: m.Logged.Time, request: m.Request, campaigns: []*rules.Campaign{c}}
	p.context = ingest.Event{Page: from.Page, Device: from.Device, Geo: from.Geo, Bot: from.Bot}
	w.waiting = append(w.waiting, p)
}

// close gives up waiting on a page.
func (w *World) close(i int) {
	p := w.waiting[i]
	for _, c := range p.campaigns {
		if browsers := triggersOf(c); len(browsers) > 0 && (!p.told || !recorded(browsers)) {
			w.told.unknown(c.ID)
		}
	}
	w.waiting = slices.Delete(w.waiting, i, i+1)
}

// called ends the waiting of campaigns whose trigger was called for on their
// page: that call has decided about them.
func (w *World) called(m *Moment, made []ingest.Outcome) {
	for _, p := range w.waiting {
		if p.context.Page == nil || m.Request.Context.Page == nil || p.context.Page.Path != m.Request.Context.Page.Path {
			continue
		}
		p.campaigns = slices.DeleteFunc(p.campaigns, func(c *rules.Campaign) bool {
			o := outcome(made, c.ID)
			return o != nil && o.Reason != engine.NotTriggered
		})
	}
}

// engaged hears what the browser told of a page it left, and opens what would
// have opened there.
func (w *World) engaged(e *ingest.Event, live *place) {
	if len(w.waiting) == 0 {
		return
	}
	said, ok := readEngagement(e)
	if !ok {
		return
	}
	for _, p := range w.waiting {
		if p.view != said.View {
			continue
		}
		p.told = true
		p.dwell += said.Dwell
		said.Dwell = p.dwell
		p.campaigns = slices.DeleteFunc(p.campaigns, func(c *rules.Campaign) bool {
			trigger, after, fired := said.fired(triggersOf(c), e.Time-p.at)
			return fired && w.completed(p, c, e.ID, trigger, after, live)
		})
	}
}

// completed asks for c, whose browser's triggers came, as its browser would
// have: when the events of its list had come too, and at each event after that
// until one was the right one.
func (w *World) completed(p *waiting, c *rules.Campaign, id, trigger string, after int64, live *place) bool {
	r, before := p.request, 0
	for before < len(p.events) && p.events[before].Time <= p.at+after {
		before++
	}
	if p.complete(c, before) {
		r.ID, r.Trigger = id+"/"+c.ID, trigger
		if opened := w.open(p, c, r, p.at+after, live); opened || len(triggersOf(c)) == len(c.On) {
			return true
		}
	}
	for i := before; i < len(p.events); i++ {
		if e := &p.events[i]; slices.Contains(c.Triggers, e.Name) && p.complete(c, i+1) && w.openOn(p, c, e, live) {
			return true
		}
	}
	return false
}

// complete says whether the first n events of the page had all names that c waits for.
func (p *waiting) complete(c *rules.Campaign, n int) bool {
	return !slices.ContainsFunc(c.On, func(t rules.Trigger) bool {
		return t.Kind == "event" && !slices.ContainsFunc(p.events[:n], func(e ingest.Event) bool { return e.Name == t.Event })
	})
}

// happened opens what waited for an event, where that one happened.
func (w *World) happened(e *ingest.Event, live *place) {
	for _, p := range w.waiting {
		if e.Page != nil && p.context.Page != nil && e.Page.Path != p.context.Page.Path ||
			!slices.ContainsFunc(p.campaigns, func(c *rules.Campaign) bool { return slices.Contains(c.Triggers, e.Name) }) {
			continue
		}
		if p.events = append(p.events, *e); len(p.events) > mostEvents {
			p.events = slices.Delete(p.events, 0, 1)
		}
		p.campaigns = slices.DeleteFunc(p.campaigns, func(c *rules.Campaign) bool {
			return len(triggersOf(c)) == 0 && slices.Contains(c.Triggers, e.Name) && p.complete(c, len(p.events)) && w.openOn(p, c, e, live)
		})
	}
}

func (w *World) openOn(p *waiting, c *rules.Campaign, e *ingest.Event, live *place) bool {
	r := p.request
	r.ID, r.Trigger, r.Event = e.ID+"/"+c.ID, e.Name, e
	return w.open(p, c, r, e.Time, live)
}

// open makes the decision that a trigger would have called for, and says
// whether that was the campaign's trigger.
func (w *World) open(p *waiting, c *rules.Campaign, r engine.Request, at int64, live *place) bool {
	r.Context = &p.context
	d := engine.Decide(live.Live, w.profile, r, time.UnixMilli(at).UTC())
	o := outcome(d.Outcomes, c.ID)
	if o == nil || o.Reason == engine.NotTriggered {
		return false
	}
	e := ingest.Event{Name: ingest.Decision, Time: at, Received: at, Page: p.context.Page, Props: ingest.Properties{
		DecisionID: r.ID, Trigger: r.Trigger, Outcomes: []ingest.Outcome{*o},
	}}
	profile.Fold(w.profile, &e, live.terms)
	if opened(o) {
		w.expose(live, o, r.ID, at)
	}
	return true
}
