package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// draw is a seeded source of conversions among n units.
func draw(seed uint64) func(n uint64, rate float64) uint64 {
	source := rand.NewPCG(seed, 20261121)
	return func(n uint64, rate float64) uint64 {
		return uint64(distuv.Binomial{N: float64(n), P: rate, Src: source}.Rand())
	}
}

// within tells whether a count of rare events out of trials fits the rate, at four standard deviations.
func within(count, trials int, rate float64) bool {
	expected := float64(trials) * rate
	return math.Abs(float64(count)-expected) <= 4*math.Sqrt(expected*(1-rate))
}

// TestFalseAlarmsAreNominalOnBothSides: where nothing differs, 2.5 % of campaigns
// win and 2.5 % lose. The test of the ratio is off exactly here: it calls a loss
// far more often than a win where conversions are rare.
func TestFalseAlarmsAreNominalOnBothSides(t *testing.T) {
	t.Parallel()
	const trials = 8_000
	for seed, rate := range []float64{0.005, 0.03, 0.10} {
		conversions := draw(uint64(seed))
		wins, losses := 0, 0
		for range trials {
			// Unequal arms, as with a small control group.
			c, tr := Proportion(20_000, conversions(20_000, rate)), Proportion(30_000, conversions(30_000, rate))
			if p := Welch(c, tr); p.Known && p.Value < alpha {
				if tr.Mean > c.Mean {
					wins++
				} else {
					losses++
				}
			}
		}
		if !within(wins, trials, 0.025) || !within(losses, trials, 0.025) {
			t.Errorf("at a rate of %g: %d false wins and %d false losses in %d, want about %g each", rate, wins, losses, trials, 0.025*trials)
		}
	}
}

// TestFalseAlarmsStayRareOnLittleData: with ten conversions an arm, and with a
// control far smaller than the rest, the verdict is a false one in at most 7 % of
// campaigns; with fewer conversions it is silent.
func TestFalseAlarmsStayRareOnLittleData(t *testing.T) {
	t.Parallel()
	const trials = 5_000
	for seed, c := range []struct {
		control, treatment uint64
		rate, most         float64 // of false verdicts
	}{
		{1_000, 1_000, 0.005, 0.001}, {1_000, 1_000, 0.015, 0.05},
		{1_000, 4_000, 0.012, 0.06}, {1_000, 9_000, 0.012, 0.065}, {1_000, 19_000, 0.012, 0.07}, {9_000, 1_000, 0.012, 0.065},
	} {
		conversions := draw(uint64(100 + seed))
		wrong := 0
		for range trials {
			arms := two(c.control, conversions(c.control, c.rate), c.treatment, conversions(c.treatment, c.rate))
			figures := ArmResult{Rate: number(arms[1].rate().Mean), PValue: Welch(arms[0].rate(), arms[1].rate())}
			if v := judgeArm(arms[0], arms[1], figures); v == Win || v == Loss {
				wrong++
			}
		}
		if most := trials * c.most; float64(wrong) > most+4*math.Sqrt(most) {
			t.Errorf("%d against %d at a rate of %g: %d of %d campaigns without a difference win or lose, want at most %g", c.control, c.treatment, c.rate, wrong, trials, most)
		}
	}
}

// TestHolmKeepsTheFamilyHonest: of campaigns with four arms that all do nothing,
// one in twenty has any winner or loser at most, and not far fewer.
func TestHolmKeepsTheFamilyHonest(t *testing.T) {
	t.Parallel()
	const trials, n = 3_000, 20_000
	for seed, rate := range []float64{0.005, 0.03, 0.10} {
		conversions := draw(uint64(50 + seed))
		holm, unadjusted := 0, 0
		for range trials {
			control := Proportion(n, conversions(n, rate))
			p := make([]Number, 3)
			for i := range p {
				p[i] = Welch(control, Proportion(n, conversions(n, rate)))
			}
			low := func(p Number) bool { return p.Known && p.Value < alpha }
			if slices.ContainsFunc(Holm(p), low) {
				holm++
			}
			if slices.ContainsFunc(p, low) {
				unadjusted++
			}
		}
		most := alpha*trials + 4*math.Sqrt(alpha*(1-alpha)*trials)
		if float64(holm) > most || holm < trials*3/100 || float64(unadjusted) < 1.5*alpha*trials {
			t.Errorf("at a rate of %g: %d of %d families alarm (want about %g), unadjusted %d", rate, holm, trials, alpha*trials, unadjusted)
		}
	}
}

// TestIntervalsCoverTheTruth: 95 of 100 intervals hold the true rate, the true lift
// and the true difference, at every rate.
func TestIntervalsCoverTheTruth(t *testing.T) {
	t.Parallel()
	const trials, better = 5_000, 1.2
	for seed, base := range []float64{0.005, 0.03, 0.10} {
		conversions := draw(uint64(11 + seed))
		nC, nT := uint64(400/base), uint64(300/base) // as many conversions at every rate
		var lifts, rates, differences int
		misses := func(ci Interval, truth float64) int {
			if ci.Low > truth || ci.High < truth {
				return 1
			}
			return 0
		}
		for range trials {
			converted := conversions(nT, base*better)
			c, tr := Proportion(nC, conversions(nC, base)), Proportion(nT, converted)
			lifts += misses(LogRatio(c, tr).Interval(), better-1)
			differences += misses(Absolute(c, tr).Interval(alpha), base*(better-1))
			rates += misses(Wilson(nT, converted), base*better)
		}
		if !within(lifts, trials, alpha) || !within(rates, trials, alpha) || !within(differences, trials, alpha) {
			t.Errorf("at a rate of %g, of %d intervals %d miss the lift, %d the rate and %d the difference, want about %g", base, trials, lifts, rates, differences, alpha*trials)
		}
	}
}

// TestPeekingIsSafeOnlyWithTheSequentialInterval: a hundred looks at a campaign
// without a difference; whoever stops at the first p < 0.05 is fooled by about
// one in three, whoever watches the sequential interval by at most one in twenty.
func TestPeekingIsSafeOnlyWithTheSequentialInterval(t *testing.T) {
	t.Parallel()
	const campaigns, looks, step = 600, 100, 200
	conversions := draw(13)
	fixed, sequential := 0, 0
	for range campaigns {
		var n, control, treatment uint64
		fooled, alarmed := false, false
		for range looks {
			n, control, treatment = n+step, control+conversions(step, 0.1), treatment+conversions(step, 0.1)
			c, tr := Proportion(n, control), Proportion(n, treatment)
			p, ci := Welch(c, tr), LogRatio(c, tr).Sequential()
			fooled = fooled || p.Known && p.Value < alpha
			alarmed = alarmed || ci.Known && (ci.Low > 0 || ci.High < 0)
		}
		if fooled {
			fixed++
		}
		if alarmed {
			sequential++
		}
	}
	if sequential > campaigns*5/100 {
		t.Errorf("the sequential interval gives %d false alarms in %d campaigns, want at most 5 %%", sequential, campaigns)
	}
	if fixed < campaigns*20/100 {
		t.Errorf("the simulation is blind: peeking at a fixed test fools only %d of %d", fixed, campaigns)
	}
}
