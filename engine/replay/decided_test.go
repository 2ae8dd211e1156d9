package replay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// A back-test of the very rules that were live changes nothing, whatever was
// decided beside them: what was paused stays so.
func TestABacktestKeepsWhatWasDecided(t *testing.T) {
	t.Parallel()
	s, p := scene(t, learner)
	show := func(n int) {
		for range n {
			s.open(p, "/cart")
			for _, o := range p.offers {
				s.send(p, s.about(ingest.Exposure, o))
			}
			p.offers = nil
		}
	}
	show(1)
	if err := s.engine.Pause("learner", engine.Operator, s.now); err != nil {
		t.Fatal(err)
	}
	show(2)
	if _, err := s.engine.Resume("learner", engine.Operator, s.now); err != nil {
		t.Fatal(err)
	}
	if err := s.engine.StopHarm("learner", s.engine.Live().Phases["learner"], engine.HarmStop{Variant: "b", Guardrail: "errors"}, s.now); err != nil {
		t.Fatal(err)
	}
	show(1)
	for name, c := range map[string]struct {
		campaign string
		want     replay.Change
	}{
		"the same rules": {learner, replay.Change{Visitors: replay.Pair{Present: 1, Changed: 1}, Exposures: replay.Pair{Present: 2, Changed: 2}}},
		"other content was not stopped for harm, and was paused": {strings.Replace(strings.Replace(learner, "weight: 2", "weight: 200", 1), "learner\n", "learner\npriority: 1\n", 1),
			replay.Change{Visitors: replay.Pair{Present: 1, Changed: 1}, Exposures: replay.Pair{Present: 2, Changed: 2}, Assumed: 1}},
	} {
		report := s.backtest(load(t, c.campaign), nil, dawn)
		c.want.Campaign = "learner"
		if got := report.Campaigns[0]; got != c.want || report.Reproduced.Equal != 4 {
			t.Errorf("%s: %+v, want %+v; %d reproduced", name, got, c.want, report.Reproduced.Equal)
		}
	}
}

