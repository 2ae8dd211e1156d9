package stats

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// effects are the two differences of a case, however its metric is made.
func (v vector) effects() (absolute, relative Effect, control Sample) {
	c, t := v.Control, v.Treatment
	switch c.Kind {
	case "cuped":
		a, b := c.paired(), t.paired()
		x, y := Adjust(a, b)
		return Absolute(x, y), RelativeAdjusted(a, b), a.post()
	default:
		return Absolute(c.sample(), t.sample()), Relative(c.sample(), t.sample()), c.sample()
	}
}

// compare holds everything that an Effect can be asked against gbstats. It returns
// how many figures it compared.
func compare(t *testing.T, name, config string, e Effect, control Sample, want gbstats) int {
	t.Helper()
	compared := 0
	check := func(what string, got Number, want float64) {
		compared++
		if !got.Known || !near(got.Value, want) {
			t.Errorf("%s, %s: %s = %+v, gbstats %v", name, config, what, got, want)
		}
	}
	bounds := func(got Interval) {
		for i, bound := range []float64{got.Low, got.High} {
			if v, finite := want.CI[i].(float64); finite {
				check("bound", Number{bound, got.Known, got.Why}, v)
			}
		}
	}
	aside := func(side float64) { // the one finite bound, side × margin from the estimate
		m := e.Margin(alpha)
		bounds(Interval{Low: e.Estimate - m.Value, High: e.Estimate + m.Value, Known: m.Known})
		if p := e.PBelow().Value; side > 0 {
			check("one-sided p", number(p), *want.P)
		} else {
			check("one-sided p", number(1-p), *want.P)
		}
	}
	if want.SE != nil {
		check("estimate", number(e.Estimate), want.Expected)
		check("error", number(e.Error), *want.SE)
	}
	switch {
	case strings.HasPrefix(config, "seq_"):
		nStar := 5000.0
		switch config[strings.LastIndex(config, "_"):] {
		case "_500":
			nStar = 500
		case "_50000":
			nStar = 50_000
		}
		bounds(e.Sequential(alpha, nStar))
		check("p to be watched", e.SequentialP(alpha, nStar), *want.P)
	case strings.HasSuffix(config, "_lesser"):
		aside(1)
	case strings.HasSuffix(config, "_greater"):
		aside(-1)
	case strings.HasPrefix(config, "freq_"):
		level := alpha
		if strings.HasSuffix(config, "_a01") {
			level = 0.01
		}
		bounds(e.Interval(level))
		check("degrees of freedom", number(e.Freedom), *want.DOF)
		if got := e.PValue(); !got.Known || !same(got.Value, *want.PTail) {
			t.Errorf("%s, %s: p = %+v, gbstats %v", name, config, got, *want.PTail)
		}
	case strings.HasPrefix(config, "bayes_"):
		prior := map[string]float64{"bayes_rel_n03": 0.3, "bayes_abs_n03": 0.3 * math.Abs(control.Mean), "bayes_rel_n005": 0.05}[config]
		b := e.Belief(prior)
		check("posterior mean", number(b.Mean), want.Expected)
		check("posterior deviation", number(b.Deviation), *want.SD)
		bounds(b.Interval())
		win, taking := b.ChanceToWin(), b.ExpectedLoss()
		keeping := number(taking.Value + b.Mean)
		if strings.HasSuffix(config, "_inv") { // less is better: the same with the sides changed
			win, taking, keeping = number(1-win.Value), keeping, taking
		}
		check("chance to win", win, *want.Win)
		check("loss of taking", taking, want.Closed.Taking)
		check("loss of keeping", keeping, want.Closed.Keeping)
	default:
		t.Errorf("%s: nothing compares %s", name, config)
	}
	return compared
}

// TestEveryFigureOfGbstats compares proportions, means, ratio metrics and CUPED
// under every configuration of the file. Where gbstats has no result and writes
// placeholders, there is none here either, or scipy's (TestWelchAgreesWithGbstats).
func TestEveryFigureOfGbstats(t *testing.T) {
	t.Parallel()
	compared := map[string]int{}
	for _, group := range []string{"proportion_2arm", "mean_2arm", "ratio_2arm", "cuped_2arm"} {
		for _, v := range vectors(t, group) {
			absolute, relative, control := v.effects()
			for _, config := range slices.Sorted(maps.Keys(v.Gbstats)) {
				want, e := v.Gbstats[config], relative
				if strings.Contains(config, "_abs") {
					e = absolute
				}
				if want.Error != nil {
					continue
				}
				compared[group] += compare(t, v.ID, config, e, control, want)
			}
			for config, want := range v.Plain { // CUPED's case without it
				c, tr := v.Control.paired().post(), v.Treatment.paired().post()
				e := Relative(c, tr)
				if strings.Contains(config, "_abs") {
					e = Absolute(c, tr)
				}
				compared[group] += compare(t, v.ID+" without CUPED", config, e, c, want)
			}
		}
	}
	for _, v := range vectors(t, "multi_arm_proportion") {
		for i, figures := range v.VsControl {
			c := v.Variants[0].sample()
			for config, want := range figures {
				compared["multi_arm_proportion"] += compare(t, v.ID, config, Relative(c, v.Variants[i+1].sample()), c, want)
			}
		}
	}
	t.Logf("figures compared: %v", compared)
	for group, least := range map[string]int{"proportion_2arm": 150, "mean_2arm": 100, "ratio_2arm": 29, "cuped_2arm": 100, "multi_arm_proportion": 40} {
		if compared[group] < least {
			t.Errorf("only %d figures of %s were compared, want %d at least", compared[group], group, least)
		}
	}
}

