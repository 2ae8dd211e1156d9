package stats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// traffic is a simulated campaign of two arms, looked at every five minutes. What
// converts does so some hours after the exposure, as in a shop.
type traffic struct {
	control, arm   float64 // conversion rates
	perLook        [2]int  // visitors of control and the arm in five minutes
	closes, errors float64 // of both arms
	looks          int
}

// run looks until harm is found, and returns the units seen by then and the guardrail.
func (c traffic) run(random *rand.Rand, limits Limits) (units uint64, hurt Guardrail) {
	var sums [2]Guarded
	type later struct {
		converted    uint64
		sum, squared float64
	}
	var due [2][1024]later
	rates := [2]float64{c.control, c.arm}
	for look := range c.looks {
		for i := range sums {
			s, d := &sums[i], &due[i][look%1024]
			s.Converted, s.Value.Sum, s.Value.SumSquares = s.Converted+d.converted, s.Value.Sum+d.sum, s.Value.SumSquares+d.squared
			*d = later{}
			for range c.perLook[i] {
				s.N++
				if random.Float64() < c.closes {
					s.Closed++
				}
				if random.Float64() < c.errors {
					s.Failed++
				}
				if random.Float64() < rates[i] {
					hours := min(71, 6*random.ExpFloat64())
					order := 3_000 * math.Exp(random.NormFloat64())
					d := &due[i][(look+1+int(12*hours))%1024]
					d.converted, d.sum, d.squared = d.converted+1, d.sum+order, d.squared+order*order
				}
			}
		}
		if h := CheckHarm(sums[0], sums[1], limits, 1); h.Harmful {
			return sums[0].N + sums[1].N, h.Guardrail
		}
	}
	return sums[0].N + sums[1].N, ""
}

// TestCampaignsWithoutHarmAreNotStopped: 1,000 campaigns in which nothing differs,
// looked at every five minutes for four days (1,152 looks), with all four
// guardrails at their edge. At most α of them may be stopped, four binomial deviations allowed
// (77 of 1,000); then 200 campaigns each for a day and a half at other rates and splits.
func TestCampaignsWithoutHarmAreNotStopped(t *testing.T) {
	t.Parallel()
	for seed, c := range []struct {
		traffic
		campaigns float64
	}{
		{traffic{control: 0.03, arm: 0.03, perLook: [2]int{8, 8}, closes: 0.4, errors: 0.01, looks: 1_152}, 1_000},
		{traffic{control: 0.005, arm: 0.005, perLook: [2]int{30, 30}, closes: 0.1, errors: 0.002, looks: 432}, 200},
		{traffic{control: 0.10, arm: 0.10, perLook: [2]int{10, 10}, closes: 0.8, errors: 0.05, looks: 432}, 200},
		{traffic{control: 0.03, arm: 0.03, perLook: [2]int{36, 4}, closes: 0.4, errors: 0.01, looks: 432}, 200},
		{traffic{control: 0.03, arm: 0.03, perLook: [2]int{4, 36}, closes: 0.4, errors: 0.01, looks: 432}, 200},
	} {
		random := rand.New(rand.NewPCG(uint64(seed), 20261123))
		stopped, all := map[Guardrail]int{}, 0
		for range int(c.campaigns) {
			if _, hurt := c.run(random, Limits{}); hurt != "" {
				stopped[hurt]++
				all++
			}
		}
		t.Logf("rate %g, %v visitors a look: %d of %g campaigns stopped without harm %v", c.control, c.perLook, all, c.campaigns, stopped)
		if most := alpha*c.campaigns + 4*math.Sqrt(alpha*(1-alpha)*c.campaigns); float64(all) > most {
			t.Errorf("rate %g: %d stopped, want at most %g", c.control, all, most)
		}
	}
}

// TestALossOfAFifthIsStopped: a campaign that loses 20 % of conversions is stopped,
// for its conversions or the money, within so many visitors of both arms.
func TestALossOfAFifthIsStopped(t *testing.T) {
	t.Parallel()
	const campaigns = 100
	for seed, c := range []struct {
		traffic
		half, most uint64 // visitors by which half and nine in ten campaigns are stopped
	}{
		{traffic{control: 0.10, arm: 0.08, perLook: [2]int{20, 20}, closes: 0.4, looks: 3_000}, 12_000, 25_000},
		{traffic{control: 0.03, arm: 0.024, perLook: [2]int{50, 50}, closes: 0.4, looks: 3_000}, 40_000, 80_000},
	} {
		random := rand.New(rand.NewPCG(uint64(seed), 20261124))
		var units []uint64
		why := map[Guardrail]int{}
		for range campaigns {
			n, hurt := c.run(random, DefaultLimits())
			units = append(units, n)
			why[hurt]++
		}
		slices.Sort(units)
		half, most := units[campaigns/2], units[campaigns*9/10]
		t.Logf("conversions of %g fall by a fifth: half are stopped by %d visitors, nine in ten by %d, all by %d %v", c.control, half, most, units[campaigns-1], why)
		if half > c.half || most > c.most || why[""] > 0 || why[GuardCloses]+why[GuardErrors] > 0 {
			t.Errorf("conversions of %g: want half stopped by %d and nine in ten by %d, for conversion or value", c.control, c.half, c.most)
		}
	}
}

