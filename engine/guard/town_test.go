package guard_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/guard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/rules"
)

// town is a simulated shop with many campaigns that do not meet: the warehouse that
// counts them, the engine that keeps what is decided, and a clock.
type town struct {
	t       testing.TB
	random  *rand.Rand
	now     time.Time
	live    *engine.Live
	of      map[string]*running
	stopped []string // campaign variant guardrail, in order
	answers func(campaign string) error
	refuses error // what the engine says to every decision
	asked   []string
	after   func() // once a question is answered
}

// running is one campaign's present phase.
type running struct {
	rates   map[string]float64 // variant → conversion rate
	errors  map[string]float64 // variant → share of units that meet an error
	periods []guard.Period
	due     map[int][]func() // look → what is converted by then
	units   uint64
}

// newTown compiles the same campaign n times, as c1, c2, …
func newTown(t testing.TB, seed uint64, n int, campaign string, rates map[string]float64) *town {
	t.Helper()
	files := fstest.MapFS{}
	for i := range n {
		files[fmt.Sprintf("campaigns/c%d.yaml", i+1)] = &fstest.MapFile{Data: fmt.Appendf(nil, "id: c%d\nstatus: live\n%s", i+1, campaign)}
	}
	set, found := rules.Load(files)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	town := &town{
		t: t, random: rand.New(rand.NewPCG(seed, 20261122)), now: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC),
		live: &engine.Live{Set: set, Phases: map[string]string{}, Overrides: map[string]engine.Override{}}, of: map[string]*running{},
		answers: func(string) error { return nil },
	}
	for _, c := range set.Campaigns {
		town.of[c.ID] = &running{rates: rates}
		town.open(c.ID)
	}
	return town
}

// open begins a phase of the campaign, with nobody in it.
func (w *town) open(campaign string) {
	w.live.Phases[campaign] += "."
	r := w.of[campaign]
	r.periods, r.due, r.units = nil, map[int][]func(){}, 0
	w.period(campaign)
}

func (w *town) period(campaign string) {
	r := w.of[campaign]
	p := guard.Period{Number: len(r.periods)}
	for _, v := range w.campaign(campaign).Variants {
		p.Arms = append(p.Arms, guard.Arm{Arm: stats.Arm{Variant: v.ID, Control: v.Control(), Weight: v.Weight}})
	}
	r.periods = append(r.periods, p)
}

func (w *town) campaign(id string) *rules.Campaign {
	for _, c := range w.live.Set.Campaigns {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// pass lets time go by: of each campaign that is not stopped so many visitors come, and
// buy some hours later.
func (w *town) pass(by time.Duration, visitors int) {
	w.now = w.now.Add(by)
	slot := func(at time.Time) int { return int(at.Unix() / 300) }
	for _, c := range w.live.Set.Campaigns {
		r, is := w.of[c.ID], w.live.Overrides[c.ID]
		for at, sales := range r.due {
			if at <= slot(w.now) {
				for _, sale := range sales {
					sale()
				}
				delete(r.due, at)
			}
		}
		if is.Harm != nil {
			continue
		}
		arms := r.periods[len(r.periods)-1].Arms
		for range visitors {
			arm := &arms[w.drawn(c, is)]
			arm.N++
			r.units++
			if w.random.Float64() < r.errors[arm.Variant] {
				arm.Failed++
			}
			if w.random.Float64() < r.rates[arm.Variant] {
				order := math.Round(3_000 * math.Exp(w.random.NormFloat64()/2))
				later := w.now.Add(time.Duration(min(71, 3*w.random.ExpFloat64()) * float64(time.Hour)))
				r.due[slot(later)+1] = append(r.due[slot(later)+1], func() {
					arm.Converted++
					arm.Sum, arm.SumSquares = arm.Sum+order, arm.SumSquares+order*order
				})
			}
		}
	}
}

// drawn is the place of the variant that the next visitor gets.
func (w *town) drawn(c *rules.Campaign, is engine.Override) int {
	point := w.random.IntN(10_000)
	for i, v := range c.Variants {
		part := v.High - v.Low
		if is.Period > 0 {
			part = is.Parts[i]
		}
		if point -= part; point < 0 {
			return i
		}
	}
	w.t.Fatalf("%s: the parts %v do not add up", c.ID, is.Parts)
	return 0
}

// Count is the warehouse's.
func (w *town) Count(_ context.Context, q guard.Question) ([]guard.Period, error) {
	w.asked = append(w.asked, q.Campaign)
	if err := w.answers(q.Campaign); err != nil {
		return nil, err
	}
	if q.Phase != w.live.Phases[q.Campaign] || q.Goal.Event != "purchase" || !q.AsOf.Equal(w.now) {
		return nil, fmt.Errorf("an unexpected question: %+v", q)
	}
	if w.after != nil {
		w.after()
	}
	return w.of[q.Campaign].periods, nil
}

// StopHarm is the engine's: a new phase, control for all.
func (w *town) StopHarm(campaign, phase string, h engine.HarmStop, now time.Time) error {
	if w.refuses != nil {
		return w.refuses
	}
	if phase != w.live.Phases[campaign] {
		return errors.New("a stop for another phase")
	}
	if h.Ja == "" || h.En == "" || h.At != w.now.UnixMilli() || !now.Equal(w.now) {
		return errors.New("a stop without words or time")
	}
	w.stopped = append(w.stopped, strings.Join([]string{campaign, h.Variant, h.Guardrail}, " "))
	w.decided(campaign, engine.Override{Harm: &h, By: "harm stop", At: now.UnixMilli()})
	return nil
}

// Allocate is the engine's: the next period of the same phase.
func (w *town) Allocate(campaign, phase string, parts []int, now time.Time) error {
	if w.refuses != nil {
		return w.refuses
	}
	if phase != w.live.Phases[campaign] {
		return errors.New("weights of another phase")
	}
	w.period(campaign)
	w.decided(campaign, engine.Override{Period: w.live.Overrides[campaign].Period + 1, Parts: parts, By: "bandit", At: now.UnixMilli()})
	return nil
}

// decided swaps what is live, as the engine does.
func (w *town) decided(campaign string, is engine.Override) {
	next := *w.live
	next.Overrides = maps.Clone(w.live.Overrides)
	next.Overrides[campaign] = is
	w.live = &next
}

// resume lifts the stop: a fresh phase.
func (w *town) resume(campaign string) {
	w.decided(campaign, engine.Override{})
	w.open(campaign)
}

// guard is one that has just started, as after a restart of the server.
func (w *town) guard() *guard.Guard {
	return guard.New(w.options())
}

func (w *town) options() guard.Options {
	return guard.Options{
		Live: func() *engine.Live { return w.live }, Engine: w, Warehouse: w, Every: 5 * time.Minute,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now },
	}
}
