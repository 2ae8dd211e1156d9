package stats

import "math"

// Cost is what an arm's rewards cost, over its kept units: a coupon's discount or
// a free gift, for each exposed unit that redeemed. It is taken off the value.
type Cost struct {
	Sum, SumSquares float64
	WithValue       float64 // the sum of cost × value of the same unit
	WithPast        float64 // the sum of cost × value before the exposure; only for CUPED
}

// FixedCost is the cost where each of the redeemed units costs the same and all of
// them together brought value.
func FixedCost(redeemed uint64, each, value float64) Cost {
	n := float64(redeemed)
	return Cost{Sum: n * each, SumSquares: n * each * each, WithValue: each * value}
}

// ArmValue is one arm's money: what a unit brings, its cost taken off, against
// control's. JSON: the arm's "value"; a figure that is null has its reason in
// Reasons, under its JSON name.
type ArmValue struct {
	Cost         Number   `json:"cost"`           // of its rewards
	PerVisitor   Number   `json:"per_visitor"`    // (value − cost) / exposed
	PerVisitorCI Interval `json:"per_visitor_ci"` // 95 %

	// Adjusted tells that what follows compares the arms after CUPED: what their
	// visitors brought before the exposure explains a part, and is taken off.
	Adjusted     bool     `json:"adjusted"`
	Lift         Number   `json:"lift"`          // of the value per visitor: 0.1 is ten percent more than control
	LiftCI       Interval `json:"lift_ci"`       // 95 %, from the log ratio
	PValue       Number   `json:"p_value"`       // Welch, two-sided; after Holm with several arms
	ChanceToWin  Number   `json:"chance_to_win"` // P(value per visitor > control's), normal posterior
	ExpectedLoss Number   `json:"expected_loss"` // in money a visitor
	SequentialCI Interval `json:"sequential_ci"` // as lift_ci, and valid however often one looks
	ChanceBest   Number   `json:"chance_best"`   // P(more than every other arm), control's too

	IncrementalPerVisitor   Number   `json:"incremental_per_visitor"`    // what a visitor brings more than control's
	IncrementalPerVisitorCI Interval `json:"incremental_per_visitor_ci"` // 95 %
	Incremental             Number   `json:"incremental"`                // the same, times the arm's exposed visitors
	IncrementalCI           Interval `json:"incremental_ci"`

	Verdict Verdict           `json:"verdict,omitempty"` // of the money alone; empty for control
	Reasons map[string]Reason `json:"reasons,omitempty"`
}

// net are the arm's sums of value less cost, with those of the units' past.
func (a Arm) net() Paired {
	return Paired{
		N:     a.N,
		Post:  Moments{a.Sum - a.Cost.Sum, a.SumSquares - 2*a.Cost.WithValue + a.Cost.SumSquares},
		Pre:   a.Past,
		Cross: a.PastCross - a.Cost.WithPast,
	}
}

// worth is the arm's value less cost per unit.
func (a Arm) worth() Sample {
	if a.overall != nil {
		return a.overall.value
	}
	return a.net().post()
}

// worths are those of arms to be compared: after CUPED, where units have a past
// and the arms no periods.
func worths(arms ...Arm) []Sample {
	out, pairs := make([]Sample, len(arms)), make([]Paired, len(arms))
	for i, a := range arms {
		if a.overall != nil {
			out[i] = a.worth()
			continue
		}
		pairs[i] = a.net()
	}
	if len(arms) > 0 && arms[0].overall == nil {
		return adjust(pairs...)
	}
	return out
}

// valued tells whether anything of value was counted; a goal without value has no
// money to be judged.
func valued(arms []Arm) bool {
	for _, a := range arms {
		if a.Sum != 0 || a.SumSquares != 0 || a.Cost != (Cost{}) {
			return true
		}
	}
	return false
}

