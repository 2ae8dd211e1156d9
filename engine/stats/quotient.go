package stats

// Moments are the sum and the sum of squares of one figure over the units of an arm.
type Moments struct{ Sum, SumSquares float64 }

// Quotient is the sample of a ratio metric: of two figures per unit, the sum of
// one over the sum of the other (revenue by orders: the average order). Units,
// not orders, are independent, so the variance is of the unit, by the delta method:
//
//	s²M/μD² + s²D μM²/μD⁴ − 2 cov(M,D) μM/μD³
//
// cross is the sum of products. The denominator's sum must be above zero.
func Quotient(n uint64, top, bottom Moments, cross float64) Sample {
	m, d := Mean(n, top.Sum, top.SumSquares), Mean(n, bottom.Sum, bottom.SumSquares)
	if why := comparable(m, d); why != "" {
		if why == NoVisitorsInControl { // there is one arm here
			why = NoVisitors
		}
		return Sample{Why: why}
	}
	if d.Mean <= 0 {
		return Sample{Why: NothingToDivideBy}
	}
	ratio := m.Mean / d.Mean
	variance := (m.Variance + d.Variance*ratio*ratio - 2*covariance(m, d, cross)*ratio) / (d.Mean * d.Mean)
	if !number(ratio).Known || !number(variance).Known {
		return Sample{Why: NotFinite}
	}
	return Sample{N: m.N, Mean: ratio, Variance: variance}.rounded((m.Variance + d.Variance*ratio*ratio) / (d.Mean * d.Mean))
}

// covariance of two figures of the same units, from the sum of products.
func covariance(a, b Sample, cross float64) float64 {
	return (cross - a.N*a.Mean*b.Mean) / (a.N - 1)
}

// rounded takes a variance that cancellation left just below zero for none; one
// further below, measured by the terms it came from, is of no possible sums.
func (s Sample) rounded(terms float64) Sample {
	switch {
	case s.Variance >= 0:
		return s
	case -s.Variance > 1e-9*terms:
		return Sample{Why: Inconsistent}
	}
	s.Variance = 0
	return s
}
