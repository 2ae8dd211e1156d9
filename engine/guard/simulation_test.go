package guard_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
)

const fourArms = `variants:
  - {id: control, weight: 40}
  - {id: a, weight: 30, action: {type: banner, title: a}}
  - {id: b, weight: 20, action: {type: banner, title: b}}
  - {id: c, weight: 10, action: {type: banner, title: c}}
`

const twoArms = `variants:
  - {id: control, weight: 50}
  - {id: a, weight: 50, action: {type: banner, title: a}}
`

// atMost is α of so many campaigns, and four deviations.
func atMost(campaigns int) float64 {
	n := float64(campaigns)
	return 0.05*n + 4*math.Sqrt(0.05*0.95*n)
}

// TestAThousandCampaignsWithoutHarm: three variants of which none differs from
// control, all guardrails, a look every five minutes over a day, the counts those of the
// whole phase at each look, and a restart of the server every three hours. At most α of
// 1,000 campaigns may be stopped.
func TestAThousandCampaignsWithoutHarm(t *testing.T) {
	t.Parallel()
	town := newTown(t, 1, 1_000, fourArms, map[string]float64{"control": 0.05, "a": 0.05, "b": 0.05, "c": 0.05})
	g := town.guard()
	for look := range 288 {
		if look%36 == 0 {
			g = town.guard()
		}
		town.pass(5*time.Minute, 24)
		g.Look(t.Context())
	}
	t.Logf("%d of 1,000 campaigns without harm stopped after %d looks at each", len(town.stopped), 288)
	if float64(len(town.stopped)) > atMost(1_000) {
		t.Errorf("%d stopped, want at most %.0f: %v", len(town.stopped), atMost(1_000), town.stopped)
	}
	if len(town.asked) < 280*1_000 {
		t.Errorf("the simulation is blind: %d questions", len(town.asked))
	}
}

// TestALossOfAFifthIsStoppedAmongThreeVariants: control converts at 10 %, b loses a
// fifth of it, the others nothing. It is b that is named, by so many visitors of all arms;
// the stop outlives the server, and nobody looks at a campaign that is stopped.
func TestALossOfAFifthIsStoppedAmongThreeVariants(t *testing.T) {
	t.Parallel()
	const campaigns, half, most = 60, 30_000, 60_000
	town := newTown(t, 2, campaigns, fourArms, map[string]float64{"control": 0.10, "a": 0.10, "b": 0.08, "c": 0.10})
	for range 1_200 {
		town.pass(5*time.Minute, 100)
		town.asked = nil
		before := len(town.stopped)
		town.guard().Look(t.Context())
		if len(town.asked) != campaigns-before {
			t.Fatalf("%d campaigns were asked for, want the %d that are not stopped", len(town.asked), campaigns-before)
		}
	}
	var units []uint64
	for _, s := range town.stopped {
		if f := strings.Fields(s); f[1] == "b" && (f[2] == "conversion" || f[2] == "value") {
			units = append(units, town.of[f[0]].units)
		}
	}
	slices.Sort(units)
	if len(units) < campaigns-3 {
		t.Fatalf("of %d campaigns only %d were stopped for b: %v", campaigns, len(units), town.stopped)
	}
	t.Logf("a loss of a fifth of 10 %% in one of three variants: half are stopped by %d visitors, nine in ten by %d, all by %d",
		units[campaigns/2-1], units[campaigns*9/10-1], units[len(units)-1])
	if units[campaigns/2-1] > half || units[campaigns*9/10-1] > most {
		t.Errorf("want half stopped by %d, nine in ten by %d", half, most)
	}
}

