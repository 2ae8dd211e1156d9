package replay_test

import (
	"context"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// again makes every decision of the shop's records once more.
func (s *shop) again(each func(m *replay.Moment, made engine.Decision)) {
	s.Helper()
	sets, visitors := split(s, s.ledger.ID(), s.records())
	player := replay.NewPlayer(sets, sets.Since(dawn)...)
	for visitor, visits := range visitors {
		player.Begin(s.ledger.ID(), visitor)
		for _, visit := range visits {
			if err := player.Visit(visit, func(m *replay.Moment) error { each(m, m.Again()); return m.Err }); err != nil {
				s.Fatal(err)
			}
		}
	}
}

// A page that says it has no slots at all is another than one that says nothing.
func TestAPageWithoutSlotsIsDecidedAgainWithoutThem(t *testing.T) {
	t.Parallel()
	s := newShop(t, 1, 1)
	s.use(load(t, "id: hello\nstatus: live\nslot: modal\nvariants: [{id: a, weight: 1, action: "+banner+"}]"))
	s.ask(s.crowd[0], "/", []string{}, false)
	decisions := 0
	s.again(func(m *replay.Moment, made engine.Decision) {
		decisions++
		if o := m.Logged.Props.Outcomes; len(o) != 1 || o[0].Reason != engine.SlotTaken {
			t.Errorf("logged as %+v", o)
		}
		if d := replay.Compare(m.Logged.Props.Outcomes, made.Outcomes); d != nil {
			t.Errorf("not as logged: %s", asJSON(t, d))
		}
	})
	if decisions != 1 {
		t.Errorf("%d decisions", decisions)
	}
}

// The answer to an event's call was lost, and the call is sent again: the event
// is recorded where it came first, and the second decision rests on it too.
func TestATriggerThatCameBeforeIsDecidedAgainWithItsEvent(t *testing.T) {
	t.Parallel()
	s := newShop(t, 1, 1)
	s.use(load(t, "id: adder\nstatus: live\non: {event: add_to_cart, where: 'event.value > 2000'}\nvariants: [{id: a, weight: 1, action: "+banner+"}]"))
	p := s.crowd[0]
	s.ask(p, "/items/1", nil, false)
	added := s.event("add_to_cart", `{"value":3000}`)
	for range 2 {
		context := p.page
		context.ID = s.newID()
		s.visit(engine.Visit{Visitor: p.id, Events: []ingest.Event{added}, Decide: &engine.Request{ID: s.newID(), Context: &context, Trigger: "add_to_cart", Consent: true}})
	}
	offered := 0
	s.again(func(m *replay.Moment, made engine.Decision) {
		for _, o := range m.Logged.Props.Outcomes {
			if o.Reason == engine.Offered {
				offered++
			}
		}
		if d := replay.Compare(m.Logged.Props.Outcomes, made.Outcomes); d != nil {
			t.Errorf("%s, not as logged: %s", m.Cause(), asJSON(t, d))
		}
	})
	if offered != 2 {
		t.Errorf("offered %d times", offered)
	}
}

// neighbour is a warehouse that another server writes into too.
type neighbour struct {
	nothing
	rules []ingest.Record
}

func (n neighbour) RuleSets(_ context.Context, each func(string, *ingest.Record) error) error {
	for i := range n.rules {
		if err := each("other", &n.rules[i]); err != nil {
			return err
		}
	}
	return nil
}

// What would be decided now is decided by this server's rules, whoever else has
// reloaded since.
func TestAnotherServersRulesExplainNothing(t *testing.T) {
	t.Parallel()
	s, p := scene(t, "id: bar\nstatus: live\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	s.open(p, "/cart")
	other := newShop(t, 1, 2)
	other.now = s.now.Add(time.Hour)
	other.use(load(t, "id: foreign\nstatus: live\nvariants: [{id: a, weight: 1, action: "+banner+"}]"))
	h := replay.History{Warehouse: neighbour{rules: other.records()}, Ledger: s.ledger, Loaded: func() uint64 { return 0 }}
	past, err := h.Of(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	page := &ingest.Event{Name: ingest.PageView, Time: other.now.UnixMilli(), Page: &ingest.Page{URL: "https://shop.example/", Path: "/"}}
	a, err := past.Explain(replay.Question{Page: page})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Campaigns) != 1 || a.Campaigns[0].Campaign != "bar" {
		t.Errorf("%s", asJSON(t, a.Campaigns))
	}
}
