package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestTheBestArmAgreesWithTheExactIntegral: three arms' means under the prior
// N(0, 1e4) that gbstats' bandit takes, against its exact integral and its own
// Monte Carlo.
func TestTheBestArmAgreesWithTheExactIntegral(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "bandit") {
		beliefs := make([]Belief, len(v.Variants))
		for i, sums := range v.Variants {
			s := sums.sample()
			beliefs[i] = Effect{Estimate: s.Mean, Error: math.Sqrt(s.squaredError())}.Belief(100)
			if !near(beliefs[i].Mean, v.PosteriorMean[i]) || !near(beliefs[i].Deviation, v.PosteriorSD[i]) {
				t.Errorf("%s, arm %d: %+v, gbstats %v ± %v", v.ID, i, beliefs[i], v.PosteriorMean[i], v.PosteriorSD[i])
			}
		}
		for i, got := range BestBeliefs(beliefs) {
			if !got.Known || !near(got.Value, v.BestExact[i]) || math.Abs(got.Value-v.MonteCarlo.Best[i]) > 0.02 {
				t.Errorf("%s, arm %d: best with chance %+v, exact %v, gbstats %v", v.ID, i, got, v.BestExact[i], v.MonteCarlo.Best[i])
			}
		}
	}
}

// TestTheBestOfTwoIsTheOneThatWins, and of many the chances add up to one,
// whatever their sizes, and do not depend on the order.
func TestTheBestOfTwoIsTheOneThatWins(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		one := func(name string) Arm {
			n := rapid.OneOf(rapid.Uint64Range(1, 20), rapid.Uint64Range(1, 5_000_000), rapid.Uint64Range(1, mostPosterior)).Draw(t, name+" n")
			return Arm{N: n, Converted: rapid.OneOf(rapid.Uint64Range(0, n), rapid.Uint64Range(0, min(n, 10))).Draw(t, name+" converted")}
		}
		a, b, c := one("a"), one("b"), one("c")
		if got, want := BestRates([]Arm{a, b}), CompareRates(a, b); math.Abs(got[1].Value-want.ChanceToWin.Value) > 2e-6 {
			t.Fatalf("best of two %+v, chance to win %+v", got, want)
		}
		there, back := BestRates([]Arm{a, b, c}), BestRates([]Arm{c, b, a})
		sum := 0.0
		for i := range there {
			sum += there[i].Value
			if math.Abs(there[i].Value-back[2-i].Value) > 1e-9 {
				t.Fatalf("%+v, in the other order %+v", there, back)
			}
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("the chances add up to %v", sum)
		}
		// An arm that is dominated on the same number of units is never the likelier.
		if c.N == a.N && c.Converted > a.Converted && there[2].Value < there[0].Value-1e-6 {
			t.Fatalf("the better arm is the less likely best: %+v", there)
		}
	})
}

func TestBestOfKnownShapes(t *testing.T) {
	t.Parallel()
	even := BestMeans([]Sample{{N: 100, Mean: 5, Variance: 4}, {N: 100, Mean: 5, Variance: 4}, {N: 100, Mean: 5, Variance: 4}})
	for i, got := range even {
		if !near(got.Value, 1.0/3) {
			t.Errorf("arm %d of three alike is best with %+v", i, got)
		}
	}
	// Two normals: Φ of the difference over its deviation.
	two := BestMeans([]Sample{{N: 100, Mean: 5, Variance: 900}, {N: 100, Mean: 8, Variance: 700}})
	if want := 0.7733726476231319; !near(two[1].Value, want) { // Φ(3/4)
		t.Errorf("the better of two is best with %+v, want %v", two[1], want)
	}
	// A tiny arm beside huge ones is not stepped over.
	huge := BestRates([]Arm{{N: 900_000_000, Converted: 9_000_000}, {N: 3, Converted: 1}, {N: 900_000_000, Converted: 9_000_000}})
	if got := huge[1].Value; math.Abs(got-0.99940797) > 1e-5 { // 1 − F(0.01), Beta(2, 3)
		t.Errorf("an arm of three visitors is best with %v", got)
	}
	for name, c := range map[string]struct {
		got  []Number
		want Reason
	}{
		"more converted than exposed": {BestRates([]Arm{{N: 1, Converted: 2}, {N: 1}}), Inconsistent},
		"too many":                    {BestRates([]Arm{{N: 2 * mostPosterior}, {N: 1}}), TooMany},
		"no variation":                {BestMeans([]Sample{{N: 5, Mean: 1}, {N: 5, Mean: 2, Variance: 1}}), NoVariation},
		"nobody":                      {BestMeans([]Sample{{Why: NoVisitors}, {N: 5, Mean: 2, Variance: 1}}), NoVisitors},
		"not finite":                  {BestBeliefs([]Belief{{Mean: math.NaN(), Deviation: 1}, {Deviation: 1}}), NotFinite},
	} {
		if len(c.got) != 2 || c.got[0].Known || c.got[1].Known || c.got[0].Why != c.want {
			t.Errorf("%s: %+v, want no number because of %s", name, c.got, c.want)
		}
	}
}