// What was decided after a visitor's last visit is known to a question about a
// later moment.
func TestExplainKnowsWhatWasDecidedSince(t *testing.T) {
	t.Parallel()
	s, p := scene(t, "id: bar\nstatus: live\nvariants: [{id: control, weight: 1}, {id: a, weight: 9999, action: "+banner+"}]")
	s.open(p, "/cart") // 00:01
	minute := func(n int, do func() error) {
		s.now = dawn.Add(time.Duration(n) * time.Minute)
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	minute(10, func() error { return s.engine.Pause("bar", engine.Operator, s.now) })
	minute(20, func() error { _, err := s.engine.Resume("bar", engine.Operator, s.now); return err })
	minute(30, func() error {
		return s.engine.StopHarm("bar", s.engine.Live().Phases["bar"], engine.HarmStop{Variant: "a", Guardrail: "conversion"}, s.now)
	})
	h := replay.History{Warehouse: nothing{}, Ledger: s.ledger, Loaded: func() uint64 { return 0 }}
	for n, want := range map[int]string{5: "offered a ()", 10: "not_live  (paused by operator)", 15: "not_live  (paused by operator)", 25: "offered a ()", 35: "control control (stopped for harm: conversion of a)", 0: "control control (stopped for harm: conversion of a)"} {
		past, err := h.Of(t.Context(), p.id)
		if err != nil {
			t.Fatal(err)
		}
		at := dawn.Add(time.Duration(n) * time.Minute)
		q := replay.Question{Page: &ingest.Event{Name: ingest.PageView, Time: at.UnixMilli(), Page: &ingest.Page{URL: "https://shop.example/", Path: "/"}}}
		if n > 0 {
			q.Until = at
		}
		a, err := past.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if v := a.Campaigns[0]; fmt.Sprintf("%s %s (%s)", v.Reason, v.Variant, v.Detail) != want {
			t.Errorf("after %d minutes: %s %s (%s), want %s", n, v.Reason, v.Variant, v.Detail, want)
		}
	}
}

// unfilled is a warehouse in which nobody did anything.
type unfilled struct{}

func (unfilled) Visitors(context.Context, engine.Past) (int, error) { return 0, nil }
func (unfilled) Each(context.Context, engine.Past, func(*ingest.Event) error) error {
	return nil
}

// What was decided beside the files goes on when a back-fill ends.
func TestABackfillEndsUnderAnOverride(t *testing.T) {
	t.Parallel()
	const bar = "id: bar\nstatus: live\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	s, p := scene(t, bar)
	s.open(p, "/cart")
	s.use(load(t, bar, after()[len(before)]))
	if err := s.engine.Pause("bar", engine.Operator, s.now); err != nil {
		t.Fatal(err)
	}
	s.open(p, "/cart")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var run sync.WaitGroup
	run.Go(func() {
		if err := s.engine.Backfill(ctx, unfilled{}, func() time.Time { return s.now }); err != nil {
			t.Error(err)
		}
	})
	for waiting, _ := s.engine.Backfilling(); len(waiting) > 0 && ctx.Err() == nil; waiting, _ = s.engine.Backfilling() {
		time.Sleep(time.Millisecond)
	}
	stop()
	run.Wait()
	s.open(p, "/cart")
	var got []string
	s.again(func(m *replay.Moment, made engine.Decision) {
		for _, o := range made.Outcomes {
			got = append(got, o.Campaign+" "+o.Reason)
		}
		if d := replay.Compare(m.Logged.Props.Outcomes, made.Outcomes); d != nil {
			t.Errorf("at %d: %s", m.Seq, asJSON(t, d))
		}
	})
	if want := []string{"bar offered", "bar not_live", "newer backfilling", "bar not_live", "newer offered"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// While visits come in from all sides, rules are reloaded and things are decided
// beside them: whichever came first, each decision is made again as it was.
func TestDecidedUnderLoad(t *testing.T) {
	t.Parallel()
	s := newShop(t, 0, 1)
	e := engine.New(engine.Options{Store: s.ledger, Key: []byte("key"), Patience: time.Minute})
	s.engine = e
	sets := []*rules.Set{load(t, learner), load(t, strings.Replace(learner, "weight: 2", "weight: 3", 1))}
	s.use(sets[0])
	var visits, others sync.WaitGroup
	done := make(chan struct{})
	visit := func(id string) error {
		view := ingest.Event{ID: e.NewID(), Name: ingest.PageView, Time: dawn.UnixMilli(), Received: dawn.UnixMilli(), Page: &ingest.Page{URL: "https://shop.example/", Path: "/"}}
		a, err := e.Visit(engine.Visit{Visitor: id, Events: []ingest.Event{view}, Decide: &engine.Request{ID: e.NewID(), Context: &view, Consent: true}}, dawn)
		if err != nil {
			return err
		}
		for _, o := range a.Decision.Offers {
			shown := ingest.Event{ID: e.NewID(), Name: ingest.Exposure, Time: dawn.UnixMilli(), Received: dawn.UnixMilli(),
				Properties: fmt.Appendf(nil, `{"campaign":"learner","variant":%q,"phase":%q,"decision_id":%q}`, o.Variant.ID, o.Phase, a.Decision.ID)}
			if err := shown.ParseProperties(); err != nil {
				return err
			}
			if _, err := e.Visit(engine.Visit{Visitor: id, Events: []ingest.Event{shown}}, dawn); err != nil {
				return err
			}
		}
		return nil
	}
	const visitors = 20
	for i := range visitors { // all of them once while it is live, whatever comes first after that
		if err := visit(fmt.Sprintf("v%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 4 {
		visits.Go(func() {
			for i := range 200 {
				if err := visit(fmt.Sprintf("v%d", (i+n)%visitors)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	again := func(do func(i int) error) {
		others.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if err := do(i); err != nil && !errors.Is(err, engine.ErrAsItIs) {
					t.Error(err)
					return
				}
			}
		})
	}
	again(func(i int) error { return e.Use(sets[i%2], dawn) })
	again(func(i int) error {
		switch i % 5 {
		case 0:
			return e.Pause("learner", engine.Operator, dawn)
		case 2:
			return e.StopHarm("learner", e.Live().Phases["learner"], engine.HarmStop{Variant: "a", Guardrail: "value"}, dawn)
		case 4:
			return e.Allocate("learner", e.Live().Phases["learner"], []int{i % 10_000, 10_000 - i%10_000, 0}, dawn)
		}
		_, err := e.Resume("learner", engine.Operator, dawn)
		return err
	})
	visits.Wait()
	close(done)
	others.Wait()
	if err := e.Pause("learner", engine.Operator, dawn); err != nil && !errors.Is(err, engine.ErrAsItIs) {
		t.Fatal(err)
	}
	if err := visit("v0"); err != nil { // and one for certain while it is not
		t.Fatal(err)
	}
	became := map[string]int{}
	s.again(func(m *replay.Moment, made engine.Decision) {
		for _, o := range m.Logged.Props.Outcomes {
			became[o.Reason]++
		}
		if d := replay.Compare(m.Logged.Props.Outcomes, made.Outcomes); d != nil {
			t.Errorf("at %d (%s): %s", m.Seq, m.Cause(), asJSON(t, d))
		}
	})
	if became[engine.NotLive] == 0 || became[engine.Offered] == 0 || became[engine.Control] == 0 {
		t.Errorf("decisions came to %v", became)
	}
}
