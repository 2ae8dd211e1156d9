package stats

import "time"

// Guardrail is a figure that a campaign must not make worse.
type Guardrail string

// The guardrails, in the order in which they are named where several are hurt.
const (
	GuardErrors     Guardrail = "errors"     // share of units with an error of the action
	GuardConversion Guardrail = "conversion" // share of units that converted
	GuardValue      Guardrail = "value"      // value per visitor, costs taken off
	GuardCloses     Guardrail = "closes"     // share of units that closed it
)

// guardrails is their number; they share α with each other and with the arms.
const guardrails = 4

// Guarded are an arm's sums as the guardrails read them, over the kept units of
// the phase up to a moment.
type Guarded struct {
	N         uint64
	Converted uint64
	Value     Moments // per unit, costs taken off
	Closed    uint64  // units that closed it; in control nobody can
	Failed    uint64  // units with an error of the action; in control nobody can
}

// Limits is how much worse than control is still borne, in the figure's own unit:
// 0.02 of Errors is two units in a hundred. Conversion and value bear nothing, as
// there is nothing to be gained by it; a modal is closed by most, and nobody can
// close a control, so that Closes must leave room.
type Limits struct {
	Conversion, Value, Closes, Errors float64
}

// DefaultLimits bear no loss of conversion or money, errors for 2 % of units, and
// being closed by 95 %.
func DefaultLimits() Limits { return Limits{Closes: 0.95, Errors: 0.02} }

// Watch is one guardrail at one look.
type Watch struct {
	Guardrail Guardrail `json:"guardrail"`
	Control   Number    `json:"control"`
	Arm       Number    `json:"arm"`
	// Worse is by how much the arm is worse than control, in the figure's own unit.
	Worse Number `json:"worse"`
	// AtLeast is the one-sided bound: worse by this at least, with probability
	// 1 − α at all looks together. Beyond Limit it is harm.
	AtLeast Number  `json:"at_least"`
	Limit   float64 `json:"limit"`
	Harmful bool    `json:"harmful"`
	Reason  Reason  `json:"reason,omitempty"` // where a figure is null
}

// Harm is what the guardrails say of one arm.
type Harm struct {
	Harmful   bool      `json:"harmful"`
	Guardrail Guardrail `json:"guardrail,omitempty"`
	Since     time.Time `json:"since,omitzero"` // the first look that said so
	// Watched are all guardrails at that look, or at the last one.
	Watched [guardrails]Watch `json:"watched"`
}

// CheckHarm looks at one arm of arms against control. The campaign's α of 0.05 is
// shared evenly among its guardrails and arms, so that a campaign without harm is
// stopped falsely with probability α at most, however often it is looked at.
//
// The bound is the one-sided confidence sequence on the absolute difference
// (SequentialMargin, N* 5000). It is silent under 100 units in either arm, for the
// conversion until the smaller arm expects ten that convert and ten that do not,
// and for the value until it expects fifty.
func CheckHarm(control, arm Guarded, limits Limits, arms int) Harm {
	return CheckHarmWithin([]Pair{{control, arm}}, limits, arms)
}

// Pair are the sums of control and an arm over the same span.
type Pair struct{ Control, Arm Guarded }

// CheckHarmWithin is CheckHarm for a bandit: control and arm are compared within
// each period of steady weights, a period counting by its units of both.
func CheckHarmWithin(periods []Pair, limits Limits, arms int) Harm {
	level := alpha / guardrails / float64(max(1, arms))
	share := func(of func(g Guarded) uint64) func(Guarded) Sample {
		return func(g Guarded) Sample { return Proportion(g.N, of(g)) }
	}
	value := func(g Guarded) Sample { return Mean(g.N, g.Value.Sum, g.Value.SumSquares) }
	h := Harm{Watched: [guardrails]Watch{
		watch(GuardErrors, periods, share(func(g Guarded) uint64 { return g.Failed }), limits.Errors, 1, level),
		watch(GuardConversion, periods, share(func(g Guarded) uint64 { return g.Converted }), limits.Conversion, -1, level),
		watch(GuardValue, periods, value, limits.Value, -1, level),
		watch(GuardCloses, periods, share(func(g Guarded) uint64 { return g.Closed }), limits.Closes, 1, level),
	}}
	for _, w := range h.Watched {
		if w.Harmful {
			h.Harmful, h.Guardrail = true, w.Guardrail
			break
		}
	}
	return h
}

// After is the harm once at this look, given what the looks before it said. Harm
// stays: the bound that was crossed holds at all later looks too.
func (h Harm) After(before Harm, at time.Time) Harm {
	if before.Harmful {
		return before
	}
	if h.Harmful {
		h.Since = at
	}
	return h
}

// Look is the state of control and one arm at a moment.
type Look struct {
	At           time.Time
	Control, Arm Guarded
}

// FirstHarm goes through the looks in order: what would have been said live, and
// since when.
func FirstHarm(looks []Look, limits Limits, arms int) Harm {
	var h Harm
	for _, l := range looks {
		h = CheckHarm(l.Control, l.Arm, limits, arms).After(h, l.At)
	}
	return h
}
