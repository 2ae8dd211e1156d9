package replay_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// backtest runs one over the ledger's records.
func (s *shop) backtest(changed, present *rules.Set, from time.Time) *replay.Report {
	s.Helper()
	sets, visitors := split(s, s.ledger.ID(), s.records())
	b := replay.NewBacktest(replay.Plan{Sets: sets, Changed: changed, Present: present, From: from, To: s.now.Add(time.Hour)})
	for _, visitor := range slices.Sorted(maps.Keys(visitors)) {
		for _, visit := range visitors[visitor] {
			for i := range visit {
				if err := b.Record(s.ledger.ID(), visitor, &visit[i]); err != nil {
					s.Fatal(err)
				}
			}
		}
	}
	report, err := b.Report()
	if err != nil {
		s.Fatal(err)
	}
	return report
}

// scene is a shop with one visitor who does as told.
func scene(t *testing.T, campaigns ...string) (*shop, *person) {
	s := newShop(t, 1, 1)
	s.use(load(t, campaigns...))
	return s, s.crowd[0]
}

// open is a page view of that path, which is decided for all slots.
func (s *shop) open(p *person, path string) {
	s.now = s.now.Add(time.Minute)
	p.offers = nil
	s.ask(p, path, nil, false)
}

// send hands in one event, a second later.
func (s *shop) send(p *person, e ingest.Event) {
	s.now = s.now.Add(time.Second)
	e.Time, e.Received = s.now.UnixMilli(), s.now.UnixMilli()
	s.visit(engine.Visit{Visitor: p.id, Events: []ingest.Event{e}})
}

// leave tells what the browser tells of a page that it leaves.
func (s *shop) leave(p *person, more string) {
	s.send(p, s.event(ingest.Engagement, fmt.Sprintf(`{"view":%q,"scroll":60,"dwell_ms":9000,"idle_ms":500%s}`, p.viewID, more)))
}

func (s *shop) dwell(p *person, ms int) {
	s.send(p, s.event(ingest.Engagement, fmt.Sprintf(`{"view":%q,"scroll":60,"dwell_ms":%d,"idle_ms":500}`, p.viewID, ms)))
}