// good is an arm of 10,000 visitors of which 3 % buy for 6,000 yen.
func good() Guarded {
	return Guarded{N: 10_000, Converted: 300, Value: Moments{Sum: 300 * 6_000, SumSquares: 300 * 4.5e7}}
}

// TestHarmAndItsWords: each guardrail at its edge, with what is said of it.
func TestHarmAndItsWords(t *testing.T) {
	t.Parallel()
	with := func(change func(g *Guarded)) Guarded { g := good(); change(&g); return g }
	var text bytes.Buffer
	for _, c := range []struct {
		name string
		arm  Guarded
		want Guardrail
	}{
		{"nothing differs", good(), ""},
		{"better in everything", with(func(g *Guarded) { g.Converted, g.Value.Sum = 400, 400*6_000 }), ""},
		{"a significant loss at one look, and not enough for many", with(func(g *Guarded) { g.Converted = 245 }), ""},
		{"a loss beyond chance", with(func(g *Guarded) { g.Converted = 195 }), GuardConversion},
		{"as many orders, and far smaller", with(func(g *Guarded) { g.Value = Moments{Sum: 300 * 3_000, SumSquares: 300 * 1.2e7} }), GuardValue},
		{"as many buy, and all bring it back", with(func(g *Guarded) { g.Value = Moments{Sum: -300 * 1_000, SumSquares: 300 * 2e6} }), GuardValue},
		{"nine in ten close it", with(func(g *Guarded) { g.Closed = 9_000 }), ""},
		{"all close it", with(func(g *Guarded) { g.Closed = 10_000 }), GuardCloses},
		{"2 % of visitors meet an error", with(func(g *Guarded) { g.Failed = 200 }), ""},
		{"3 % of visitors meet an error", with(func(g *Guarded) { g.Failed = 300 }), GuardErrors},
		{"everything at once", Guarded{N: 10_000, Closed: 10_000, Failed: 10_000}, GuardErrors},
	} {
		h := CheckHarm(good(), c.arm, DefaultLimits(), 1)
		if h.Guardrail != c.want || h.Harmful != (c.want != "") {
			t.Errorf("%s: %q, want %q (%+v)", c.name, h.Guardrail, c.want, h.Watched)
		}
		said := h.Sentence("b", "")
		fmt.Fprintf(&text, "# %s: %s\n%s\n%s\n\n", c.name, h.Guardrail, said.Ja, said.En)
	}
	golden(t, "testdata/harm.txt", text.Bytes())
	// More arms share one α: what is enough for one of one is not for one of a hundred.
	edge := with(func(g *Guarded) { g.Converted = 206 })
	if one, hundred := CheckHarm(good(), edge, DefaultLimits(), 1), CheckHarm(good(), edge, DefaultLimits(), 100); !one.Harmful || hundred.Harmful {
		t.Errorf("harmful alone: %t, among a hundred arms: %t", one.Harmful, hundred.Harmful)
	}
}