// valueAlone is what can be said of an arm's money without another.
func (a Arm) valueAlone() *ArmValue {
	v := &ArmValue{Cost: number(a.Cost.Sum)}
	s := a.worth()
	if s.Why != "" {
		v.PerVisitor, v.PerVisitorCI = unknown(s.Why), unknownInterval(s.Why)
		if s.Why == TooFewVisitors { // a mean of one is a mean
			v.PerVisitor = number(a.Sum - a.Cost.Sum)
		}
		return v
	}
	v.PerVisitor = number(s.Mean)
	if s.Variance == 0 {
		if v.PerVisitorCI = unknownInterval(NoVariation); s.Mean == 0 {
			v.PerVisitorCI = unknownInterval(NoValue)
		}
		return v
	}
	half := Effect{Error: math.Sqrt(s.squaredError()), Freedom: s.N - 1}.Margin(alpha / 2)
	v.PerVisitorCI = interval(s.Mean-half.Value, s.Mean+half.Value)
	return v
}

// compare sets what compares the arm's money with control's.
func (v *ArmValue) compare(control, treatment Arm) {
	both := worths(control, treatment)
	c, t := both[0], both[1]
	if theta := Theta(control.net(), treatment.net()); theta.Known && theta.Value != 0 {
		v.Adjusted = true
	}
	e, ratio := Absolute(c, t), LogRatio(c, t)
	v.Lift, v.LiftCI, v.SequentialCI = Lift(c, t), ratio.Interval(), ratio.Sequential()
	v.PValue, v.ChanceToWin, v.ExpectedLoss = e.PValue(), e.Belief(0).ChanceToWin(), e.Belief(0).ExpectedLoss()
	v.IncrementalPerVisitor, v.IncrementalPerVisitorCI = unknown(e.Why), e.Interval(alpha)
	if why := comparable(c, t); why == "" { // there is a difference, be it without an interval
		v.IncrementalPerVisitor = number(t.Mean - c.Mean)
	}
	n := float64(treatment.N)
	v.Incremental, v.IncrementalCI = v.IncrementalPerVisitor.times(n), v.IncrementalPerVisitorCI.times(n)
}

func (v *ArmValue) compareNone(why Reason) {
	none, noInterval := unknown(why), unknownInterval(why)
	v.Lift, v.PValue, v.ChanceToWin, v.ExpectedLoss = none, none, none, none
	v.LiftCI, v.SequentialCI = noInterval, noInterval
	v.IncrementalPerVisitor, v.Incremental = none, none
	v.IncrementalPerVisitorCI, v.IncrementalCI = noInterval, noInterval
}

// reasons collects why figures are missing, by their JSON names, in the words of money.
func (v *ArmValue) reasons() map[string]Reason {
	found := missing(map[string]Number{
		"cost": v.Cost, "per_visitor": v.PerVisitor, "lift": v.Lift, "p_value": v.PValue, "chance_to_win": v.ChanceToWin,
		"expected_loss": v.ExpectedLoss, "chance_best": v.ChanceBest, "incremental_per_visitor": v.IncrementalPerVisitor, "incremental": v.Incremental,
	}, map[string]Interval{
		"per_visitor_ci": v.PerVisitorCI, "lift_ci": v.LiftCI, "sequential_ci": v.SequentialCI,
		"incremental_per_visitor_ci": v.IncrementalPerVisitorCI, "incremental_ci": v.IncrementalCI,
	})
	for name, why := range found {
		switch why {
		case NoConversionsInControl:
			found[name] = NoValueInControl
		case NoConversions:
			found[name] = NoValue
		}
	}
	return found
}

// judgeMoney is the rule of the package comment for money. Sales are few and
// uneven, so it asks for more of them than the rate does.
func judgeMoney(control, treatment Arm, v ArmValue) Verdict {
	if !v.PValue.Known || min(control.N, treatment.N) < minUnits || expected(control, treatment) < minSales {
		return Collecting
	}
	return judge(v.PValue.Value, v.IncrementalPerVisitor.Value > 0, v.LiftCI)
}

// expected is how many converted units the smaller arm expects at the rate of both.
func expected(control, treatment Arm) float64 {
	units := float64(control.N) + float64(treatment.N)
	return (float64(control.Converted) + float64(treatment.Converted)) * float64(min(control.N, treatment.N)) / units
}