// What would have happened, in the smallest stories.
func TestWhatWouldHaveBeen(t *testing.T) {
	t.Parallel()
	const (
		bar     = "id: bar\nstatus: live\nslot: bar\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		modal   = "id: modal\nstatus: live\nslot: modal\npriority: 1\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		rival   = "id: rival\nstatus: live\nslot: modal\npriority: 2\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		once    = "id: once\nstatus: live\nslot: modal\nfrequency: {max: 1}\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		leaving = "id: leaving\nstatus: live\non: exit_intent\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		closed  = "id: closed\nstatus: live\nfrequency: {after: {closes: 1}}\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		coupon  = "id: coupon\nstatus: live\nvariants: [{id: a, weight: 1, action: {type: coupon, title: t, code: TEN}}]"
	)
	look := func(n int) func(*shop, *person) {
		return func(s *shop, p *person) {
			for range n {
				s.open(p, "/cart")
			}
		}
	}
	shows := func(events ...string) func(*shop, *person) { // each page's offers are shown, and what else happens
		return func(s *shop, p *person) {
			for _, what := range events {
				s.open(p, "/cart")
				for _, o := range p.offers {
					s.send(p, s.about(ingest.Exposure, o))
					if what == "close" {
						s.send(p, s.about(ingest.Close, o))
					}
				}
				p.offers = nil
			}
		}
	}
	for name, c := range map[string]struct {
		before, changed []string
		happens         func(*shop, *person)
		campaign        string
		want            replay.Change
	}{
		"nothing changes: recorded exposures stay, and an offer that was never exposed is none": {
			[]string{bar}, []string{bar}, func(s *shop, p *person) { shows("")(s, p); look(1)(s, p) }, "bar",
			replay.Change{Visitors: replay.Pair{Present: 1, Changed: 1}, Exposures: replay.Pair{Present: 1, Changed: 1}}},
		"a campaign is taken away": {
			[]string{bar}, []string{modal}, shows("", ""), "bar",
			replay.Change{Visitors: replay.Pair{Present: 1}, Lost: 1, Exposures: replay.Pair{Present: 2}}},
		"one is taken away whose exposures name no decision": {
			[]string{bar}, []string{modal}, func(s *shop, p *person) {
				s.open(p, "/cart")
				o := p.offers[0]
				o.decision = ""
				s.send(p, s.about(ingest.Exposure, o))
			}, "bar",
			replay.Change{Visitors: replay.Pair{Present: 1}, Lost: 1, Exposures: replay.Pair{Present: 1}}},
		"what did not come in time opens on the next page": {
			[]string{bar}, []string{"id: forgot\nstatus: live\nfrequency: {max: 1}\non: {absent: {event: purchase, after: add_to_cart, within: 5m}}\nvariants: [{id: a, weight: 1, action: " + banner + "}]"},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.send(p, s.event("add_to_cart", `{"value":900}`))
				look(8)(s, p)
			}, "forgot",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"one is added: exposures are assumed": {
			[]string{bar}, []string{bar, modal}, look(2), "modal",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 2}, Assumed: 2}},
		"its cap holds over assumed exposures": {
			[]string{bar}, []string{once}, look(5), "once",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a rival takes its slot": {
			[]string{modal}, []string{modal, rival}, shows("", "", ""), "modal",
			replay.Change{Visitors: replay.Pair{Present: 1}, Lost: 1, Exposures: replay.Pair{Present: 3}}},
		"what was recorded of it goes with it: nobody closed what was not shown": {
			[]string{closed}, []string{strings.Replace(closed, "frequency", "when: visitor.pageviews > 2\nfrequency", 1)}, shows("close", "", "", ""), "closed",
			replay.Change{Visitors: replay.Pair{Present: 1, Changed: 1}, Exposures: replay.Pair{Present: 1, Changed: 2}, Assumed: 2}},
		"an exit that was recorded opens": {
			[]string{bar}, []string{leaving}, func(s *shop, p *person) { look(1)(s, p); s.leave(p, `,"exit":4000`) }, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a page left without one does not": {
			[]string{bar}, []string{leaving}, func(s *shop, p *person) { look(1)(s, p); s.leave(p, "") }, "leaving",
			replay.Change{}},
		"a page of which nothing is recorded is unknown": {
			[]string{bar}, []string{leaving}, look(2), "leaving",
			replay.Change{Unknown: 2}},
		"a stay long enough opens, told in two parts": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "{dwell: 30s}", 1)},
			func(s *shop, p *person) { look(1)(s, p); s.dwell(p, 20_000); s.dwell(p, 20_000) }, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a stay too short does not": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "{dwell: 50s}", 1)},
			func(s *shop, p *person) { look(1)(s, p); s.dwell(p, 20_000); s.dwell(p, 20_000) }, "leaving", replay.Change{}},
		"a page read far enough opens": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "[{scroll: 50%}, {dwell: 5s}]", 1)},
			func(s *shop, p *person) { look(1)(s, p); s.leave(p, "") }, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"an event that was recorded opens": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "{event: add_to_cart, where: 'event.value > 1000'}", 1)},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.send(p, s.event("add_to_cart", `{"value":900}`))
				s.send(p, s.event("add_to_cart", `{"value":1900}`))
				s.send(p, s.event("add_to_cart", `{"value":2900}`))
			}, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a list with the right event before the other trigger": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "[{event: add_to_cart, where: 'event.value > 1000'}, {dwell: 8s}]", 1)},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.send(p, s.event("add_to_cart", `{"value":1900}`))
				s.send(p, s.event("add_to_cart", `{"value":900}`))
				s.leave(p, "")
				look(1)(s, p)
				s.send(p, s.event("add_to_cart", `{"value":900}`))
				s.leave(p, "")
			}, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a list with the right event after the other trigger": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "[{event: add_to_cart, where: 'event.value > 1000 && visitor.pageviews > 0'}, exit_intent]", 1)},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.send(p, s.event("add_to_cart", `{"value":900}`))
				s.send(p, s.event("add_to_cart", `{"value":1900}`))
				s.leave(p, `,"exit":300`)
			}, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a list without the right event": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "[{event: add_to_cart, where: 'event.value > 1000'}, exit_intent]", 1)},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.send(p, s.event("add_to_cart", `{"value":900}`))
				s.leave(p, `,"exit":3000`)
				look(1)(s, p)
				s.leave(p, `,"exit":3000`)
			}, "leaving", replay.Change{}},
		"a list of which nothing else is recorded is unknown": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "[{event: add_to_cart, where: 'event.value > 1000'}, exit_intent]", 1)},
			func(s *shop, p *person) { look(1)(s, p); s.send(p, s.event("add_to_cart", `{"value":1900}`)) }, "leaving", replay.Change{Unknown: 1}},
		"a list opens only where its event came": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "[{event: search}, exit_intent]", 1)},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.leave(p, `,"exit":3000`)
				look(1)(s, p)
				s.send(p, s.event("search", ""))
				s.leave(p, `,"exit":3000`)
			}, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a list of two derived events": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "[{event: dear_view}, {event: first_order}]", 1)},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.send(p, s.event("view_item", `{"value":900}`))
				s.send(p, s.event("purchase", `{"id":"1"}`))
				s.send(p, s.event("view_item", `{"value":1900}`))
				s.send(p, s.event("view_item", `{"value":1900}`))
			}, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a wait for a derived event": {
			[]string{bar}, []string{"id: forgot\nstatus: live\nfrequency: {max: 1}\non: {absent: {event: second_order, after: first_order, within: 5m}}\nvariants: [{id: a, weight: 1, action: " + banner + "}]"},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.send(p, s.event("purchase", `{"id":"1"}`))
				s.send(p, s.event("purchase", `{"id":"3"}`)) // ends nothing
				look(8)(s, p)
			}, "forgot",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a return to the tab opens": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "tab_return", 1)},
			func(s *shop, p *person) { look(1)(s, p); s.leave(p, `,"tab_return":700`) }, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"what was in view is recorded where somebody waited for it": {
			[]string{bar}, []string{strings.Replace(leaving, "exit_intent", "{in_view: '#reviews'}", 1)},
			func(s *shop, p *person) {
				look(1)(s, p)
				s.leave(p, `,"in_view:#reviews":700`)
				look(1)(s, p)
				s.leave(p, "")
			}, "leaving",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1, Unknown: 1}},
		"a trigger that another campaign called for": {
			[]string{leaving}, []string{leaving, strings.Replace(leaving, "id: leaving", "id: also", 1)},
			func(s *shop, p *person) { look(1)(s, p); s.trigger(p, "exit_intent"); s.leave(p, `,"exit":4000`) }, "also",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 1}, Assumed: 1}},
		"a browser that waited and never called": {
			[]string{leaving}, []string{strings.Replace(leaving, "status", "priority: 3\nstatus", 1)}, look(2), "leaving", replay.Change{}},
		"a pool that was not handed out then": {
			[]string{bar}, []string{strings.Replace(coupon, "code: TEN", "pool: few", 1)}, look(3), "coupon",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 3}, Assumed: 3}},
		"a pool without a code": {
			[]string{bar}, []string{strings.Replace(coupon, "code: TEN", "pool: none", 1)}, look(3), "coupon", replay.Change{}},
		"a pool that was empty then": {
			[]string{strings.Replace(coupon, "code: TEN", "pool: none", 1)}, []string{strings.Replace(coupon, "code: TEN", "pool: none", 1)}, look(3), "coupon", replay.Change{}},
		"a coupon": {
			[]string{bar}, []string{coupon}, look(3), "coupon",
			replay.Change{Visitors: replay.Pair{Changed: 1}, Gained: 1, Exposures: replay.Pair{Changed: 3}, Assumed: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := scene(t, c.before...)
			c.happens(s, p)
			report := s.backtest(load(t, c.changed...), load(t, c.before...), dawn)
			got := report.Campaigns[slices.IndexFunc(report.Campaigns, func(x replay.Change) bool { return x.Campaign == c.campaign })]
			if c.want.Campaign = c.campaign; got != c.want {
				t.Errorf("\n     %+v\nwant %+v", got, c.want)
			}
			if report.Reproduced.Equal != report.Decisions || report.Visitors != 1 || *report.Reproduced.Share != 1 {
				t.Errorf("%+v", report.Reproduced)
			}
			if recorded := s.backtest(load(t, c.changed...), nil, dawn); asJSON(t, recorded.Campaigns) != asJSON(t, report.Campaigns) {
				t.Errorf("against what was recorded\n%s\nagainst the same rules\n%s", asJSON(t, recorded.Campaigns), asJSON(t, report.Campaigns))
			}
			coupons := map[string]string{"a coupon": `[{"coupon":"TEN","visitors":{"present":0,"changed":1}}]`, "a pool that was not handed out then": `[{"coupon":"few","visitors":{"present":0,"changed":1}}]`}
			if want := coupons[name]; asJSON(t, report.Coupons) != max(want, "[]") {
				t.Errorf("%s", asJSON(t, report.Coupons))
			}
			if strings.Contains(name, "rival") {
				want := `[{"slot":"modal","winner":"rival","loser":"modal","decisions":{"present":0,"changed":3}}]`
				if asJSON(t, report.Conflicts) != want || report.Days[0].Present != 1 || report.Days[0].Changed != 1 {
					t.Errorf("%s\n%+v", asJSON(t, report.Conflicts), report.Days)
				}
			}
			if strings.Contains(name, "one is added") {
				// Its offer on the bar was never exposed: no overlap.
				if asJSON(t, report.Overlap) != `[]` || asJSON(t, report.Days) != `[{"day":"2026-11-02","present":0,"changed":1}]` {
					t.Errorf("%s\n%s", asJSON(t, report.Overlap), asJSON(t, report.Days))
				}
			}
		})
	}
}

