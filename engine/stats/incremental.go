package stats

// Incremental is the money that a campaign has brought over what its visitors
// would have brought without it: of every arm with weight, what a visitor brings
// more than control's, times its visitors, costs taken off. The control is the same
// for all arms, and the interval knows that. JSON: {"value", "ci", "reason"?}.
type Incremental struct {
	Value    Number   `json:"value"`
	Interval Interval `json:"ci"`               // 95 %
	Reason   Reason   `json:"reason,omitempty"` // where a figure is null
}

// CountIncremental adds up over the arms that count, after CUPED where units have a past.
func CountIncremental(arms []Arm) Incremental {
	control, treated := Arm{}, []Arm{}
	known := false
	for _, a := range arms {
		switch {
		case a.Control && !known:
			control, known = a, true
		case a.Weight > 0 && a.N > 0:
			treated = append(treated, a)
		}
	}
	switch {
	case !known:
		return Incremental{unknown(NoControl), unknownInterval(NoControl), NoControl}
	case len(treated) == 0:
		return Incremental{unknown(NoTreatment), unknownInterval(NoTreatment), NoTreatment}
	}
	samples := worths(append(treated, control)...)
	c := samples[len(treated)]
	total, squared, units := 0.0, 0.0, 0.0
	for i, t := range samples[:len(treated)] {
		if why := comparable(c, t); why != "" {
			return Incremental{unknown(why), unknownInterval(why), why}
		}
		total += t.N * (t.Mean - c.Mean)
		samples[i].Variance *= t.N * t.N // of t.N times the mean
		squared += samples[i].squaredError()
		units += t.N
	}
	samples[len(treated)].Variance *= units * units
	squared += samples[len(treated)].squaredError()
	out := Incremental{Value: number(total), Interval: newEffect(total, squared, samples...).Interval(alpha)}
	if out.Reason = out.Interval.Why; !out.Value.Known {
		out.Reason = out.Value.Why
	}
	return out
}

func (n Number) times(k float64) Number {
	if !n.Known {
		return n
	}
	return number(n.Value * k)
}

func (i Interval) times(k float64) Interval {
	if !i.Known {
		return i
	}
	return interval(i.Low*k, i.High*k)
}
