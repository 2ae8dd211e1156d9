package stats

import "math"

// tuned is N*, the number of units at which the sequential interval is tightest.
const tuned = 5000

// SequentialHalfWidth is the half-width of the asymptotic confidence sequence of
// Waudby-Smith et al. (arXiv 2103.06476) around an estimate with this standard
// error from units units of both arms together, at level alpha, tightest at nStar:
//
//	ρ = sqrt((−2 ln α + ln(−2 ln α + 1))/N*), t = Nρ² + 1,
//	half = error·sqrt(N)·sqrt(2t·ln(√t/α)/(Nρ)²)
//
// It holds at all times at once, so that one may look every day and stop when one likes.
func SequentialHalfWidth(standardError, units, alpha, nStar float64) float64 {
	squared := spread(alpha, nStar)
	t := units*squared + 1
	return standardError * math.Sqrt(units) * math.Sqrt(2*t*math.Log(math.Sqrt(t)/alpha)/(units*units*squared))
}

// SequentialMargin is the one-sided counterpart: how far the always-valid bound at
// level alpha lies from the estimate, on the side that is watched. ρ is that of
// the two-sided sequence at 2·alpha, and
//
//	margin = error·sqrt(N)·sqrt(2t·ln(1 + √t/(2α))/(Nρ)²)
func SequentialMargin(standardError, units, alpha, nStar float64) float64 {
	squared := spread(2*alpha, nStar)
	t := units*squared + 1
	return standardError * math.Sqrt(units) * math.Sqrt(2*t*math.Log1p(math.Sqrt(t)/(2*alpha))/(units*units*squared))
}

// spread is ρ², which makes the two-sided sequence at alpha tightest at nStar units.
func spread(alpha, nStar float64) float64 {
	l := -2 * math.Log(alpha)
	return (l + math.Log(l+1)) / nStar
}

// Sequential is the lift's 95 % interval that may be watched, on the scale of
// Interval and always wider.
func (r Ratio) Sequential() Interval {
	return r.around(SequentialHalfWidth(r.Error, r.Units, alpha, tuned))
}

// Sequential is the effect's interval that may be watched.
func (e Effect) Sequential(alpha, nStar float64) Interval {
	if e.Why != "" {
		return unknownInterval(e.Why)
	}
	half := SequentialHalfWidth(e.Error, e.Units, alpha, nStar)
	return interval(e.Estimate-half, e.Estimate+half)
}

// SequentialP is the two-sided p-value that may be watched, of the sequence tuned
// for alpha and nStar: the level at which its interval just touches zero.
func (e Effect) SequentialP(alpha, nStar float64) Number {
	if e.Why != "" {
		return unknown(e.Why)
	}
	squared, z := spread(alpha, nStar), e.Estimate/e.Error
	t := e.Units*squared + 1
	return number(math.Min(1, math.Sqrt(t)*math.Exp(-z*z*e.Units*squared/(2*t))))
}

// SequentialPBelow is the one-sided p-value for an effect below zero that may be
// watched: the level at which SequentialMargin's bound touches zero, ρ held at
// alpha's. It is never above one half, which is also its value from zero up.
func (e Effect) SequentialPBelow(alpha, nStar float64) Number {
	switch {
	case e.Why != "":
		return unknown(e.Why)
	case e.Estimate >= 0:
		return number(0.5)
	}
	squared, z := spread(2*alpha, nStar), e.Estimate/e.Error
	t := e.Units*squared + 1
	return number(math.Min(0.5, math.Sqrt(t)/(2*math.Expm1(z*z*e.Units*squared/(2*t)))))
}
