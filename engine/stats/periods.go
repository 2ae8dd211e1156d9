package stats

import "math"

// Period is a span of a bandit's campaign in which its weights stood still, with
// every arm's sums of the units first exposed in it. Arms come in one order in all periods.
type Period struct{ Arms []Arm }

// overall is an arm over all periods, each period counting by its units of all arms.
type overall struct{ rate, gross, value Sample }

// Stratify makes one arm of each, over all periods, that can be compared with the
// others. Adding the sums up would be wrong: where a good arm got more visitors in
// a bad week, its pooled rate is that week's (Simpson's paradox). Instead the arms
// are compared within each period, where chance alone divides them, and
//
//	mean = Σ wₖ ȳₖ,  squared error = Σ wₖ² s²ₖ/nₖ,  wₖ = the period's share of all units
//
// which no weight moves (s² leans on twenty units of all arms in the period). A period in which an arm with weight has fewer than two
// units tells nothing of it, and is left out for all; how many units that are is
// returned. The arms' counts and sums are of the periods kept, their weight the last one.
func Stratify(periods []Period) (arms []Arm, left uint64) {
	var kept []Period
	units := 0.0
	for _, p := range periods {
		n := uint64(0)
		for _, a := range p.Arms {
			n += a.N
		}
		if len(periods[0].Arms) != len(p.Arms) || !p.tells() {
			left += n
			continue
		}
		kept, units = append(kept, p), units+float64(n)
	}
	if len(kept) == 0 {
		if len(periods) > 0 { // the arms are there, and have nobody
			for _, a := range periods[len(periods)-1].Arms {
				arms = append(arms, Arm{Variant: a.Variant, Control: a.Control, Weight: a.Weight})
			}
		}
		return arms, left
	}
	last := periods[len(periods)-1].Arms
	for i := range kept[0].Arms {
		arms = append(arms, stratified(kept, i, units))
		if i < len(last) {
			arms[i].Weight = last[i].Weight
		}
	}
	return arms, left
}

// tells whether every arm of weight has units enough to measure variation.
func (p Period) tells() bool {
	for _, a := range p.Arms {
		if a.Weight > 0 && a.N < 2 {
			return false
		}
	}
	return len(p.Arms) > 0
}

func (p Period) units() float64 {
	n := 0.0
	for _, a := range p.Arms {
		n += float64(a.N)
	}
	return n
}

func stratified(periods []Period, i int, units float64) Arm {
	first := periods[0].Arms[i]
	out := Arm{Variant: first.Variant, Control: first.Control, overall: &overall{}}
	for _, p := range periods {
		a, share := p.Arms[i], p.units()/units
		out.N, out.Converted = out.N+a.N, out.Converted+a.Converted
		out.Sum, out.SumSquares = out.Sum+a.Sum, out.SumSquares+a.SumSquares
		out.Cost.Sum, out.Cost.SumSquares = out.Cost.Sum+a.Cost.Sum, out.Cost.SumSquares+a.Cost.SumSquares
		out.Cost.WithValue += a.Cost.WithValue
		together := p.together()
		out.overall.rate.add(a.rate().lean(together.rate()), share)
		out.overall.gross.add(Mean(a.N, a.Sum, a.SumSquares).lean(Mean(together.N, together.Sum, together.SumSquares)), share)
		out.overall.value.add(a.net().post().lean(together.net().post()), share)
	}
	return out
}

// together are all arms of the period as one.
func (p Period) together() Arm {
	var t Arm
	for _, a := range p.Arms {
		t.N, t.Converted = t.N+a.N, t.Converted+a.Converted
		t.Sum, t.SumSquares = t.Sum+a.Sum, t.SumSquares+a.SumSquares
		t.Cost.Sum, t.Cost.SumSquares = t.Cost.Sum+a.Cost.Sum, t.Cost.SumSquares+a.Cost.SumSquares
		t.Cost.WithValue += a.Cost.WithValue
	}
	return t
}

// leanOn units of all arms join each arm's variance in a period: the ten visitors
// of a bandit's small arm of whom nobody bought do not tell how much buying varies.
const leanOn = 20

// lean is the sample with its variance drawn towards that of all arms.
func (s Sample) lean(together Sample) Sample {
	if s.Why == "" && together.Why == "" {
		s.Variance = (s.N*s.Variance + leanOn*together.Variance) / (s.N + leanOn)
	}
	return s
}

// add takes one period's sample in. Variance stays of one unit, so that
// variance / n is the squared error of the whole.
func (s *Sample) add(period Sample, share float64) {
	switch {
	case s.Why != "":
	case period.Why != "":
		*s = Sample{Why: period.Why}
	default:
		squared := share * share * period.squaredError()
		if s.N > 0 {
			squared += s.squaredError()
		}
		s.N, s.Mean = s.N+period.N, s.Mean+share*period.Mean
		if s.Variance = squared * s.N; math.IsInf(s.Variance, 0) {
			*s = Sample{Why: NotFinite}
		}
	}
}

// JudgePeriods is Judge for a bandit: the same results, of arms compared within
// periods and never pooled. Rates, lifts, money and verdicts are those of a campaign
// whose visitors came in each period as they did, with steady weights; the split is
// checked against each period's weights. Counts (exposed, converted, value_sum) are of
// all who came, as lists of visitors and SQL have them; where periods are left out,
// Judged says how many of them the rest is about. A campaign of one period is judged
// by Judge.
func JudgePeriods(about Subject, periods []Period, crossovers uint64) Results {
	if len(periods) == 1 {
		return Judge(about, periods[0].Arms, crossovers)
	}
	arms, left := Stratify(periods)
	r := judgeAll(about, arms, crossovers, checkPeriods(periods))
	r.Periods, r.LeftOut = len(periods), left
	if left > 0 {
		for i := range r.Arms {
			r.Arms[i].countAll(periods)
		}
	}
	return r
}

// countAll puts who came in all periods, also those that are too small to compare,
// before who was compared.
func (a *ArmResult) countAll(periods []Period) {
	a.Judged = &Judged{a.Exposed, a.Converted}
	a.Exposed, a.Converted = 0, 0
	sum := 0.0
	for _, p := range periods {
		for _, arm := range p.Arms {
			if arm.Variant == a.Variant {
				a.Exposed, a.Converted, sum = a.Exposed+arm.N, a.Converted+arm.Converted, sum+arm.Sum
			}
		}
	}
	if a.ValueSum.Known && !math.IsInf(sum, 0) && !math.IsNaN(sum) {
		a.ValueSum.Value = sum
	}
}