// A counter that only the changed rules have counts what was before the time
// that is replayed.
func TestCountersOfChangedRulesCountThePast(t *testing.T) {
	t.Parallel()
	bar := "id: bar\nstatus: live\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	s, p := scene(t, bar)
	for range 3 {
		s.open(p, "/cart")
	}
	from := s.now.Add(time.Second)
	s.open(p, "/cart")
	report := s.backtest(load(t, strings.NewReplacer("status", "when: count(\"page_view\", \"1d\") == 4\nstatus", "id: bar", "id: fourth").Replace(bar)), load(t, bar), from)
	if i := slices.IndexFunc(report.Campaigns, func(c replay.Change) bool { return c.Campaign == "fourth" }); report.Campaigns[i].Assumed != 1 {
		t.Errorf("%+v", report.Campaigns)
	}
}

// Over days of traffic with everything in it: the present rules beside
// themselves change nothing, and every decision is reproduced.
func TestTheSameRulesChangeNothing(t *testing.T) {
	t.Parallel()
	s := played(t, 40, 6_000, 3)
	report := s.backtest(load(t, before...), load(t, before...), dawn.Add(6*time.Hour))
	if report.Reproduced.Equal != report.Decisions || report.Decisions < 1000 {
		t.Errorf("%d of %d reproduced: %+v", report.Reproduced.Equal, report.Decisions, report.Reproduced.Causes)
	}
	for _, c := range report.Campaigns {
		if c.Visitors.Present != c.Visitors.Changed || c.Exposures.Present != c.Exposures.Changed || c.Gained+c.Lost > 0 {
			t.Errorf("%+v", c)
		}
	}
	if s := asJSON(t, report.Overlap); len(report.Overlap) == 0 || len(report.Days) < 2 || len(report.Conflicts) == 0 {
		t.Errorf("overlap %s, days %+v, conflicts %+v", s, report.Days, report.Conflicts)
	}
}
