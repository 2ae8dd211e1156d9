package stats

import "gonum.org/v1/gonum/stat/distuv"

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
func CheckSplit(arms []Arm) SRM {
	units, weights, counted := 0.0, 0.0, 0
	for _, a := range arms {
		if a.Weight > 0 {
			units += float64(a.N)
			weights += float64(a.Weight)
			counted++
		}
	}
	switch {
	case counted < 2:
		return SRM{OK: true, Reason: OneArm}
	case units == 0:
		return SRM{OK: true, Reason: NoVisitors}
	}
	chi2, enough := 0.0, true
	for _, a := range arms {
		if a.Weight <= 0 {
			continue
		}
		expected := units * float64(a.Weight) / weights
		off := float64(a.N) - expected
		chi2 += off * off / expected
		enough = enough && expected >= splitUnits
	}
	p := number(distuv.ChiSquared{K: float64(counted - 1)}.Survival(chi2))
	return SRM{PValue: p, OK: !enough || !p.Known || p.Value >= splitAlarm, Reason: p.Why}
}
