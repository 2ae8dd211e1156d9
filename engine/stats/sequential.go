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
	l := -2 * math.Log(alpha)
	squared := (l + math.Log(l+1)) / nStar
	t := units*squared + 1
	return standardError * math.Sqrt(units) * math.Sqrt(2*t*math.Log(math.Sqrt(t)/alpha)/(units*units*squared))
}

// Sequential is the lift's 95 % interval that may be watched, on the scale of
// Interval and always wider.
func (r Ratio) Sequential() Interval {
	return r.around(SequentialHalfWidth(r.Error, r.Units, alpha, tuned))
}
