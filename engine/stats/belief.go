package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Belief is what is held of an effect after the data: normal, by its mean and deviation.
type Belief struct {
	Mean, Deviation float64
	Why             Reason // set where there is none
}

// Belief is the posterior of the effect under a prior N(0, prior²); a prior of
// zero or less stands for no prior at all (gbstats' improper one).
func (e Effect) Belief(prior float64) Belief {
	if e.Why != "" {
		return Belief{Why: e.Why}
	}
	if prior <= 0 {
		return Belief{Mean: e.Estimate, Deviation: e.Error}
	}
	// Precisions add up; the prior's own pulls towards zero.
	share := prior * prior / (prior*prior + e.Error*e.Error)
	return Belief{Mean: e.Estimate * share, Deviation: e.Error * math.Sqrt(share)}
}

// ChanceToWin is P(effect > 0).
func (b Belief) ChanceToWin() Number {
	if b.Why != "" {
		return unknown(b.Why)
	}
	return number(distuv.UnitNormal.CDF(b.Mean / b.Deviation))
}

// ExpectedLoss is E[max(−effect, 0)]: what is given up, on average, by taking the
// treatment where it is the worse one. That of keeping control is larger by Mean.
func (b Belief) ExpectedLoss() Number {
	if b.Why != "" {
		return unknown(b.Why)
	}
	z := b.Mean / b.Deviation
	return number(math.Max(0, b.Deviation*distuv.UnitNormal.Prob(z)-b.Mean*distuv.UnitNormal.Survival(z)))
}

// Interval holds the effect with 95 % belief.
func (b Belief) Interval() Interval {
	if b.Why != "" {
		return unknownInterval(b.Why)
	}
	return interval(b.Mean-z95*b.Deviation, b.Mean+z95*b.Deviation)
}
