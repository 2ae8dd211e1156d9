package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// Posterior compares two conversion rates under exact Beta(1,1) posteriors.
type Posterior struct {
	// ChanceToWin is P(treatment's rate > control's).
	ChanceToWin Number
	// ExpectedLoss is E[max(control − treatment, 0)]: what rate is given up, on
	// average, by taking the treatment where it is the worse one. In rate, not relative.
	ExpectedLoss Number
}

// mostPosterior is the number of units up to which the quadrature is proved
// (gonum's incomplete beta function loses digits as arms grow).
const mostPosterior = 1_000_000_000

// nodes is the number of Gauss–Legendre points between two landmarks.
const nodes = 24

// legendre is the rule of that many points on [−1, 1].
func legendre() (at, weight [nodes]float64) {
	quad.Legendre{}.FixedLocations(at[:], weight[:], -1, 1)
	return at, weight
}

// CompareRates computes both by quadrature, within 1e-6 absolute (1e-7 below ten
// million units an arm), for arms of up to a thousand million; beyond, and without visitors, they are unknown.
func CompareRates(control, treatment Arm) Posterior {
	if why := comparable(control.rate(), treatment.rate()); why != "" {
		return Posterior{unknown(why), unknown(why)}
	}
	if max(control.N, treatment.N) > mostPosterior {
		return Posterior{unknown(TooMany), unknown(TooMany)}
	}
	c, t := control.posterior(), treatment.posterior()
	at, weight := legendre()
	win, loss, mass := 0.0, 0.0, 0.0
	edges := landmarks(0, 1, c, t)
	for i := range len(edges) - 1 {
		middle, half := (edges[i]+edges[i+1])/2, (edges[i+1]-edges[i])/2
		for k := range at {
			x, w := middle+half*at[k], half*weight[k]
			density, above := t.Prob(x), c.Survival(x)
			// P(T > C) = ∫ f_T F_C; E[(C−T)⁺] = ∫ P(T ≤ x < C) dx = ∫ F_T (1−F_C).
			win += w * density * (1 - above)
			loss += w * t.CDF(x) * above
			mass += w * density
		}
	}
	// For large arms the density's constant has lost digits; its own integral has lost the same.
	return Posterior{number(min(1, max(0, win/mass))), number(max(0, loss))}
}

func (a Arm) rate() Sample {
	if a.overall != nil {
		return a.overall.rate
	}
	return Proportion(a.N, a.Converted)
}

func (a Arm) rateInterval() Interval {
	if a.overall == nil {
		return Wilson(a.N, a.Converted)
	}
	s := a.overall.rate
	if s.Why != "" {
		return unknownInterval(s.Why)
	}
	half := z95 * math.Sqrt(s.squaredError())
	return interval(math.Max(0, s.Mean-half), math.Min(1, s.Mean+half))
}

func (a Arm) posterior() distuv.Beta {
	return distuv.Beta{Alpha: float64(a.Converted) + 1, Beta: float64(a.N-a.Converted) + 1}
}

// curve is what one arm's figure may truly be: a density with its middle and width.
type curve interface {
	Prob(x float64) float64
	CDF(x float64) float64
	Mean() float64
	Variance() float64
}

// landmarks cuts the range in which one of the figures may lie where a density
// changes its face, so that a narrow peak beside a wide one is not stepped over.
// 40 deviations, as the tail of Beta(1, n) falls only exponentially.
func landmarks[C curve](low, high float64, curves ...C) []float64 {
	var edges []float64
	for _, c := range curves {
		for _, k := range []float64{-40, -20, -10, -6, -3, -1, 0, 1, 3, 6, 10, 20, 40} {
			edges = append(edges, min(high, max(low, c.Mean()+k*math.Sqrt(c.Variance()))))
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}
