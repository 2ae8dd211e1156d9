package stats

import "time"

// Arm is one variant's sums in one phase of a campaign, for one goal, over kept
// units (first exposed in the phase; crossovers, bots, staff and forced ones out).
type Arm struct {
	Variant         string
	Control         bool    // the variant without action; the first such arm is compared against
	Weight          int     // of the phase; zero or less: the arm does not count for split and verdict
	N               uint64  // exposed units
	Converted       uint64  // of them with at least one goal event in the window
	Sum, SumSquares float64 // of the value per unit; refunds count negative
	Cost            Cost    // of the arm's rewards, of the same units
	// Past is what the units brought in a span before their first exposure, and
	// PastCross the sum of its products with the value; zeros: no CUPED.
	Past      Moments
	PastCross float64

	overall *overall // of a bandit's arm: see Stratify
}

// Plus adds the sums of other units of the same arm, which came with the same
// weights: of a bandit's periods see Stratify.
func (a Arm) Plus(b Arm) Arm {
	a.N, a.Converted = a.N+b.N, a.Converted+b.Converted
	a.Sum, a.SumSquares = a.Sum+b.Sum, a.SumSquares+b.SumSquares
	a.Cost.Sum, a.Cost.SumSquares = a.Cost.Sum+b.Cost.Sum, a.Cost.SumSquares+b.Cost.SumSquares
	a.Cost.WithValue, a.Cost.WithPast = a.Cost.WithValue+b.Cost.WithValue, a.Cost.WithPast+b.Cost.WithPast
	a.Past.Sum, a.Past.SumSquares = a.Past.Sum+b.Past.Sum, a.Past.SumSquares+b.Past.SumSquares
	a.PastCross += b.PastCross
	return a
}

// Subject names what the results are about.
type Subject struct {
	Campaign string    `json:"campaign"`
	Phase    string    `json:"phase"`
	Goal     string    `json:"goal"`
	Window   string    `json:"window"` // "72h", as in the campaign file
	AsOf     time.Time `json:"as_of"`
	Status   string    `json:"status"` // of the campaign: live, paused …
	// Currency is ISO 4217's; empty: JPY. It is only for the sentence.
	Currency string `json:"currency,omitempty"`
	// PerDay is how many units of all arms are exposed a day, of late; zero: not known.
	PerDay float64 `json:"per_day,omitempty"`
}

// Results is the answer to "how does the campaign do", in the contract's shape.
type Results struct {
	Subject
	Arms       []ArmResult `json:"arms"`
	SRM        SRM         `json:"srm"`
	Crossovers Crossovers  `json:"crossovers"`
	// CarriedOver are units exposed in an earlier phase; they are out of every arm.
	CarriedOver uint64 `json:"carried_over"`
	// Periods is how many a bandit's arms were compared within, and LeftOut how many
	// units came in a period in which an arm had nobody; missing of other campaigns.
	Periods int    `json:"periods,omitempty"`
	LeftOut uint64 `json:"left_out,omitempty"`
	// ErasedVisitors were erased from the whole warehouse up to now: by so many
	// at most the arms have fewer units than they had.
	ErasedVisitors int `json:"erased_visitors"`
	// Incremental is the money the campaign brought; missing where the goal has no value.
	Incremental *Incremental `json:"incremental,omitempty"`
	// ToGo is how far the verdict is; of the arm that the sentence names.
	ToGo     ToGo     `json:"to_go"`
	Verdict  Verdict  `json:"verdict"`
	Sentence Sentence `json:"sentence"`
}

// ArmResult is one arm's figures; those from Lift on compare it with control
// and are unknown for control itself. A figure that is null has its reason in
// Reasons, under its JSON name.
type ArmResult struct {
	Variant         string   `json:"variant"`
	Control         bool     `json:"control"`
	Weight          int      `json:"weight"`
	Exposed         uint64   `json:"exposed"`
	Converted       uint64   `json:"converted"`
	Rate            Number   `json:"rate"`    // converted / exposed
	RateCI          Interval `json:"rate_ci"` // Wilson, 95 %
	ValueSum        Number   `json:"value_sum"`
	ValuePerVisitor Number   `json:"value_per_visitor"`

	Lift         Number   `json:"lift"`          // of the rate: 0.1 is ten percent more than control
	LiftCI       Interval `json:"lift_ci"`       // 95 %, from the log ratio, of this arm alone
	PValue       Number   `json:"p_value"`       // Welch on the rates' difference, two-sided; after Holm with several arms
	ChanceToWin  Number   `json:"chance_to_win"` // P(rate > control's), Beta(1,1)
	ExpectedLoss Number   `json:"expected_loss"` // in rate, not relative
	SequentialCI Interval `json:"sequential_ci"` // as lift_ci, and valid however often one looks

	ChanceBest Number `json:"chance_best"` // P(best rate of all arms with weight), control's too; Beta(1,1)

	// Judged is how many of them all but Exposed, Converted and ValueSum is about;
	// missing where it is about all.
	Judged *Judged `json:"judged,omitempty"`

	Value   *ArmValue         `json:"value,omitempty"`   // the money; missing where the goal has no value
	Verdict Verdict           `json:"verdict,omitempty"` // of this arm alone; empty for control
	Reasons map[string]Reason `json:"reasons,omitempty"`
}

// Judged counts the units of a bandit's periods that are compared.
type Judged struct {
	Exposed   uint64 `json:"exposed"`
	Converted uint64 `json:"converted"`
}

// Crossovers are units that saw two variants or more; they are out of every arm.
type Crossovers struct {
	Count  uint64 `json:"count"`
	Share  Number `json:"share"`            // of all exposed units, the crossovers among them
	Reason Reason `json:"reason,omitempty"` // where Share is null
}

// Red tells whether there are so many that the results need a warning: at least
// 1 % and at least 10 units.
func (c Crossovers) Red() bool {
	return c.Count >= 10 && c.Share.Known && c.Share.Value >= 0.01
}
