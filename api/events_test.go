package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// received is the answer to a batch that was taken.
type received struct {
	Accepted int
	Rejected []rejection
}

func (c caller) sends(body object) received {
	c.shop.t.Helper()
	var r received
	c.post("/v1/events", body).is(http.StatusOK).into(&r)
	return r
}

func TestAcceptedEventsAreOnDisk(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := s.browser().sends(object{"visitor": object{"id": "v1"}, "events": list{
		object{"id": "018f3c5e-7a11-7000-8000-000000000001", "name": "add_to_cart", "time": "2026-11-21T11:59:00+09:00", "properties": object{"value": 6800}},
		object{"name": "look"},
	}})
	if r.Accepted != 2 || len(r.Rejected) != 0 {
		t.Errorf("%+v", r)
	}
	if s.ledger.Durable() != s.ledger.Last() || s.ledger.Last() != 2 {
		t.Errorf("durable %d of %d, expected 2: the rules and one visit", s.ledger.Durable(), s.ledger.Last())
	}
	e := s.recorded()[0].Event
	if e.ID != "018f3c5e-7a11-7000-8000-000000000001" || e.Visitor != "v1" || string(e.Properties) != `{"value":6800}` || e.Time != s.clock.Now().Add(-time.Minute).UnixMilli() {
		t.Errorf("%+v", e)
	}
}

func TestEachRefusedEventHasItsReason(t *testing.T) {
	t.Parallel()
	s := open(t)
	long := strings.Repeat("x", 32<<10)
	events := []struct {
		event object
		code  string
		text  string
	}{
		{object{"name": "good"}, "", ""},
		{object{"name": "Buy!"}, "bad_name", `name "Buy!" does not match [a-z][a-z0-9_]{0,63}`},
		{object{"name": 7}, "bad_event", "name is a number, expected a text"},
		{object{"name": "omo_decision"}, "reserved_name", "names that begin with omo_ are the product's, and omo_decision is written by the server only: use another name"},
		{object{"name": "note", "properties": object{"text": long}}, "too_large", "the event has 32783 bytes, at most 32768 are taken: send less with it"},
		{object{"name": "look", "page": object{"url": "https://shop.example/", "title": long}}, "too_large", "the event has 32793 bytes, at most 32768 are taken: send less with it"},
		{object{"name": "look", "visitor": object{"id": "a\u0000b"}}, "bad_visitor", "visitor.id is longer than 128 bytes or has control characters"},
		{object{"name": "look", "visitor": object{"traits": object{"plan": strings.Repeat("x", 1025)}}}, "bad_visitor", "visitor.traits.plan has 1025 bytes, at most 512 are taken"},
		{object{"name": "look", "properties": list{}}, "bad_properties", "properties is not an object"},
		{object{"name": "omo_exposure"}, "bad_properties", "omo_exposure needs properties.campaign and properties.variant"},
		{object{"name": "good", "visitor": object{"id": "v2"}}, "", ""},
	}
	body := list{}
	var want []rejection
	for i, e := range events {
		body = append(body, e.event)
		if e.code != "" {
			want = append(want, rejection{i, e.code, e.text})
		}
	}
	r := s.browser().sends(object{"visitor": object{"id": "v1"}, "events": body})
	if r.Accepted != 2 {
		t.Errorf("%d accepted", r.Accepted)
	}
	for i := range max(len(want), len(r.Rejected)) {
		if i >= len(want) || i >= len(r.Rejected) || r.Rejected[i] != want[i] {
			t.Fatalf("rejected %d:\n  got  %+v\n  want %+v", i, r.Rejected[min(i, len(r.Rejected)-1):], want[min(i, len(want)-1):])
		}
	}
	same(t, "recorded", s.names(), []string{"good", "good"})
}

