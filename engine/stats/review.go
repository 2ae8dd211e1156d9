package stats

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Finding is what a review says of a campaign, in one word.
type Finding string

// The findings, in the order in which they want somebody's hand.
const (
	Stopped    Finding = "stopped"       // for harm: control is served to all
	Broken     Finding = "broken_split"  // its numbers cannot be trusted
	Lost       Finding = "lost"          // fewer convert than without it
	Costly     Finding = "costly"        // more convert, and it loses money
	Won        Finding = "won"           // show it to everyone
	Unmeasured Finding = "unmeasured"    // there is nothing to compare it with
	Stale      Finding = "stale"         // nobody is exposed any more
	Same       Finding = "no_difference" // a worthwhile effect is excluded
	Stuck      Finding = "stuck"         // a verdict is months away
	Leaning    Finding = "leaning"       // likely one or the other
	Young      Finding = "collecting"    // a verdict is on its way
)

var findings = []Finding{Stopped, Broken, Lost, Costly, Won, Unmeasured, Stale, Same, Stuck, Leaning, Young}

// Reviewed is a campaign as a review looks at it.
type Reviewed struct {
	Name string
	// Results are of the whole phase: the verdict rests on all there is.
	Results Results
	// Span are the results of those alone who came in the span of the review.
	Span Results
	// Fresh: it has been open for less than StaleAfter, by its phase and its schedule.
	Fresh bool
	// Again: nobody has met the phase yet, and it came after one that somebody met.
	Again bool
	// Harm says why it was stopped; nil where it was not.
	Harm *Sentence
}

// Review is what is said of one campaign. JSON: one item of GET /v1/review.
type Review struct {
	Campaign string  `json:"campaign"`
	Name     string  `json:"name"`
	Status   string  `json:"status"`
	Finding  Finding `json:"finding"`
	Variant  string  `json:"variant,omitempty"` // that it is about
	Verdict  Verdict `json:"verdict"`
	// Exposed and Brought are of the span: visitors of all arms, and the money they
	// brought more than without the campaign; Brought is missing without a value.
	Exposed uint64       `json:"exposed"`
	Brought *Incremental `json:"brought,omitempty"`
	// Lift and its interval are the variant's, over the whole phase.
	Lift   Number   `json:"lift"`
	LiftCI Interval `json:"lift_ci"`
	// AtStake is what 30 days bring more if the advice is taken, at the present
	// pace; missing where the advice moves no money.
	AtStake  *Incremental `json:"at_stake,omitempty"`
	Sentence Sentence     `json:"sentence"`
	Next     Sentence     `json:"next"`              // what to do or to try
	Command  string       `json:"command,omitempty"` // of omo that does it or shows why, where one does
}

// StaleAfter is for how long nobody is exposed before a campaign is called stale:
// what its pace is taken from, and how long whoever comes first is waited for.
const StaleAfter = 7 * 24 * time.Hour

// stuckDays is from how many days to a verdict on a campaign is called stuck.
const stuckDays = 56

// stakeDays is for how long money at stake is told.
const stakeDays = 30

// ReviewAll says of each campaign what is to be said, what wants a hand first.
func ReviewAll(campaigns []Reviewed) []Review {
	out := make([]Review, len(campaigns))
	for i, c := range campaigns {
		out[i] = c.review()
	}
	slices.SortStableFunc(out, func(a, b Review) int {
		if a.Finding != b.Finding {
			return cmp.Compare(slices.Index(findings, a.Finding), slices.Index(findings, b.Finding))
		}
		return cmp.Compare(b.stake(), a.stake())
	})
	return out
}

// stake is for the order among campaigns with the same finding.
func (r Review) stake() float64 {
	if r.AtStake == nil {
		return math.Inf(-1)
	}
	return r.AtStake.Value.Value
}

func (c Reviewed) review() Review {
	all := c.Results
	r := Review{
		Campaign: all.Campaign, Name: c.Name, Status: all.Status, Verdict: all.Verdict,
		Brought: c.Span.Incremental, Lift: unknown(NoTreatment), LiftCI: unknownInterval(NoTreatment),
	}
	for _, a := range c.Span.Arms {
		r.Exposed += a.Exposed
	}
	var arm ArmResult
	if i := all.named(); i >= 0 {
		arm = all.Arms[i]
		r.Variant, r.Lift, r.LiftCI = arm.Variant, arm.Lift, arm.LiftCI
	}
	r.Finding = c.finding(arm)
	switch r.Finding {
	case Won:
		r.AtStake = all.stake(arm, 1-all.share(arm))
	case Lost, Costly:
		r.AtStake = all.stake(arm, -all.share(arm))
	}
	r.Sentence, r.Next = c.say(r, arm)
	r.Command = r.command()
	return r
}

// finding is the first that holds.
func (c Reviewed) finding(arm ArmResult) Finding {
	all := c.Results
	control := slices.ContainsFunc(all.Arms, func(a ArmResult) bool { return a.Control })
	days := all.ToGo.Days
	switch {
	case c.Harm != nil:
		return Stopped
	case all.Verdict == BrokenSplit:
		return Broken
	case len(all.Arms) > 0 && !control:
		return Unmeasured
	case all.Verdict == Loss:
		return Lost
	case all.Verdict == Win && arm.Value != nil && arm.Value.Verdict == Loss:
		return Costly
	case all.Verdict == Win:
		return Won
	case all.PerDay == 0 && !c.Fresh:
		return Stale
	case all.Verdict == NoDifference:
		return Same
	case days.Known && days.Value > stuckDays:
		return Stuck
	case all.Verdict == LikelyWin || all.Verdict == LikelyLoss:
		return Leaning
	default:
		return Young
	}
}

// named is the arm that the verdict is about: of those with it, the one with the
// greatest lift; −1 where there is none.
func (r Results) named() int {
	best := -1
	for i, a := range r.Arms {
		if a.Verdict == r.Verdict && (best < 0 || a.Lift.Value > r.Arms[best].Lift.Value) {
			best = i
		}
	}
	return best
}

// share is an arm's part of the visitors.
func (r Results) share(arm ArmResult) float64 {
	all := 0
	for _, a := range r.Arms {
		all += max(0, a.Weight)
	}
	if all == 0 {
		return 0
	}
	return float64(max(0, arm.Weight)) / float64(all)
}

// stake is what the arm brings more than control in so many days, to so great a
// share of those who come: below zero the share is of those who are spared it. A
// pace of less than a day is none: it would be that of its best hours.
func (r Results) stake(arm ArmResult, share float64) *Incremental {
	if arm.Value == nil {
		return nil
	}
	visitors := r.PerDay * stakeDays * share
	out := Incremental{Value: arm.Value.IncrementalPerVisitor.times(visitors), Interval: arm.Value.IncrementalPerVisitorCI.times(visitors)}
	if visitors < 0 && out.Interval.Known {
		out.Interval.Low, out.Interval.High = out.Interval.High, out.Interval.Low
	}
	exposed := uint64(0)
	for _, a := range r.Arms {
		exposed += a.Exposed
	}
	if r.PerDay == 0 || float64(exposed) < r.PerDay {
		out.Value, out.Interval = unknown(NoPace), unknownInterval(NoPace)
	}
	if out.Reason = out.Interval.Why; !out.Value.Known {
		out.Reason = out.Value.Why
	}
	return &out
}