// TestAfterResumingNothingIsRemembered: what was stopped and is resumed begins anew,
// and where it does no harm any more it is not stopped for what it did.
func TestAfterResumingNothingIsRemembered(t *testing.T) {
	t.Parallel()
	town := newTown(t, 3, 20, twoArms, map[string]float64{"control": 0.10, "a": 0.04})
	g := town.guard()
	for range 100 {
		town.pass(5*time.Minute, 100)
		g.Look(t.Context())
	}
	if len(town.stopped) != 20 {
		t.Fatalf("%d of 20 campaigns that lose 60 %% are stopped", len(town.stopped))
	}
	for id, r := range town.of {
		r.rates = map[string]float64{"control": 0.10, "a": 0.10}
		town.resume(id)
	}
	for range 100 {
		town.pass(5*time.Minute, 100)
		g.Look(t.Context())
	}
	if len(town.stopped) > 22 {
		t.Errorf("stopped again, for what was before: %v", town.stopped[20:])
	}
	for id, r := range town.of {
		r.rates = map[string]float64{"control": 0.10, "a": 0.04}
		town.resume(id)
	}
	before := len(town.stopped)
	for range 100 {
		town.pass(5*time.Minute, 100)
		g.Look(t.Context())
	}
	if len(town.stopped) != before+20 {
		t.Errorf("harm after the fresh start: %d of 20 stopped", len(town.stopped)-before)
	}
}

const bandit = "allocation: bandit\n" + twoArms

// TestBanditsGoToTheBetterArm: a buys half as often again as control. Weights move once
// a day at most, no arm has less than 1 %, and after 20 days nearly all get a; none is
// stopped for harm, though control's share has sunk.
func TestBanditsGoToTheBetterArm(t *testing.T) {
	t.Parallel()
	const campaigns = 40
	town := newTown(t, 4, campaigns, bandit, map[string]float64{"control": 0.04, "a": 0.06})
	g := town.guard()
	last := map[string]engine.Override{}
	for hour := range 20 * 24 {
		if hour%100 == 0 {
			g = town.guard() // a restart moves nothing and forgets nothing
		}
		town.pass(time.Hour, 100)
		g.Look(t.Context())
		for id, is := range town.live.Overrides {
			before := last[id]
			if is.Period == before.Period {
				continue
			}
			if before.Period > 0 && is.At-before.At < (24*time.Hour).Milliseconds() || is.Period != before.Period+1 {
				t.Fatalf("%s moved from period %d to %d after %d ms", id, before.Period, is.Period, is.At-before.At)
			}
			if is.Parts[0]+is.Parts[1] != 10_000 || min(is.Parts[0], is.Parts[1]) < 100 {
				t.Fatalf("%s: parts %v", id, is.Parts)
			}
			last[id] = is
		}
	}
	gone, control, all := 0, uint64(0), uint64(0)
	for id, r := range town.of {
		if is := town.live.Overrides[id]; is.Period > 0 && is.Parts[1] >= 9_000 {
			gone++
		}
		for _, p := range r.periods {
			control, all = control+p.Arms[0].N, all+p.Arms[0].N+p.Arms[1].N
		}
	}
	t.Logf("after 20 days %d of %d bandits give the better arm nine in ten; %.1f %% of all visitors had got the other", gone, campaigns, 100*float64(control)/float64(all))
	if gone < campaigns*9/10 || float64(control) > 0.2*float64(all) || len(town.stopped) > 2 {
		t.Errorf("%d have gone there, %.3f got control, stopped: %v", gone, float64(control)/float64(all), town.stopped)
	}
}

// TestBanditsWithoutADifferenceAreNotStopped: weights wander by chance, shopping gets
// better and worse, and at most α of the campaigns are stopped.
func TestBanditsWithoutADifferenceAreNotStopped(t *testing.T) {
	t.Parallel()
	const campaigns = 200
	town := newTown(t, 5, campaigns, bandit, nil)
	g := town.guard()
	for hour := range 10 * 24 {
		rate := 0.03 + 0.05*float64(hour/24%2) // every other day is a sale
		for _, r := range town.of {
			r.rates = map[string]float64{"control": rate, "a": rate}
		}
		town.pass(time.Hour, 60)
		g.Look(t.Context())
	}
	moved := 0
	for _, is := range town.live.Overrides {
		moved = max(moved, is.Period)
	}
	t.Logf("%d of %d bandits without a difference stopped, within up to %d periods", len(town.stopped), campaigns, moved+1)
	if float64(len(town.stopped)) > atMost(campaigns) || moved < 3 {
		t.Errorf("%d stopped, want at most %.0f; up to %d moves", len(town.stopped), atMost(campaigns), moved)
	}
}