// TestWhatIsNotWatchedYetSaysWhy: no stop from little data, and no null without a reason.
func TestWhatIsNotWatchedYetSaysWhy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		control, arm Guarded
		want         [guardrails]Reason // errors, conversion, value, closes
	}{
		{"nobody", Guarded{}, Guarded{}, [guardrails]Reason{NoVisitorsInControl, NoVisitorsInControl, NoVisitorsInControl, NoVisitorsInControl}},
		{"nobody in the arm", good(), Guarded{}, [guardrails]Reason{NoVisitors, NoVisitors, NoVisitors, NoVisitors}},
		{"one visitor", good(), Guarded{N: 1, Closed: 1, Failed: 1}, [guardrails]Reason{TooFewUnits, TooFewUnits, TooFewVisitors, TooFewUnits}},
		{"99 of whom all fail", good(), Guarded{N: 99, Failed: 99}, [guardrails]Reason{TooFewUnits, TooFewUnits, TooFewUnits, TooFewUnits}},
		{"300 against 10,000, nine sales expected", good(), Guarded{N: 300}, [guardrails]Reason{"", TooFewConversions, TooFewConversions, ""}},
		{"a goal without value", Guarded{N: 10_000, Converted: 300}, Guarded{N: 10_000, Converted: 300}, [guardrails]Reason{"", "", NoVariation, ""}},
		{"more closed than exposed", good(), Guarded{N: 10_000, Converted: 300, Closed: 10_001, Value: good().Value}, [guardrails]Reason{"", "", "", Inconsistent}},
		{"a value that is no number", good(), Guarded{N: 10_000, Converted: 300, Value: Moments{math.NaN(), 1}}, [guardrails]Reason{"", "", NotFinite, ""}},
	} {
		h := CheckHarm(c.control, c.arm, DefaultLimits(), 1)
		for i, w := range h.Watched {
			if w.Reason != c.want[i] || w.AtLeast.Known != (c.want[i] == "") || w.Harmful {
				t.Errorf("%s: %s is %+v, want reason %q", c.name, w.Guardrail, w, c.want[i])
			}
		}
		if _, err := json.Marshal(h); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestHarmIsSinceTheFirstLookThatSawIt, and stays, whatever later looks say.
func TestHarmIsSinceTheFirstLookThatSawIt(t *testing.T) {
	t.Parallel()
	start := about().AsOf
	bad := good()
	bad.Converted = 195
	var looks []Look
	for i, arm := range []Guarded{{}, good(), bad, bad, good()} {
		looks = append(looks, Look{At: start.Add(time.Duration(i) * 5 * time.Minute), Control: good(), Arm: arm})
	}
	for n, want := range []time.Time{{}, {}, {}, looks[2].At, looks[2].At, looks[2].At} {
		if h := FirstHarm(looks[:n], DefaultLimits(), 1); h.Since != want || h.Harmful == want.IsZero() {
			t.Errorf("after %d looks: harmful %t since %v, want %v", n, h.Harmful, h.Since, want)
		}
	}
	data, err := json.Marshal(FirstHarm(looks, DefaultLimits(), 1))
	if err != nil {
		t.Fatal(err)
	}
	var back Harm
	if err := json.Unmarshal(data, &back); err != nil || back.Since != looks[2].At || back.Guardrail != GuardConversion {
		t.Errorf("harm does not survive being stored: %+v, %v", back, err)
	}
}

// TestHarmOfABanditIsSeenWithinPeriods: in each of Simpson's two weeks b is better,
// though pooled it would be stopped; and where it is worse in each, it is stopped.
func TestHarmOfABanditIsSeenWithinPeriods(t *testing.T) {
	t.Parallel()
	guarded := func(n, converted uint64) Guarded {
		return Guarded{N: n, Converted: converted, Value: Moments{Sum: 5_000 * float64(converted), SumSquares: 2.9e7 * float64(converted)}}
	}
	better := []Pair{{guarded(10_000, 1_000), guarded(10_000, 1_200)}, {guarded(2_000, 40), guarded(18_000, 432)}}
	worse := []Pair{{guarded(10_000, 1_200), guarded(10_000, 1_000)}, {guarded(18_000, 500), guarded(2_000, 40)}}
	if h := CheckHarmWithin(better, DefaultLimits(), 1); h.Harmful || !h.Watched[1].AtLeast.Known || !near(h.Watched[1].Worse.Value, -0.012) {
		t.Errorf("better in each week: %+v", h.Watched[1])
	}
	if pooled := CheckHarm(guarded(12_000, 1_040), guarded(28_000, 1_632), DefaultLimits(), 1); !pooled.Harmful {
		t.Error("the example is blind: pooled it is not stopped")
	}
	if h := CheckHarmWithin(worse, DefaultLimits(), 1); !h.Harmful || h.Guardrail != GuardConversion {
		t.Errorf("worse in each week: %+v", h.Watched[1])
	}
	// A period without one of the two is left out.
	lone := append(better, Pair{guarded(500, 400), guarded(1, 0)}, Pair{Arm: guarded(300, 0)})
	if h := CheckHarmWithin(lone, DefaultLimits(), 1); !near(h.Watched[1].Worse.Value, -0.012) {
		t.Errorf("periods that tell nothing: %+v", h.Watched[1])
	}
	if h := CheckHarmWithin(nil, DefaultLimits(), 1); h.Harmful || h.Watched[0].Reason != NoVisitorsInControl {
		t.Errorf("no periods: %+v", h.Watched[0])
	}
}

// TestWhateverIsGuardedNoNaNComesOut: a bound or a reason, and a stop only from a bound.
func TestWhateverIsGuardedNoNaNComesOut(t *testing.T) {
	t.Parallel()
	sums := rapid.Custom(func(t *rapid.T) Guarded {
		n := rapid.OneOf(rapid.Uint64Range(0, 200), rapid.Uint64Range(0, 1_000_000), rapid.Uint64()).Draw(t, "n")
		of := rapid.OneOf(rapid.Uint64Range(0, n), rapid.Uint64Range(0, min(n, 3)), rapid.Uint64())
		return Guarded{N: n, Converted: of.Draw(t, "converted"), Closed: of.Draw(t, "closed"), Failed: of.Draw(t, "failed"),
			Value: Moments{money.Draw(t, "value"), money.Draw(t, "squares")}}
	})
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pair { return Pair{sums.Draw(t, "control"), sums.Draw(t, "arm")} }), 0, 3).Draw(t, "pairs")
		h := CheckHarmWithin(pairs, DefaultLimits(), rapid.IntRange(-1, 5).Draw(t, "arms"))
		if _, err := json.Marshal(h); err != nil {
			t.Fatal(err)
		}
		for _, w := range h.Watched {
			if w.AtLeast.Known == (w.Reason != "") || w.Harmful && (!w.AtLeast.Known || w.AtLeast.Value <= w.Limit) || !w.Worse.Known && w.Worse.Why == "" {
				t.Fatalf("%+v", w)
			}
		}
		if said := h.Sentence("b", "USD"); said.Ja == "" || said.En == "" {
			t.Fatal("no words")
		}
	})
}
