package ruletest

import (
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/rules"
)

// outcome is what one campaign did.
type outcome struct {
	reason   string // armed, offered, control, or why it did not come
	detail   string
	variant  string
	triggers []string // that it waits for
}

func outcomeOf(d *engine.Decision, c *rules.Campaign) outcome {
	for _, o := range d.Outcomes {
		if o.Campaign != c.ID {
			continue
		}
		out := outcome{reason: o.Reason, variant: o.Variant}
		if o.Reason == engine.Armed {
			for _, t := range c.On {
				out.triggers = append(out.triggers, t.String())
			}
		}
		return out
	}
	for _, s := range d.Suppressed {
		if s.Campaign == c.ID {
			return outcome{reason: s.Reason, detail: s.Detail}
		}
	}
	return outcome{reason: engine.Failed}
}

// asked says whether the decision came as far as the campaign's rule.
func (o outcome) asked() bool {
	switch o.reason {
	case engine.Consent, engine.Bot, engine.NotLive, engine.OutOfSchedule, engine.NotThisPage:
		return false
	}
	return true
}

// is says whether the outcome is the one expected.
func (o outcome) is(e rules.Expectation) bool {
	shown := o.reason == engine.Offered || o.reason == engine.Control
	switch e.Outcome {
	case "any":
		return shown
	case "none":
		return !shown && o.reason != engine.Armed && (e.Reason == "" || e.Reason == o.reason)
	case "control":
		return o.reason == engine.Control
	case "armed":
		return o.reason == engine.Armed && (e.Triggers == nil || sameWords(e.Triggers, o.triggers))
	default:
		return shown && o.variant == e.Outcome
	}
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// String is the outcome in the words that tests are written in.
func (o outcome) String() string {
	switch o.reason {
	case engine.Offered:
		return o.variant
	case engine.Control:
		if o.variant == "control" {
			return "control"
		}
		return o.variant + " (control)"
	case engine.Armed:
		return "armed: " + strings.Join(o.triggers, ", ")
	}
	text := "none: " + o.reason
	switch {
	case o.reason == engine.Shadow:
		text += " (" + o.variant + ")"
	case o.detail != "" && o.reason != engine.RuleFalse: // the rule itself is shown below
		text += " (" + o.detail + ")"
	}
	return text
}

// wanted is an expectation in the same words.
func wanted(e rules.Expectation) string {
	switch {
	case e.Reason != "":
		return "none: " + e.Reason
	case e.Triggers != nil:
		return "armed: " + strings.Join(e.Triggers, ", ")
	case e.Outcome == "any":
		return "any (shown or control)"
	}
	return e.Outcome
}