func TestNothingGoodIsAnError(t *testing.T) {
	t.Parallel()
	s := open(t)
	many := make(list, 501)
	for i := range many {
		many[i] = object{"name": "look"}
	}
	for name, row := range map[string]struct {
		body    any
		status  int
		code    string
		message string
	}{
		"no events":       {object{}, 400, "no_valid_event", "events is empty: there is nothing to keep"},
		"501 events":      {object{"events": many}, 413, "too_large", "events has 501, at most 500 are taken at a time"},
		"nobody":          {object{"events": list{object{"name": "look"}}}, 400, "no_valid_event", "none of the events is good; details says why"},
		"events a text":   {object{"events": "look"}, 400, "bad_json", "events is a text, expected a list"},
		"context":         {object{"events": list{object{"name": "look"}}, "context": object{"ip": "192.0.2.1"}}, 403, "needs_secret", "context is taken with the secret key only"},
		"endless user_id": {object{"visitor": object{"user_id": strings.Repeat("u", 129)}, "events": list{object{"name": "look"}}}, 400, "bad_request", "visitor.user_id is longer than 128 bytes or has control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			s.browser().post("/v1/events", row.body).says(row.status, row.code, row.message)
		})
	}
	var why struct {
		Error struct{ Details []rejection }
	}
	s.browser().post("/v1/events", object{"events": list{object{"name": "look"}, object{"name": "Look"}}}).is(http.StatusBadRequest).into(&why)
	want := rejection{0, "no_visitor", "the event names no visitor: give visitor.id in the event or the batch"}
	if len(why.Error.Details) != 2 || why.Error.Details[0] != want {
		t.Errorf("details %+v", why.Error.Details)
	}
	same(t, "recorded", s.names(), []string{})
}

func TestEventSentTwiceIsAcceptedTwiceAndCountedOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	purchase := object{"visitor": object{"id": "v1"}, "events": list{
		object{"id": "msg-7", "name": "purchase", "properties": object{"value": 1000}},
		object{"id": "msg-7", "name": "purchase", "properties": object{"value": 1000}},
	}}
	for range 3 {
		if r := s.browser().sends(purchase); r.Accepted != 2 {
			t.Errorf("%+v", r)
		}
	}
	same(t, "recorded", s.names(), []string{"purchase"})
	if p, err := s.engine.Profile("v1"); err != nil || p.Purchases != 1 || p.Revenue != 1000 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestBatchOfSeveralVisitors(t *testing.T) {
	t.Parallel()
	s := open(t)
	body := list{}
	for i := range 30 {
		body = append(body, object{"name": fmt.Sprintf("e%d", i), "visitor": object{"id": fmt.Sprintf("v%d", i%3), "traits": object{"plan": fmt.Sprintf("plan%d", i)}}})
	}
	if r := s.browser().sends(object{"events": body}); r.Accepted != 30 {
		t.Errorf("%+v", r)
	}
	next := map[string]int{"v0": 0, "v1": 1, "v2": 2}
	for _, r := range s.recorded() {
		e := r.Event
		if want := fmt.Sprintf("e%d", next[e.Visitor]); e.Name != want {
			t.Errorf("%s has %s, expected %s", e.Visitor, e.Name, want)
		}
		next[e.Visitor] += 3
	}
	for i := range 3 {
		p, err := s.engine.Profile(fmt.Sprintf("v%d", i))
		if want := fmt.Sprintf("plan%d", 27+i); err != nil || p.Traits["plan"] != want {
			t.Errorf("v%d has %v, expected the last word %s; %v", i, p.Traits, want, err)
		}
	}
}

func TestTrustedServerTellsWhoIsWho(t *testing.T) {
	t.Parallel()
	s := open(t)
	history := object{"visitor": object{"id": "v1", "user_id": "u1", "traits": object{"rank": "gold"}}, "events": list{
		object{"name": "look", "time": "2024-01-01T00:00:00Z"},
		object{"name": "look", "visitor": object{"id": "v2"}},
		object{"name": "sign_up", "visitor": object{"id": "v2", "user_id": "u2", "traits": object{"rank": "silver"}}},
	}}
	s.trusted().sends(history)
	for visitor, want := range map[string][2]string{"v1": {"u1", "gold"}, "v2": {"u2", "silver"}} {
		p, err := s.engine.Profile(visitor)
		if err != nil || p.User != want[0] || p.Traits["rank"] != want[1] {
			t.Errorf("%s: %+v %v", visitor, p, err)
		}
	}
	if e := s.recorded()[0].Event; e.Time != time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() {
		t.Errorf("history was moved to %d", e.Time)
	}
}

