package guard_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/guard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/rules"
)

// harmful are counts that stop a campaign of twoArms for its conversions.
func harmful() []guard.Period {
	return []guard.Period{{Arms: []guard.Arm{
		{Arm: stats.Arm{Variant: "a", N: 10_000, Converted: 500}},
		{Arm: stats.Arm{Variant: "control", Control: true, N: 10_000, Converted: 1_000}},
	}}}
}

// TestWhatIsWatched: only campaigns for which something can be decided cost a question.
func TestWhatIsWatched(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, campaign string
		change         func(live *engine.Live)
		asked          bool
	}{
		{"live, with a control", twoArms, nil, true},
		{"no guardrails", "guardrails: []\n" + twoArms, nil, false},
		{"a bandit without guardrails", "guardrails: []\n" + bandit, nil, true},
		{"no control", "variants:\n  - {id: a, weight: 1, action: {type: banner, title: a}}\n", nil, false},
		{"a control that nobody gets", strings.Replace(twoArms, "weight: 50", "weight: 0", 1), nil, false},
		{"in shadow", twoArms, func(live *engine.Live) { live.Set.Campaigns[0].Status = rules.Shadow }, false},
		{"paused in its file", twoArms, func(live *engine.Live) { live.Set.Campaigns[0].Status = rules.Paused }, false},
		{"paused by hand", twoArms, func(live *engine.Live) { live.Overrides["c1"] = engine.Override{Paused: true} }, false},
		{"stopped", twoArms, func(live *engine.Live) { live.Overrides["c1"] = engine.Override{Harm: &engine.HarmStop{}} }, false},
		{"waits for its counters", twoArms, func(live *engine.Live) { live.Waiting = map[string]bool{"c1": true} }, false},
		{"a bandit in its third period", bandit, func(live *engine.Live) { live.Overrides["c1"] = engine.Override{Period: 2, Parts: []int{5_000, 5_000}} }, true},
	} {
		town := newTown(t, 0, 1, c.campaign, nil)
		if c.change != nil {
			c.change(town.live)
		}
		town.guard().Look(t.Context())
		if got := len(town.asked) == 1; got != c.asked {
			t.Errorf("%s: asked %v, want %t", c.name, town.asked, c.asked)
		}
	}
}

// TestWhatChangedMeanwhileIsLeftAlone: counts that come back to another phase, a
// pause, or weights that have moved decide nothing; the next look does.
func TestWhatChangedMeanwhileIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *town){
		"another phase": func(w *town) { w.live.Phases["c1"] += "." },
		"a pause":       func(w *town) { w.decided("c1", engine.Override{Paused: true, At: 7}) },
		"a back-fill":   func(w *town) { w.live.Waiting = map[string]bool{"c1": true} },
		"a new period":  func(w *town) { w.decided("c1", engine.Override{Period: 1, Parts: []int{1, 9_999}, At: 7}) },
	} {
		town := newTown(t, 0, 1, twoArms, nil)
		town.of["c1"].periods = harmful()
		town.live.Phases = maps.Clone(town.live.Phases)
		before := *town.live
		phases := maps.Clone(town.live.Phases)
		town.answers = func(string) error {
			live := before
			live.Phases = maps.Clone(phases)
			town.live = &live
			change(town)
			phase := town.live.Phases["c1"]
			town.live.Phases["c1"] = phases["c1"] // what is asked about
			town.after = func() { town.live.Phases["c1"] = phase }
			return nil
		}
		town.guard().Look(t.Context())
		if len(town.asked) != 1 || len(town.stopped) != 0 {
			t.Errorf("%s while it was asked: asked %v, stopped %v", name, town.asked, town.stopped)
		}
		town.live, town.answers, town.after = &before, func(string) error { return nil }, nil
		town.guard().Look(t.Context())
		if len(town.stopped) != 1 {
			t.Errorf("%s: the next look does not stop it", name)
		}
	}
}

// TestWhatChangedDuringALookIsReadAnew: guardrails that are given up while another
// campaign is asked about stop nothing any more.
func TestWhatChangedDuringALookIsReadAnew(t *testing.T) {
	t.Parallel()
	town := newTown(t, 0, 2, twoArms, nil)
	for _, r := range town.of {
		r.periods = harmful()
	}
	town.answers = func(campaign string) error {
		if campaign == "c1" {
			live := *town.live
			live.Set = newTown(t, 0, 2, "guardrails: []\n"+twoArms, nil).live.Set
			town.live = &live
		}
		return nil
	}
	town.guard().Look(t.Context())
	if got := strings.Join(town.asked, " "); got != "c1" || len(town.stopped) > 0 {
		t.Errorf("asked for %s, stopped %v", got, town.stopped)
	}
}

