package stats

import (
	"math"
	"time"
)

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
	level := alpha / guardrails / float64(max(1, arms))
	share := func(g Guardrail, c, t uint64, limit, sign float64) Watch {
		return watchShare(g, control.N, c, arm.N, t, limit, sign, level)
	}
	h := Harm{Watched: [guardrails]Watch{
		share(GuardErrors, control.Failed, arm.Failed, limits.Errors, 1),
		share(GuardConversion, control.Converted, arm.Converted, limits.Conversion, -1),
		watchValue(control, arm, limits.Value, level),
		share(GuardCloses, control.Closed, arm.Closed, limits.Closes, 1),
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

func watchShare(g Guardrail, nC, control, nT, treatment uint64, limit, sign, level float64) Watch {
	c, t := Proportion(nC, control), Proportion(nT, treatment)
	// A unit that did and one that did not are added to each arm's variance, so that
	// an arm of which all did the same is not known to the last digit.
	smooth := func(n, did float64) float64 { p := (did + 1) / (n + 2); return p * (1 - p) }
	c.Variance, t.Variance = smooth(c.N, float64(control)), smooth(t.N, float64(treatment))
	pooled := smooth(c.N+t.N, float64(control)+float64(treatment))
	w := watch(g, c, t, pooled, limit, sign, level)
	if g == GuardConversion && w.Reason == "" && tooFew(Arm{N: nC, Converted: control}, Arm{N: nT, Converted: treatment}) {
		return w.silent(TooFewConversions)
	}
	return w
}

func watchValue(control, arm Guarded, limit, level float64) Watch {
	c, t := Mean(control.N, control.Value.Sum, control.Value.SumSquares), Mean(arm.N, arm.Value.Sum, arm.Value.SumSquares)
	pooled := Mean(control.N+arm.N, control.Value.Sum+arm.Value.Sum, control.Value.SumSquares+arm.Value.SumSquares).Variance
	w := watch(GuardValue, c, t, pooled, limit, -1, level)
	switch {
	case w.Reason != "":
	case c.Variance+t.Variance == 0:
		return w.silent(NoVariation)
	case expected(Arm{N: control.N, Converted: control.Converted}, Arm{N: arm.N, Converted: arm.Converted}) < minSales:
		return w.silent(TooFewConversions)
	}
	return w
}

func watch(g Guardrail, c, t Sample, pooled, limit, sign, level float64) Watch {
	w := Watch{Guardrail: g, Control: of(c), Arm: of(t), Limit: limit}
	if why := comparable(c, t); why != "" {
		return w.silent(why)
	}
	worse := sign * (t.Mean - c.Mean)
	squared := c.squaredError() + t.squaredError()
	if limit == 0 {
		// Where nothing differs both arms vary alike. A small arm that missed its few
		// large orders is low and seems sure of it; control knows better.
		squared = math.Max(squared, pooled/c.N+pooled/t.N)
	}
	units := c.N + t.N
	w.Worse, w.AtLeast = number(worse), number(worse-SequentialMargin(math.Sqrt(squared), units, level, tuned))
	switch {
	case !w.AtLeast.Known:
		return w.silent(NotFinite)
	case min(c.N, t.N) < minUnits:
		return w.silent(TooFewUnits)
	}
	w.Harmful = w.AtLeast.Value > limit
	return w
}

// silent takes the bound back: what is not to be trusted yet is not shown.
func (w Watch) silent(why Reason) Watch {
	w.Reason, w.AtLeast, w.Harmful = why, unknown(why), false
	if !w.Worse.Known {
		w.Worse = unknown(why)
	}
	return w
}

func of(s Sample) Number {
	if s.Why != "" {
		return unknown(s.Why)
	}
	return number(s.Mean)
}
