package replay_test

import (
	"testing"

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
