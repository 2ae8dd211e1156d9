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
	var at, weight [nodes]float64
	quad.Legendre{}.FixedLocations(at[:], weight[:], -1, 1)
	win, loss, mass := 0.0, 0.0, 0.0
	edges := landmarks(c, t)
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

func (a Arm) rate() Sample { return Proportion(a.N, a.Converted) }

func (a Arm) posterior() distuv.Beta {
	return distuv.Beta{Alpha: float64(a.Converted) + 1, Beta: float64(a.N-a.Converted) + 1}
}

// landmarks cuts the range in which either rate may lie where a density changes
// its face, so that a narrow peak beside a wide one is not stepped over. 40
// deviations, as the tail of Beta(1, n) falls only exponentially.
func landmarks(posteriors ...distuv.Beta) []float64 {
	var edges []float64
	for _, p := range posteriors {
		for _, k := range []float64{-40, -20, -10, -6, -3, -1, 0, 1, 3, 6, 10, 20, 40} {
			edges = append(edges, min(1, max(0, p.Mean()+k*math.Sqrt(p.Variance()))))
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}