// TestAWarehouseThatIsAwayDecidesNothing: three failures end a look, the next one
// begins with who has waited longest, and the age of what is known is told.
func TestAWarehouseThatIsAwayDecidesNothing(t *testing.T) {
	t.Parallel()
	town := newTown(t, 0, 5, twoArms, nil)
	for _, r := range town.of {
		r.periods = harmful()
	}
	registry := prometheus.NewRegistry()
	o := town.options()
	o.Metrics = registry
	g := guard.New(o)
	town.answers = func(string) error { return errors.New("connection refused") }
	for _, want := range []string{"c1 c2 c3", "c4 c5 c1", "c2 c3 c1"} {
		town.now, town.asked = town.now.Add(5*time.Minute), nil
		g.Look(t.Context())
		if got := strings.Join(town.asked, " "); got != want {
			t.Errorf("asked for %s, want %s", got, want)
		}
	}
	told(t, registry, 9, 0, 600)
	if len(town.stopped) > 0 {
		t.Fatalf("stopped without an answer: %v", town.stopped)
	}
	town.answers = func(campaign string) error {
		if campaign == "c3" {
			return errors.New("too much memory")
		}
		return nil
	}
	town.now = town.now.Add(5 * time.Minute)
	g.Look(t.Context())
	told(t, registry, 10, 4, 900)
	if len(town.stopped) != 4 {
		t.Errorf("the warehouse is back but for one campaign; stopped: %v", town.stopped)
	}
	if n := testutil.CollectAndCount(registry, "omo_campaign_stopped"); n != 4 {
		t.Errorf("%d campaigns are told to be stopped", n)
	}
	town.answers = func(campaign string) error {
		if campaign != "c2" && campaign != "c4" {
			return errors.New("too much memory")
		}
		return nil
	}
	for id, r := range town.of {
		town.resume(id)
		r.periods = harmful()
	}
	town.asked = nil
	g.Look(t.Context())
	if len(town.asked) != 5 || len(town.stopped) != 6 {
		t.Errorf("three failures that were not in a row ended the look: %v", town.asked)
	}
	town.resume("c2")
	if n := testutil.CollectAndCount(registry, "omo_campaign_stopped"); n != 1 {
		t.Errorf("one of two was resumed, and %d campaigns are told to be stopped", n)
	}
}

// TestAPauseIsNoTimeWithoutALook: the age is of campaigns that are watched, since
// they are.
func TestAPauseIsNoTimeWithoutALook(t *testing.T) {
	t.Parallel()
	town := newTown(t, 0, 1, twoArms, nil)
	registry := prometheus.NewRegistry()
	o := town.options()
	o.Metrics = registry
	g := guard.New(o)
	later := func(want float64) {
		t.Helper()
		town.now = town.now.Add(5 * time.Minute)
		if got := oldest(t, registry); got != want {
			t.Errorf("the oldest look was %g s ago, want %g", got, want)
		}
		g.Look(t.Context())
	}
	later(300) // it is there from the start
	town.decided("c1", engine.Override{Paused: true})
	later(0)
	later(0)
	town.decided("c1", engine.Override{})
	later(300)
	later(300)
}

func oldest(t *testing.T, registry *prometheus.Registry) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "omo_guard_oldest_look_seconds" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("it is not told")
	return 0
}

// told compares the looks that failed and that stopped something, and the age in seconds.
func told(t *testing.T, registry *prometheus.Registry, failed, stopped, age float64) {
	t.Helper()
	want := fmt.Sprintf(`# HELP omo_guard_looks_total Looks at how a live campaign does, by what came of it: nothing, stopped (for harm), moved (a bandit's weights), failed.
# TYPE omo_guard_looks_total counter
omo_guard_looks_total{outcome="failed"} %g
omo_guard_looks_total{outcome="moved"} 0
omo_guard_looks_total{outcome="nothing"} 0
omo_guard_looks_total{outcome="stopped"} %g
# HELP omo_guard_oldest_look_seconds How long ago the live campaign that has waited longest was looked at; 0 where none is watched (--guard-every 0).
# TYPE omo_guard_oldest_look_seconds gauge
omo_guard_oldest_look_seconds %g
`, failed, stopped, age)
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "omo_guard_looks_total", "omo_guard_oldest_look_seconds"); err != nil {
		t.Error(err)
	}
}

