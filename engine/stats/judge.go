package stats

import "slices"

// Judge computes all figures and the verdict, by the rule in the package comment.
// Arms come out in the order given.
func Judge(about Subject, arms []Arm, crossovers uint64) Results {
	return judgeAll(about, arms, crossovers, CheckSplit(arms))
}

func judgeAll(about Subject, arms []Arm, crossovers uint64, split SRM) Results {
	if pace := number(about.PerDay); !pace.Known || pace.Value < 0 {
		about.PerDay = 0 // not known, then
	}
	r := Results{Subject: about, Arms: make([]ArmResult, len(arms)), SRM: split, Crossovers: countCrossovers(arms, crossovers)}
	control := -1
	for i, a := range arms {
		if a.Control && control < 0 {
			control = i
		}
		r.Arms[i] = a.alone()
	}
	// One family for Holm: the arms that count, as they are all looked at together;
	// and one for the money, which is another question.
	p, money := make([]Number, len(arms)), make([]Number, len(arms))
	if valued(arms) {
		for i, a := range arms {
			r.Arms[i].Value = a.valueAlone()
		}
		incremental := CountIncremental(arms)
		r.Incremental = &incremental
	}
	for i, a := range arms {
		switch {
		case i == control:
			r.Arms[i].compareNone(IsControl)
		case control < 0:
			r.Arms[i].compareNone(NoControl)
		default:
			r.Arms[i].compare(arms[control], a)
			if a.Weight > 0 {
				p[i] = r.Arms[i].PValue
				if v := r.Arms[i].Value; v != nil {
					money[i] = v.PValue
				}
			}
		}
	}
	for i, adjusted := range Holm(p) {
		if adjusted.Known {
			r.Arms[i].PValue = adjusted
		}
	}
	for i, adjusted := range Holm(money) {
		if adjusted.Known {
			r.Arms[i].Value.PValue = adjusted
		}
	}
	r.rank(arms)
	r.decide(arms, control)
	for i := range r.Arms {
		r.Arms[i].Reasons = r.Arms[i].reasons()
		if v := r.Arms[i].Value; v != nil {
			v.Reasons = v.reasons()
		}
	}
	return r
}

func countCrossovers(arms []Arm, crossovers uint64) Crossovers {
	all := float64(crossovers)
	for _, a := range arms {
		all += float64(a.N)
	}
	if all == 0 {
		return Crossovers{Share: unknown(NoVisitors), Reason: NoVisitors}
	}
	return Crossovers{Count: crossovers, Share: number(float64(crossovers) / all)}
}

// alone is what can be said of an arm without another.
func (a Arm) alone() ArmResult {
	r := ArmResult{
		Variant: a.Variant, Control: a.Control, Weight: a.Weight, Exposed: a.N, Converted: a.Converted,
		RateCI: a.rateInterval(), ValueSum: number(a.Sum), ValuePerVisitor: unknown(NoVisitors),
	}
	if s := a.rate(); s.Why == "" {
		r.Rate = number(s.Mean)
	} else {
		r.Rate = unknown(s.Why)
	}
	switch {
	case a.overall != nil:
		r.ValuePerVisitor = of(a.overall.gross)
	case a.N > 0:
		r.ValuePerVisitor = number(a.Sum / float64(a.N))
	}
	return r
}

func (r *ArmResult) compare(control, treatment Arm) {
	c, t := control.rate(), treatment.rate()
	ratio, posterior := LogRatio(c, t), CompareRates(control, treatment)
	if control.overall != nil { // no counts are behind a mean over periods
		b := Absolute(c, t).Belief(0)
		posterior = Posterior{b.ChanceToWin(), b.ExpectedLoss()}
	}
	r.Lift, r.LiftCI, r.PValue = Lift(c, t), ratio.Interval(), Welch(c, t)
	r.ChanceToWin, r.ExpectedLoss = posterior.ChanceToWin, posterior.ExpectedLoss
	r.SequentialCI = ratio.Sequential()
	if r.Value != nil {
		r.Value.compare(control, treatment)
	}
	// An arm in which all did the same looks certain to the test: with little data
	// that is chance, and its tiny p-value would be a wrong one.
	if (c.Variance == 0 || t.Variance == 0) && r.PValue.Known && tooFew(control, treatment) {
		r.PValue = unknown(TooFewConversions)
	}
}

func (r *ArmResult) compareNone(why Reason) {
	none, noInterval := unknown(why), unknownInterval(why)
	r.Lift, r.LiftCI, r.PValue = none, noInterval, none
	r.ChanceToWin, r.ExpectedLoss, r.SequentialCI = none, none, noInterval
	if r.Value != nil {
		r.Value.compareNone(why)
	}
}

// rank sets each arm's chance to be the best of those with weight.
func (r *Results) rank(arms []Arm) {
	var in []int
	var some []Arm
	for i, a := range arms {
		r.Arms[i].ChanceBest = unknown(NoWeight)
		if v := r.Arms[i].Value; v != nil {
			v.ChanceBest = unknown(NoWeight)
		}
		if a.Weight > 0 {
			in, some = append(in, i), append(some, a)
		}
	}
	if len(in) == 0 {
		return
	}
	best, most := BestRates(some), BestMeans(worths(some...))
	if some[0].overall != nil {
		samples := make([]Sample, len(some))
		for k, a := range some {
			samples[k] = a.rate()
		}
		best = BestMeans(samples)
	}
	for k, i := range in {
		r.Arms[i].ChanceBest = best[k]
		if slices.ContainsFunc(some, func(a Arm) bool { return a.N == 0 }) {
			r.Arms[i].ChanceBest = unknown(AnEmptyArm) // the prior alone is no finding
		}
		if v := r.Arms[i].Value; v != nil {
			v.ChanceBest = most[k]
		}
	}
}

// reasons collects why figures are missing, by their JSON names.
func (r *ArmResult) reasons() map[string]Reason {
	return missing(map[string]Number{
		"rate": r.Rate, "value_sum": r.ValueSum, "value_per_visitor": r.ValuePerVisitor, "lift": r.Lift,
		"p_value": r.PValue, "chance_to_win": r.ChanceToWin, "expected_loss": r.ExpectedLoss, "chance_best": r.ChanceBest,
	}, map[string]Interval{"rate_ci": r.RateCI, "lift_ci": r.LiftCI, "sequential_ci": r.SequentialCI})
}

func missing(numbers map[string]Number, intervals map[string]Interval) map[string]Reason {
	found := map[string]Reason{}
	for name, n := range numbers {
		if !n.Known {
			found[name] = n.Why
		}
	}
	for name, i := range intervals {
		if !i.Known {
			found[name] = i.Why
		}
	}
	return found
}