func TestExposureNeedsItsToken(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	d := b.decide(nil)
	expose := func(about object) object { return object{"name": "omo_exposure", "properties": about} }
	other := s.browser()
	other.decide(nil)
	changed := d.about("welcome")
	changed["variant"] = "control"
	bare := d.about("welcome")
	delete(bare, "token")
	for name, row := range map[string]struct {
		from    caller
		about   object
		message string
	}{
		"without":         {b, bare, "omo_exposure needs the token that came with the decision"},
		"another visitor": {other, d.about("welcome"), "properties.token was not given to this visitor for this decision, campaign and variant"},
		"another variant": {b, changed, "properties.token was not given to this visitor for this decision, campaign and variant"},
	} {
		t.Run(name, func(t *testing.T) {
			var why struct {
				Error struct{ Details []rejection }
			}
			row.from.post("/v1/events", object{"events": list{expose(row.about)}}).is(http.StatusBadRequest).into(&why)
			if want := (rejection{0, "bad_token", row.message}); len(why.Error.Details) != 1 || why.Error.Details[0] != want {
				t.Errorf("%+v", why.Error.Details)
			}
		})
	}
	before := len(s.recorded())
	if r := b.sends(object{"events": list{expose(d.about("welcome")), expose(d.about("quiet"))}}); r.Accepted != 2 {
		t.Errorf("with its token: %+v", r)
	}
	e := s.recorded()[before].Event
	if err := e.ParseProperties(); err != nil || e.Props.Phase != s.engine.Live().Phases["welcome"] || strings.Contains(string(e.Properties), "token") {
		t.Errorf("%s %v", e.Properties, err)
	}
	s.trusted().sends(object{"visitor": object{"id": "imported"}, "events": list{expose(object{"campaign": "welcome", "variant": "a"})}})
	var why struct {
		Error struct{ Details []rejection }
	}
	s.trusted().post("/v1/events", object{"visitor": object{"id": "imported"}, "events": list{expose(object{"campaign": "xmas", "variant": "a"})}}).is(http.StatusBadRequest).into(&why)
	want := rejection{0, "unknown_campaign", `campaign "xmas" is not in the rules folder: add it there before its exposures are imported`}
	if len(why.Error.Details) != 1 || why.Error.Details[0] != want {
		t.Errorf("%+v", why.Error.Details)
	}
}

func TestClientClocksAreCorrected(t *testing.T) {
	t.Parallel()
	s := open(t)
	now := s.clock.Now()
	s.browser().sends(object{
		"visitor": object{"id": "v1"}, "sent_at": now.Add(10 * 365 * 24 * time.Hour).Format(time.RFC3339),
		"events": list{
			object{"name": "minute_ago", "time": now.Add(10*365*24*time.Hour - time.Minute).UnixMilli()},
			object{"name": "month_ago", "time": now.Add(10*365*24*time.Hour - 30*24*time.Hour).UnixMilli()},
		},
	})
	for i, want := range []time.Time{now.Add(-time.Minute), now.Add(-ingest.MaxPast)} {
		if e := s.recorded()[i].Event; e.Time != want.UnixMilli() || e.Stated == 0 {
			t.Errorf("%s: %v, stated %d", e.Name, time.UnixMilli(e.Time).UTC(), e.Stated)
		}
	}
}

// KARTE's tags say who it is in an event; that holds as far as a browser may say so.
func TestIdentifyEventTellsTraits(t *testing.T) {
	t.Parallel()
	s := open(t)
	identify := object{"name": "identify", "properties": object{"user_id": "u1", "rank": "gold", "plan": "pro"}}
	s.browser().sends(object{"visitor": object{"id": "v1"}, "events": list{identify}})
	s.browser().decide(object{"visitor": object{"id": "v2"}, "events": list{identify}})
	s.trusted().sends(object{"visitor": object{"id": "v3"}, "events": list{identify}})
	for visitor, want := range map[string][3]any{"v1": {"", nil, "pro"}, "v2": {"", nil, "pro"}, "v3": {"u1", "gold", "pro"}} {
		p, err := s.engine.Profile(visitor)
		if err != nil || p.User != want[0] || p.Traits["rank"] != want[1] || p.Traits["plan"] != want[2] {
			t.Errorf("%s: %+v %v", visitor, p, err)
		}
	}
	for _, r := range s.recorded() {
		if r.Event.Name == "identify" && r.Event.Properties != nil {
			t.Errorf("kept in the event: %s", r.Event.Properties)
		}
	}
}