// TestAnEngineThatRefusesIsAskedAgain: where the stop cannot be kept, nothing is stopped,
// and the next look tries again.
func TestAnEngineThatRefusesIsAskedAgain(t *testing.T) {
	t.Parallel()
	town := newTown(t, 0, 1, twoArms, nil)
	town.of["c1"].periods = harmful()
	registry := prometheus.NewRegistry()
	o := town.options()
	var log strings.Builder
	o.Metrics, o.Log = registry, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	g := guard.New(o)
	town.refuses = errors.New("no room")
	g.Look(t.Context())
	told(t, registry, 1, 0, 0)
	town.refuses = nil
	g.Look(t.Context())
	told(t, registry, 1, 1, 0)
	const want = `level=WARN msg="how a campaign does could not be asked or acted on; the next look tries again" campaign=c1 error="a does harm and could not be stopped: no room"
level=ERROR msg="campaign stopped: everybody gets its control until it is resumed" campaign=c1 variant=a guardrail=conversion why="a does harm: 5.00% of its visitors converted against 10.00% of control's, fewer by 3.75 points at least (wrong at most 5 times in 100, however often one looks). Stop it and revise it." resume="omo resume c1"
`
	if log.String() != want {
		t.Errorf("the log says\n%swant\n%s", &log, want)
	}
}

// TestASlowWarehouseHasRest: a question is given up after 30 s; whatever it took,
// four times as long nothing is asked; the look goes on where it was, and looks that take
// longer than the time between them do not pile up.
func TestASlowWarehouseHasRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := &slowly{town: newTown(t, 0, 4, twoArms, nil), takes: map[string]time.Duration{"c1": time.Second, "c2": time.Hour, "c3": 20 * time.Second, "c4": 0}}
		o := slow.town.options()
		o.Now, o.Warehouse, o.Every = time.Now, slow, 5*time.Minute
		start := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- guard.New(o).Run(ctx) }()
		time.Sleep(11*time.Minute + time.Second)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		var told []string
		for _, a := range slow.at {
			told = append(told, a.campaign+" "+a.at.Sub(start).String())
		}
		want := []string{"c1 0s", "c2 5s", "c3 2m35s", "c4 4m15s", "c1 5m0s", "c2 5m5s", "c3 7m35s", "c4 9m15s", "c1 10m0s", "c2 10m5s"}
		if !slices.Equal(told, want) {
			t.Errorf("asked\n%v, want\n%v", told, want)
		}
		slow.at, slow.takes["c4"] = nil, 29*time.Second
		ctx, stop = context.WithCancel(t.Context())
		go func() { done <- guard.New(o).Run(ctx) }()
		time.Sleep(20 * time.Minute)
		stop()
		<-done
		busy := time.Duration(0)
		for _, a := range slow.at {
			busy += min(slow.takes[a.campaign], 30*time.Second)
		}
		if share := busy.Minutes() / 20; share > 0.21 || share < 0.15 || len(slow.at) < 9 {
			t.Errorf("the warehouse was asked %.2f of the time, in %d questions", share, len(slow.at))
		}
	})
}

// TestAStopDoesNotWaitForTheWarehouse, nor for the rest after a question.
func TestAStopDoesNotWaitForTheWarehouse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, after := range []time.Duration{5 * time.Second, 30 * time.Second, 4 * time.Minute} {
			slow := &slowly{town: newTown(t, 0, 1, twoArms, nil), takes: map[string]time.Duration{"c1": 20 * time.Second}}
			o := slow.town.options()
			o.Now, o.Warehouse = time.Now, slow
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- guard.New(o).Run(ctx) }()
			time.Sleep(after)
			began := time.Now()
			stop()
			if err := <-done; err != nil || time.Since(began) > 0 {
				t.Errorf("stopped after %s: %v, in %s", after, err, time.Since(began))
			}
		}
		o := newTown(t, 0, 1, twoArms, nil).options()
		if o.Every = 0; guard.New(o).Run(t.Context()) != nil {
			t.Error("without looks there is nothing to wait for")
		}
	})
}

// slowly is a warehouse that takes its time.
type slowly struct {
	town  *town
	takes map[string]time.Duration
	at    []question
}

type question struct {
	campaign string
	at       time.Time
}

func (s *slowly) Count(ctx context.Context, q guard.Question) ([]guard.Period, error) {
	s.at = append(s.at, question{q.Campaign, time.Now()})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(s.takes[q.Campaign]):
		return s.town.of[q.Campaign].periods, nil
	}
}
