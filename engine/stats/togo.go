package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// ToGo is about how many more units of control and the arm together bring a
// verdict if the rates stay as they are, and in how many days at the present
// pace. JSON: {"visitors", "days", "reasons"?}; null has its reason.
type ToGo struct {
	Visitors Number            `json:"visitors"`
	Days     Number            `json:"days"`
	Reasons  map[string]Reason `json:"reasons,omitempty"`
}

func noToGo(why Reason) ToGo { return newToGo(unknown(why), unknown(why)) }

func newToGo(visitors, days Number) ToGo {
	return ToGo{visitors, days, missing(map[string]Number{"visitors": visitors, "days": days}, nil)}
}

// toGo is for the arm that the sentence names. A win, a loss and "no difference"
// are verdicts; all else waits for more.
func (r *Results) toGo(arms []Arm, control, arm int) ToGo {
	switch r.Verdict {
	case Win, Loss, NoDifference:
		return noToGo(Decided)
	}
	comparisons, units := 0, 0.0
	for i, a := range arms {
		units += float64(a.N)
		if i != control && a.Weight > 0 {
			comparisons++
		}
	}
	visitors := unitsToGo(arms[control], arms[arm], comparisons)
	days := visitors
	if visitors.Known {
		// Of all that come, only those of the two arms count.
		share := (float64(arms[control].N) + float64(arms[arm].N)) / units
		if days = number(visitors.Value / (share * r.PerDay)); r.PerDay <= 0 || !days.Known {
			days = unknown(NoPace)
		}
	}
	return newToGo(visitors, days)
}

// unitsToGo is the number, or unknown. Intervals narrow with the root of the
// units; the verdict comes when the lift's excludes either zero (after as many
// comparisons, by the strictest of Holm's levels) or all that is worth having,
// whichever is sooner.
func unitsToGo(control, treatment Arm, comparisons int) Number {
	c, t := control.rate(), treatment.rate()
	if why := comparable(c, t); why != "" {
		return unknown(why)
	}
	if c.Variance == 0 && t.Variance == 0 {
		if control.Converted+treatment.Converted == 0 {
			return unknown(NoConversions)
		}
		return unknown(NoVariation)
	}
	events := rarer(control, treatment)
	units := c.N + t.N
	factor := max(1.01, minUnits/min(c.N, t.N), minEvents/events)
	z := func(level float64) float64 {
		return distuv.UnitNormal.Quantile(1 - level/2/float64(max(1, comparisons)))
	}
	e, ratio := Absolute(c, t), LogRatio(c, t)
	apart := math.Abs(e.Estimate) / e.Error // deviations from zero, as of now
	width := z(alpha) / apart
	if ratio.Why == "" {
		// Both ends within what is worth having; what leans by then, or is about to,
		// goes on waiting.
		room := min(math.Log1p(worth)-ratio.Log, ratio.Log-math.Log1p(-worth))
		if within := z95 * ratio.Error / max(0, room); within*apart < 0.98*z(leaning) {
			width = min(width, within)
		}
	}
	return number(units * (max(factor, width*width) - 1))
}
