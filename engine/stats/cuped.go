package stats

import "math"

// Paired are the sums of one figure over an arm's units, in the window (Post) and
// in a span before the first exposure (Pre), with the sum of their products.
// Nothing in Pre may come from after the exposure.
type Paired struct {
	N         uint64
	Post, Pre Moments
	Cross     float64
}

func (p Paired) post() Sample { return Mean(p.N, p.Post.Sum, p.Post.SumSquares) }
func (p Paired) pre() Sample  { return Mean(p.N, p.Pre.Sum, p.Pre.SumSquares) }

// Theta is CUPED's factor cov(Y,X)/var(X) over both arms together: how much of a
// unit's past is to be taken off. It is zero where the past does not vary, and
// then nothing is adjusted.
func Theta(control, treatment Paired) Number { return pool(control, treatment).theta() }

// pool adds arms up as if they were one.
func pool(arms ...Paired) Paired {
	var p Paired
	for _, a := range arms {
		p.N += a.N
		p.Post.Sum, p.Post.SumSquares = p.Post.Sum+a.Post.Sum, p.Post.SumSquares+a.Post.SumSquares
		p.Pre.Sum, p.Pre.SumSquares = p.Pre.Sum+a.Pre.Sum, p.Pre.SumSquares+a.Pre.SumSquares
		p.Cross += a.Cross
	}
	return p
}

func (p Paired) theta() Number {
	post, pre := p.post(), p.pre()
	switch {
	case post.Why != "":
		return unknown(post.Why)
	case pre.Why != "":
		return unknown(pre.Why)
	case pre.Variance == 0:
		return number(0)
	}
	return number(covariance(post, pre, p.Cross) / pre.Variance)
}

// Adjust takes from both arms what their units' past explains (CUPED): the mean
// becomes ȳ − θ(x̄ − x̄ of both arms), which is right on average whatever θ is,
// and the variance falls by the square of the correlation. The samples can be
// compared like any others.
func Adjust(control, treatment Paired) (Sample, Sample) {
	both := adjust(control, treatment)
	return both[0], both[1]
}

// adjust does so for any number of arms.
func adjust(arms ...Paired) []Sample {
	together := pool(arms...)
	theta, centre := together.theta(), together.Pre.Sum/float64(together.N)
	out := make([]Sample, len(arms))
	for i, a := range arms {
		if !theta.Known {
			out[i] = Sample{Why: theta.Why}
			continue
		}
		out[i] = a.adjusted(theta.Value, centre)
	}
	return out
}

func (p Paired) adjusted(theta, centre float64) Sample {
	post, pre := p.post(), p.pre()
	switch {
	case post.Why != "":
		return post
	case pre.Why != "":
		return pre
	}
	s := Sample{
		N: post.N, Mean: post.Mean - theta*(pre.Mean-centre),
		Variance: post.Variance + theta*theta*pre.Variance - 2*theta*covariance(post, pre, p.Cross),
	}
	if !number(s.Mean).Known || !number(s.Variance).Known {
		return Sample{Why: NotFinite}
	}
	return s.rounded(post.Variance + theta*theta*pre.Variance)
}

// RelativeAdjusted is gbstats' relative difference under CUPED: the adjusted
// difference over the control's mean as it was, with a variance by the delta
// method that knows how that mean and the adjustment hang together.
func RelativeAdjusted(control, treatment Paired) Effect {
	c, t := Adjust(control, treatment)
	base, after := control.post(), treatment.post()
	if why := relatable(c, t); why != "" {
		return Effect{Why: why}
	}
	if why := relatable(base, after); why != "" {
		return Effect{Why: why}
	}
	theta, pre, times := Theta(control, treatment).Value, control.pre(), after.Mean/base.Mean
	own := base.Variance*times*times - 2*theta*covariance(base, pre, control.Cross)*times + theta*theta*pre.Variance
	squared := (t.squaredError() + own/c.N) / (base.Mean * base.Mean)
	e := effect(c, t, base.Mean, math.Max(0, squared))
	return e
}
