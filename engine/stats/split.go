package stats

import (
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// splitAlarm is the p-value below which the split is called broken.
	splitAlarm = 0.001
	// splitUnits is the number of units each arm must expect before an alarm.
	splitUnits = 8
)

// SRM is the check for a sample ratio mismatch: do the exposed units fit the
// weights? A mismatch means that units were lost or counted unevenly, and then
// the arms differ by more than what they were shown.
type SRM struct {
	PValue Number `json:"p_value"`
	OK     bool   `json:"ok"` // false only on an alarm
	Reason Reason `json:"reason,omitempty"`
}

// CheckSplit is Pearson's χ² of exposed units against the weights. An arm
// without weight does not count, and neither do its units.
//
// The alarm waits until every arm expects 8 units. Expected, not counted: an arm
// that should have thousands and has none is the worst break there is.
func CheckSplit(arms []Arm) SRM { return checkPeriods([]Period{{arms}}) }

// checkPeriods is the same over periods with weights of their own: each arm's units
// of all periods against what the weights of each let expect. Chances that change
// make the counts vary less than χ² thinks, so it never alarms too easily.
func checkPeriods(periods []Period) SRM {
	var counted, expected []float64
	units := 0.0
	for _, p := range periods {
		here, weights := 0.0, 0.0
		for i, a := range p.Arms {
			if i == len(counted) {
				counted, expected = append(counted, 0), append(expected, 0)
			}
			if a.Weight > 0 {
				here, weights = here+float64(a.N), weights+float64(a.Weight)
			}
		}
		for i, a := range p.Arms {
			if a.Weight > 0 {
				counted[i] += float64(a.N)
				expected[i] += here * float64(a.Weight) / weights
			}
		}
		units += here
	}
	chi2, arms, enough := 0.0, 0, true
	for i, e := range expected {
		if weighted(periods, i) {
			arms++
			enough = enough && e >= splitUnits
			if e > 0 {
				chi2 += (counted[i] - e) * (counted[i] - e) / e
			}
		}
	}
	switch {
	case arms < 2:
		return SRM{OK: true, Reason: OneArm}
	case units == 0:
		return SRM{OK: true, Reason: NoVisitors}
	}
	p := number(distuv.ChiSquared{K: float64(arms - 1)}.Survival(chi2))
	return SRM{PValue: p, OK: !enough || !p.Known || p.Value >= splitAlarm, Reason: p.Why}
}

// weighted tells whether the arm had weight in any period.
func weighted(periods []Period, arm int) bool {
	return slices.ContainsFunc(periods, func(p Period) bool { return arm < len(p.Arms) && p.Arms[arm].Weight > 0 })
}
