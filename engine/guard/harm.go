package guard

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Harm says which variant does harm and why, of what was counted at a look; false
// where none does. The campaign's α is shared by its guardrails and all its arms, also
// where some guardrails are not asked for. Of several harmful variants the first one
// of the file is named: the campaign is stopped as a whole.
func Harm(c *rules.Campaign, currency string, periods []Period, at time.Time) (engine.HarmStop, bool) {
	control, arms := divided(c)
	if control == nil {
		return engine.HarmStop{}, false
	}
	for _, v := range arms {
		pairs := make([]stats.Pair, len(periods))
		for i, p := range periods {
			pairs[i] = stats.Pair{Control: p.of(*control).guarded(), Arm: p.of(v).guarded()}
		}
		found := stats.CheckHarmWithin(pairs, limits(c.Guardrails), len(arms))
		for _, w := range found.Watched {
			if w.Harmful && asked(c.Guardrails, w.Guardrail) {
				found.Guardrail = w.Guardrail
				said := found.Sentence(v.ID, currency)
				return engine.HarmStop{Variant: v.ID, Guardrail: string(w.Guardrail), Ja: said.Ja, En: said.En, At: at.UnixMilli()}, true
			}
		}
	}
	return engine.HarmStop{}, false
}

// divided are the campaign's control and the variants that are compared with it: those
// that visitors are given.
func divided(c *rules.Campaign) (control *rules.Variant, arms []rules.Variant) {
	for i, v := range c.Variants {
		switch {
		case v.Weight <= 0:
		case !v.Control():
			arms = append(arms, v)
		case control == nil:
			control = &c.Variants[i]
		}
	}
	return control, arms
}

// limits are the campaign's own, the usual ones where it says nothing.
func limits(g rules.Guardrails) stats.Limits {
	l := stats.DefaultLimits()
	if g.ErrorsLimit > 0 {
		l.Errors = g.ErrorsLimit
	}
	if g.ClosesLimit > 0 {
		l.Closes = g.ClosesLimit
	}
	return l
}

func asked(g rules.Guardrails, which stats.Guardrail) bool {
	switch which {
	case stats.GuardConversion:
		return g.Conversion
	case stats.GuardValue:
		return g.Value
	case stats.GuardErrors:
		return g.Errors
	default:
		return g.Closes
	}
}
