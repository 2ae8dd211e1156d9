package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Effect is the difference of two means with its standard error. The package
// shows its own figures (Welch of the absolute one, LogRatio for the lift); all
// that can be asked of an Effect agrees with gbstats, so that analysts can compare.
type Effect struct {
	Estimate, Error float64
	Freedom         float64 // Welch–Satterthwaite degrees, of the absolute variances
	Units           float64 // of both arms
	Why             Reason  // set where there is no such difference
}

// Absolute is μT − μC.
func Absolute(control, treatment Sample) Effect {
	return effect(control, treatment, 1, control.squaredError()+treatment.squaredError())
}

// Relative is (μT − μC)/μC with its variance by the delta method,
// s²T/(nT μC²) + s²C μT²/(nC μC⁴); it needs a control above zero.
func Relative(control, treatment Sample) Effect {
	if why := relatable(control, treatment); why != "" {
		return Effect{Why: why}
	}
	times := treatment.Mean / control.Mean
	squared := (treatment.squaredError() + control.squaredError()*times*times) / (control.Mean * control.Mean)
	return effect(control, treatment, control.Mean, squared)
}

func effect(control, treatment Sample, by, squared float64) Effect {
	if why := comparable(control, treatment); why != "" {
		return Effect{Why: why}
	}
	return newEffect((treatment.Mean-control.Mean)/by, squared, control, treatment)
}

// newEffect is an effect of this squared error, made of these samples.
func newEffect(estimate, squared float64, samples ...Sample) Effect {
	e := Effect{Estimate: estimate, Error: math.Sqrt(squared), Freedom: freedom(samples...)}
	for _, s := range samples {
		e.Units += s.N
	}
	switch {
	case squared == 0:
		e.Why = NoVariation
	case !number(squared).Known || !number(estimate).Known:
		e.Why = NotFinite
	case !(e.Freedom > 0):
		e.Why = TooFewVisitors
	}
	return e
}

// freedom is Welch–Satterthwaite's. An arm without variation adds nothing, also
// where n−1 is zero.
func freedom(samples ...Sample) float64 {
	whole, below := 0.0, 0.0
	for _, s := range samples {
		whole += s.squaredError()
	}
	for _, s := range samples {
		if share := s.squaredError() / whole; share > 0 {
			below += share * share / (s.N - 1)
		}
	}
	return 1 / below
}

// student is the distribution of the estimate over its error. Beyond 1e9 degrees
// it is the normal one to all digits shown, while gonum's incomplete beta
// function loses digits.
func (e Effect) student() distuv.StudentsT {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: math.Min(e.Freedom, 1e9)}
}

// PValue is two-sided, by the survival function, so that tiny values keep their digits.
func (e Effect) PValue() Number {
	if e.Why != "" {
		return unknown(e.Why)
	}
	return number(math.Min(1, 2*e.student().Survival(math.Abs(e.Estimate)/e.Error)))
}

// PBelow is the one-sided p-value for an effect below zero; above, it is 1 minus this.
func (e Effect) PBelow() Number {
	if e.Why != "" {
		return unknown(e.Why)
	}
	return number(e.student().Survival(-e.Estimate / e.Error))
}

// Interval holds the effect with probability 1 − alpha, at one look.
func (e Effect) Interval(alpha float64) Interval {
	if e.Why != "" {
		return unknownInterval(e.Why)
	}
	half := e.Error * e.quantile(alpha/2)
	return interval(e.Estimate-half, e.Estimate+half)
}

// Margin is how far a one-sided bound at alpha lies from the estimate, at one look.
func (e Effect) Margin(alpha float64) Number {
	if e.Why != "" {
		return unknown(e.Why)
	}
	return number(e.Error * e.quantile(alpha))
}

// quantile is t with upper tail alpha, by Newton's method from the normal one:
// gonum's own inverse is off in the sixth digit at millions of degrees.
func (e Effect) quantile(alpha float64) float64 {
	student := e.student()
	t := distuv.UnitNormal.Quantile(1 - alpha)
	for range 50 {
		step := (student.Survival(t) - alpha) / student.Prob(t)
		if t += step; math.Abs(step) <= 1e-12*math.Abs(t) {
			break
		}
	}
	return t
}
