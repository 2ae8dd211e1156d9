package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// BestRates is, for each arm, the chance that its conversion rate is the best of
// all, under Beta(1,1) posteriors, by quadrature within 1e-6. An arm without
// visitors takes part as the prior has it: anything may be. The chances add up to
// one; with sums that contradict each other, or beyond a thousand million units,
// there are none.
func BestRates(arms []Arm) []Number {
	curves := make([]distuv.Beta, len(arms))
	for i, a := range arms {
		switch {
		case a.Converted > a.N:
			return all(len(arms), unknown(Inconsistent))
		case a.N > mostPosterior:
			return all(len(arms), unknown(TooMany))
		}
		curves[i] = a.posterior()
	}
	return best(0, 1, curves)
}

// BestMeans is the same for means (revenue per visitor), under normal posteriors
// N(mean, error²) without a prior. Every arm must vary: one that does not would
// be known to the last digit.
func BestMeans(samples []Sample) []Number {
	beliefs := make([]Belief, len(samples))
	for i, s := range samples {
		switch {
		case s.Why != "":
			return all(len(samples), unknown(s.Why))
		case s.squaredError() == 0:
			return all(len(samples), unknown(NoVariation))
		}
		beliefs[i] = Belief{Mean: s.Mean, Deviation: math.Sqrt(s.squaredError())}
	}
	return BestBeliefs(beliefs)
}

// BestBeliefs is the chance of each to be the greatest of all.
func BestBeliefs(beliefs []Belief) []Number {
	curves := make([]distuv.Normal, len(beliefs))
	for i, b := range beliefs {
		switch {
		case b.Why != "":
			return all(len(beliefs), unknown(b.Why))
		case !number(b.Mean).Known || !number(b.Deviation*b.Deviation).Known || b.Deviation*b.Deviation == 0:
			return all(len(beliefs), unknown(NotFinite))
		}
		curves[i] = distuv.Normal{Mu: b.Mean, Sigma: b.Deviation}
	}
	return best(math.Inf(-1), math.Inf(1), curves)
}

// best is P(i is the greatest) = ∫ f_i(x) Π F_j(x) dx over the others j.
func best[C curve](low, high float64, curves []C) []Number {
	if len(curves) == 1 {
		return []Number{number(1)}
	}
	at, weight := legendre()
	edges := landmarks(low, high, curves...)
	chances, below := make([]float64, len(curves)), make([]float64, len(curves))
	for e := range len(edges) - 1 {
		middle, half := edges[e]+(edges[e+1]-edges[e])/2, (edges[e+1]-edges[e])/2
		for k := range at {
			x := middle + half*at[k]
			for j, c := range curves {
				below[j] = c.CDF(x)
			}
			for i, c := range curves {
				others := half * weight[k] * c.Prob(x)
				for j := range curves {
					if j != i {
						others *= below[j]
					}
				}
				chances[i] += others
			}
		}
	}
	// What the quadrature and, for large arms, gonum's densities lost is lost alike.
	total := 0.0
	for _, c := range chances {
		total += c
	}
	out := make([]Number, len(curves))
	for i, c := range chances {
		out[i] = number(min(1, max(0, c/total)))
	}
	return out
}

func all(n int, one Number) []Number {
	out := make([]Number, n)
	for i := range out {
		out[i] = one
	}
	return out
}