// TestSumsAgreeWithRawRows: ratio and CUPED from sums are what they are from the
// visitors themselves, and gbstats' θ and variances.
func TestSumsAgreeWithRawRows(t *testing.T) {
	t.Parallel()
	add := func(a, b []float64) (x, y Moments, cross float64) {
		for i := range a {
			x.Sum, x.SumSquares = x.Sum+a[i], x.SumSquares+a[i]*a[i]
			y.Sum, y.SumSquares = y.Sum+b[i], y.SumSquares+b[i]*b[i]
			cross += a[i] * b[i]
		}
		return x, y, cross
	}
	for _, v := range vectors(t, "ratio_2arm") {
		for i, arm := range []struct {
			sums
			raw [2][]float64
		}{{v.Control, v.Raw.Control}, {v.Treatment, v.Raw.Treatment}} {
			m, d, cross := add(arm.raw[0], arm.raw[1])
			got := Quotient(uint64(len(arm.raw[0])), m, d, cross)
			if want := arm.sample(); !near(got.Mean, want.Mean) || !near(got.Variance, want.Variance) {
				t.Errorf("%s: from rows %+v, from sums %+v", v.ID, got, want)
			}
			if !near(got.Mean, v.Ratio[i]) || !near(got.Variance, v.RatioVariance[i]) {
				t.Errorf("%s: %+v, gbstats %v with variance %v", v.ID, got, v.Ratio[i], v.RatioVariance[i])
			}
		}
	}
	for _, v := range vectors(t, "cuped_2arm") {
		c, tr := v.Control.paired(), v.Treatment.paired()
		if got := Theta(c, tr); !got.Known || !near(got.Value, v.Theta) {
			t.Errorf("%s: θ = %+v, gbstats %v", v.ID, got, v.Theta)
		}
		if v.Raw.Control[0] != nil {
			post, pre, cross := add(v.Raw.Control[0], v.Raw.Control[1])
			if got, want := covariance(Paired{N: c.N, Post: post, Pre: pre}.post(), Paired{N: c.N, Pre: pre}.pre(), cross), v.Covariances[0]; !near(got, want) {
				t.Errorf("%s: covariance %v, numpy %v", v.ID, got, want)
			}
		}
	}
}

// TestOneSidedSequencesAgreeWithGbstats: the bounds on which guardrails stand.
// gbstats finds the p-value by bisection, to 1e-4, and cuts it to [1e-5, 0.4999].
func TestOneSidedSequencesAgreeWithGbstats(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "sequential") {
		e := Relative(v.Control.sample(), v.Treatment.sample())
		for _, want := range v.OneSided {
			margin, bound, p := SequentialMargin(e.Error, e.Units, want.Alpha, want.NStar), want.CI[1], e.SequentialPBelow(want.Alpha, want.NStar).Value
			got := e.Estimate + margin
			if want.Side == "greater" {
				mirrored := e
				mirrored.Estimate = -e.Estimate
				got, bound, p = e.Estimate-margin, want.CI[0], mirrored.SequentialPBelow(want.Alpha, want.NStar).Value
			}
			if !near(got, bound.(float64)) || math.Abs(min(p, 0.4999)-want.P) > 1e-4 {
				t.Errorf("%s, %s, α %g, N* %g: bound %v and p %v, gbstats %v and %v", v.ID, want.Side, want.Alpha, want.NStar, got, p, bound, want.P)
			}
		}
		if len(v.OneSided) < 6 {
			t.Errorf("%s: only %d one-sided bounds", v.ID, len(v.OneSided))
		}
	}
	for _, v := range vectors(t, "guardrail") {
		e := Absolute(v.Control.sample(), v.Treatment.sample())
		watched := e.Estimate + SequentialMargin(e.Error, e.Units, alpha, tuned)
		fixed := e.Estimate + e.Margin(alpha).Value
		for _, c := range []struct {
			what  string
			bound float64
			want  gbstats
		}{{"watched", watched, v.Watched}, {"at one look", fixed, v.Fixed}} {
			if !near(c.bound, c.want.CI[1].(float64)) || (c.bound < 0) != c.want.Harm {
				t.Errorf("%s, %s: bound %v, gbstats %v (harm %t)", v.ID, c.what, c.bound, c.want.CI[1], c.want.Harm)
			}
		}
		if p := e.PBelow(); !near(p.Value, *v.Fixed.P) {
			t.Errorf("%s: p at one look %v, gbstats %v", v.ID, p, *v.Fixed.P)
		}
		if p := e.SequentialPBelow(alpha, tuned); math.Abs(p.Value-*v.Watched.P) > 1e-4 {
			t.Errorf("%s: p to be watched %v, gbstats %v", v.ID, p, *v.Watched.P)
		}
	}
}
