package stats

import "math"

// watch looks at one figure: sign is 1 where more is worse, −1 where less is.
func watch(g Guardrail, periods []Pair, figure func(Guarded) Sample, limit, sign, level float64) Watch {
	whole := total(periods)
	w := Watch{Guardrail: g, Limit: limit}
	c, t, even := overPeriods(g, periods, whole, figure)
	w.Control, w.Arm = of(c), of(t)
	if why := comparable(c, t); why != "" {
		return w.silent(why)
	}
	squared := c.squaredError() + t.squaredError()
	if limit == 0 {
		// Where nothing differs both arms vary alike. A small arm that missed its few
		// large orders is low and seems sure of it; control knows better.
		squared = math.Max(squared, even)
	}
	worse := sign * (t.Mean - c.Mean)
	w.Worse, w.AtLeast = number(worse), number(worse-SequentialMargin(math.Sqrt(squared), c.N+t.N, level, tuned))
	switch {
	case squared == 0:
		return w.silent(NoVariation)
	case !w.AtLeast.Known:
		return w.silent(NotFinite)
	case min(c.N, t.N) < minUnits:
		return w.silent(TooFewUnits)
	case whole.few(g):
		return w.silent(TooFewConversions)
	}
	w.Harmful = w.AtLeast.Value > limit
	return w
}

// overPeriods is the figure of both arms over all periods in which both have units,
// and the squared error of their difference if both varied alike. A period counts
// by its units of both arms.
func overPeriods(g Guardrail, periods []Pair, whole Pair, figure func(Guarded) Sample) (c, t Sample, even float64) {
	if len(periods) > 1 {
		periods, whole = both(periods)
	}
	if len(periods) == 0 {
		return figure(whole.Control), figure(whole.Arm), 0
	}
	for _, p := range periods {
		here := p.Control.with(p.Arm)
		together := figure(here)
		if g != GuardValue && together.Why == "" {
			// Of both arms one more that did and one that did not: arms of which all did the
			// same are not known to the last digit.
			share := (together.Mean*together.N + 1) / (together.N + 2)
			together.Variance = share * (1 - share)
		}
		share := float64(here.N) / (float64(whole.Control.N) + float64(whole.Arm.N))
		c.add(figure(p.Control).lean(together), share)
		t.add(figure(p.Arm).lean(together), share)
		even += share * share * together.Variance * (1/float64(p.Control.N) + 1/float64(p.Arm.N))
	}
	return c, t, even
}

// both keeps the periods in which both arms have units enough to measure.
func both(periods []Pair) ([]Pair, Pair) {
	var kept []Pair
	for _, p := range periods {
		if min(p.Control.N, p.Arm.N) > 1 {
			kept = append(kept, p)
		}
	}
	return kept, total(kept)
}

func total(periods []Pair) Pair {
	var whole Pair
	for _, p := range periods {
		whole = Pair{whole.Control.with(p.Control), whole.Arm.with(p.Arm)}
	}
	return whole
}

// with adds sums up.
func (g Guarded) with(more Guarded) Guarded {
	return Guarded{
		N: g.N + more.N, Converted: g.Converted + more.Converted, Closed: g.Closed + more.Closed, Failed: g.Failed + more.Failed,
		Value: Moments{g.Value.Sum + more.Value.Sum, g.Value.SumSquares + more.Value.SumSquares},
	}
}

// few tells whether the normal shape of the figure is still far off.
func (p Pair) few(g Guardrail) bool {
	c, t := Arm{N: p.Control.N, Converted: p.Control.Converted}, Arm{N: p.Arm.N, Converted: p.Arm.Converted}
	switch g {
	case GuardConversion:
		return tooFew(c, t)
	case GuardValue:
		return expected(c, t) < minSales
	default:
		return false
	}
}

// silent takes the bound back: what is not to be trusted yet is not shown.
func (w Watch) silent(why Reason) Watch {
	w.Reason, w.AtLeast, w.Harmful = why, unknown(why), false
	if !w.Worse.Known {
		w.Worse = unknown(why)
	}
	return w
}

func of(s Sample) Number {
	if s.Why != "" {
		return unknown(s.Why)
	}
	return number(s.Mean)
}
