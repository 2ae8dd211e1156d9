package ruletest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// moment is one test under way.
type moment struct {
	*Runner
	test    *rules.Test
	visitor string
	minted  int

	events  []ingest.Event // by time
	context ingest.Event   // the page being decided
	trigger *ingest.Event  // the event that is the trigger

	facts   *ingest.Facts
	letters []engine.Letter // what was sent, in order
	carried []carried       // what was to be decided for that
}

type refusal struct {
	line int
	why  string
}

// gather makes events of what the test tells, as a server does of what
// browsers send, and puts the page view among them.
func (m *moment) gather() *refusal {
	t := m.test
	page := t.Page
	m.context = m.event(ingest.PageView, t.Now, &page)
	at := t.Now
	if d, err := rules.ParseDuration(strings.TrimPrefix(strings.TrimPrefix(t.Trigger, "dwell:"), "idle:")); err == nil {
		at = at.Add(-d)
	}
	for _, told := range t.Events {
		event, rejected := m.accept(told)
		if rejected != nil {
			return &refusal{told.Line, "event " + told.Name + " would be refused: " + rejected.Message}
		}
		m.events = append(m.events, event)
		if m.awaits(told) && told.At.Before(at) {
			at = told.At
		}
	}
	byTime := func(a, b ingest.Event) int { return cmp.Compare(a.Time, b.Time) }
	slices.SortStableFunc(m.events, byTime)
	switch {
	case t.Trigger == "":
		m.events = append(m.events, m.context) // behind what happened at the same time
	case !m.onPage():
		m.events = slices.Insert(m.events, 0, m.event(ingest.PageView, at, &page))
		slices.SortStableFunc(m.events, byTime)
	}
	for i := range m.events {
		if t.Trigger != "" && m.events[i].Name == t.Trigger {
			m.trigger = &m.events[i]
		}
	}
	return nil
}

// awaits says whether the page must have been there when a told event came: it
// is the trigger, or one of a list that the test expects something of.
func (m *moment) awaits(told rules.TestEvent) bool {
	if m.test.Trigger == "" || told.Name == m.test.Trigger {
		return told.Name == m.test.Trigger
	}
	if told.Page != nil && m.full(told.Page.URL) != m.context.Page.URL {
		return false
	}
	return slices.ContainsFunc(m.test.Expect, func(e rules.Expectation) bool {
		return len(e.Campaign.On) > 1 && slices.Contains(e.Campaign.Triggers, told.Name)
	})
}

// onPage says whether the last page view among the events is of this page, and
// its session still under way.
func (m *moment) onPage() bool {
	gap, next := m.live.Set.Site.SessionGap.Milliseconds(), m.context.Time
	for _, e := range slices.Backward(m.events) {
		if next-e.Time >= gap {
			return false
		}
		if e.Name == ingest.PageView {
			return e.Page.URL == m.context.Page.URL
		}
		next = e.Time
	}
	return false
}

func (m *moment) newID() string {
	m.minted++
	return fmt.Sprintf("00000000-0000-7000-8000-%012d", m.minted)
}

// accept is a told event as the server would take it.
func (m *moment) accept(told rules.TestEvent) (ingest.Event, *ingest.Rejection) {
	in := ingest.Incoming{Name: told.Name, Time: ingest.Stamp(told.At.UnixMilli()), Page: m.page(told.Page)}
	if len(told.Properties) > 0 {
		raw, err := json.Marshal(told.Properties)
		if err != nil {
			return ingest.Event{}, &ingest.Rejection{Message: err.Error()}
		}
		in.Properties = raw
	}
	event, rejected := ingest.Accept(in, &ingest.Who{ID: m.visitor}, ingest.Terms{Received: told.At, Trusted: true, NewID: m.newID})
	if rejected == nil {
		m.enrich(&event)
	}
	return event, rejected
}

// event is one of the test's own making.
func (m *moment) event(name string, at time.Time, page *rules.Page) ingest.Event {
	e := ingest.Event{
		ID: m.newID(), Visitor: m.visitor, Name: name, Time: at.UnixMilli(), Received: at.UnixMilli(), Page: m.page(page),
	}
	m.enrich(&e)
	return e
}

func (m *moment) enrich(e *ingest.Event) {
	c := m.test.Context
	m.enricher.Enrich(e, ingest.Surroundings{UserAgent: c.UserAgent, Language: c.Language, Country: c.Country, Consent: m.test.Consent})
	if c.Device != "" {
		if e.Device == nil {
			e.Device = &ingest.Device{}
		}
		e.Device.Type = c.Device
	}
}

// page is the page with its address in full, as browsers tell it.
func (m *moment) page(p *rules.Page) *ingest.Page {
	if p == nil {
		return nil
	}
	out := &ingest.Page{URL: m.full(p.URL), Title: p.Title, Type: p.Type, Lang: p.Lang}
	if p.Referrer != "" {
		out.Referrer = m.full(p.Referrer)
	}
	if p.Item != (rules.Item{}) {
		item := ingest.Item(p.Item)
		out.Item = &item
	}
	return out
}

func (m *moment) full(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return m.home.ResolveReference(u).String()
}

// fold makes the profile and the request that Decide gets.
func (m *moment) fold() (*profile.Profile, engine.Request) {
	t, site := m.test, m.live.Set.Site
	consent := t.Consent == "granted" || t.Consent != "denied" && site.Consent == "opt_out"
	request := engine.Request{
		ID: "test", Context: &m.context, Trigger: t.Trigger, Event: m.trigger, Slots: t.Slots, Consent: consent, Explain: true,
	}
	if t.Facts != nil {
		request.Facts = &ingest.Facts{CouponsLeft: t.Facts.CouponsLeft, OperatorsOnline: t.Facts.OperatorsOnline}
	}
	request.Facts = m.live.Stocked(request.Facts)
	m.facts = request.Facts
	if !consent { // a stranger, of whom nothing is known but this page
		m.events = []ingest.Event{m.context}
	}
	p := profile.New(m.visitor)
	for i := range m.events {
		e := &m.events[i]
		m.fire(p, e.Time)
		if consent {
			e.User = t.Visitor.UserID
		}
		if consent && i == 0 {
			e.Traits = t.Visitor.Traits
		}
		profile.Fold(p, e, m.terms)
		if consent {
			m.send(p, e, false)
		}
	}
	return p, request
}

// fire lets every wait for what did not happen end that is over by then, as the
// server's timers do.
func (m *moment) fire(p *profile.Profile, by int64) {
	due := slices.SortedFunc(maps.Keys(p.Pending), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.Pending[a], p.Pending[b]), cmp.Compare(a, b))
	})
	for _, campaign := range due {
		if at := p.Pending[campaign]; at <= by {
			e := ingest.Event{ID: m.newID(), Visitor: m.visitor, Time: at, Received: at}
			e.Name, e.Props = p.Fire(campaign, at)
			profile.Fold(p, &e, m.terms)
			m.send(p, &e, true)
		}
	}
}
