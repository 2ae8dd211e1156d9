package stats

import "math"

// alpha is the level of every test and interval shown.
const alpha = 0.05

// z95 is the 97.5 % quantile of the normal distribution.
const z95 = 1.959963984540054

// Sample is one arm's metric in the only form the tests need. Why is set where
// the sums do not make a sample; all that is computed from it then says so.
type Sample struct {
	N              float64 // units
	Mean, Variance float64 // of one unit
	Why            Reason
}

// Proportion is the sample of a yes/no metric: variance μ(1−μ), as gbstats has it.
func Proportion(n, converted uint64) Sample {
	switch {
	case n == 0:
		return Sample{Why: NoVisitors}
	case converted > n:
		return Sample{Why: Inconsistent}
	}
	mean := float64(converted) / float64(n)
	return Sample{N: float64(n), Mean: mean, Variance: mean * (1 - mean)}
}

// Mean is the sample of a value per unit from its sums, zeros included:
// variance (Q − S²/n)/(n−1). A negative sum (refunds) is a value like any other.
func Mean(n uint64, sum, sumSquares float64) Sample {
	switch {
	case n == 0:
		return Sample{Why: NoVisitors}
	case n == 1:
		return Sample{Why: TooFewVisitors}
	}
	size := float64(n)
	mean := sum / size
	variance := (sumSquares - sum*mean) / (size - 1)
	if !number(mean).Known || !number(variance).Known {
		return Sample{Why: NotFinite}
	}
	if variance < 0 {
		// Cancellation leaves a few last digits of Q; more than that is no sum of squares.
		if sumSquares < 0 || -variance > 1e-9*sumSquares/(size-1) {
			return Sample{Why: Inconsistent}
		}
		variance = 0
	}
	return Sample{N: size, Mean: mean, Variance: variance}
}

// squaredError is the variance of the mean.
func (s Sample) squaredError() float64 { return s.Variance / s.N }

// comparable tells why two samples cannot be compared, or "".
func comparable(control, treatment Sample) Reason {
	switch {
	case control.Why == NoVisitors:
		return NoVisitorsInControl
	case control.Why != "":
		return control.Why
	}
	return treatment.Why
}

// relatable tells why there is no difference relative to control, or "".
func relatable(control, treatment Sample) Reason {
	why := comparable(control, treatment)
	switch {
	case why != "":
		return why
	case control.Mean == 0:
		return NoConversionsInControl
	case control.Mean < 0:
		return NotPositive
	}
	return ""
}

// Welch is the two-sided p-value of the absolute difference of two means:
// Welch's t with the Welch–Satterthwaite degrees of freedom, by the survival
// function, so that tiny values keep their digits. One arm without variation
// is allowed (the other's carries the test); two are not.
func Welch(control, treatment Sample) Number { return Absolute(control, treatment).PValue() }

// Lift is the relative difference μT/μC − 1.
func Lift(control, treatment Sample) Number {
	if why := relatable(control, treatment); why != "" {
		return unknown(why)
	}
	return number(treatment.Mean/control.Mean - 1)
}

// Ratio is ln(μT/μC) with its standard error, by the delta method.
type Ratio struct {
	Log, Error float64
	Units      float64 // of both arms
	Why        Reason  // set where there is no such ratio
}

// LogRatio compares two samples on the logarithmic scale, which needs both means
// above zero and some variation.
func LogRatio(control, treatment Sample) Ratio {
	if why := comparable(control, treatment); why != "" {
		return Ratio{Why: why}
	}
	switch {
	case control.Mean == 0:
		return Ratio{Why: NoConversionsInControl}
	case treatment.Mean == 0:
		return Ratio{Why: NoConversions}
	case control.Mean < 0 || treatment.Mean < 0:
		return Ratio{Why: NotPositive}
	}
	squared := treatment.squaredError()/(treatment.Mean*treatment.Mean) + control.squaredError()/(control.Mean*control.Mean)
	if squared <= 0 {
		return Ratio{Why: NoVariation}
	}
	return Ratio{Log: math.Log(treatment.Mean / control.Mean), Error: math.Sqrt(squared), Units: control.N + treatment.N}
}

// Interval is the 95 % interval of the lift: exp(log ± z·error) − 1.
func (r Ratio) Interval() Interval { return r.around(z95 * r.Error) }

// around is the lift's interval of this half-width on the logarithmic scale.
func (r Ratio) around(half float64) Interval {
	if r.Why != "" {
		return unknownInterval(r.Why)
	}
	return interval(math.Expm1(r.Log-half), math.Expm1(r.Log+half))
}

// Wilson is the 95 % score interval of a rate (Wilson 1927): it stays within
// [0, 1] and has a width also at 0 and at n conversions.
func Wilson(n, converted uint64) Interval {
	s := Proportion(n, converted)
	if s.Why != "" {
		return unknownInterval(s.Why)
	}
	const z2 = z95 * z95
	centre := (s.Mean + z2/(2*s.N)) / (1 + z2/s.N)
	half := z95 * math.Sqrt(s.Variance/s.N+z2/(4*s.N*s.N)) / (1 + z2/s.N)
	low, high := math.Max(0, centre-half), math.Min(1, centre+half)
	if converted == 0 {
		low = 0 // exactly, not a rounding error above
	}
	if converted == n {
		high = 1
	}
	return interval(low, high)
}
