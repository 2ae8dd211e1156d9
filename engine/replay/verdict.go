package replay

import (
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Verdict is what became of one campaign, and why.
type Verdict struct {
	Campaign string `json:"campaign"`
	Name     string `json:"name"`
	Reason   string `json:"reason"` // a reason code: the gate that stopped it, or the outcome
	Variant  string `json:"variant,omitempty"`
	Slot     string `json:"slot,omitempty"`
	Detail   string `json:"detail,omitempty"` // of the gate: the condition that was false
	Gates    []Gate `json:"gates"`

	Conditions *rules.Clause  `json:"conditions,omitempty"` // its rule, taken apart; not of a campaign without one
	Triggers   []rules.Clause `json:"triggers,omitempty"`   // those that ask something of their event
}

// Gate is one place a campaign passes, in order.
type Gate struct {
	Gate  string `json:"gate"`
	State string `json:"state"` // passed | stopped | not_reached
}

// States of a gate.
const (
	Passed     = "passed"
	Halted     = "stopped"
	NotReached = "not_reached"
)

// gates in the order of the contract. Those that no rule set of this version
// closes are passed by all.
var gates = []string{
	engine.Consent, engine.Bot, engine.Erased, engine.NotLive, engine.Backfilling, engine.OutOfSchedule, engine.NotThisPage,
	engine.RuleFalse, engine.NotTriggered, engine.Holdout, engine.Frequency, engine.Stopped, engine.Budget, engine.Layer,
	engine.Traffic, engine.CouponOut, engine.SlotTaken, engine.Failed,
}

// conditions takes c's rule apart for the moment; nil where it has none, or
// cannot be taken apart.
func conditions(m *Moment, c *rules.Campaign) *rules.Clause {
	if c.When == "" {
		return nil
	}
	clause, err := m.Live.Set.Explain(c, m.Live.Env(m.Profile, m.Request, m.Now), m.Now)
	if err != nil {
		return nil
	}
	return &clause
}

// verdictOn is what d says of c.
func verdictOn(c *rules.Campaign, d *engine.Decision) Verdict {
	o := ingest.Outcome{Campaign: c.ID, Slot: c.Slot}
	if found := outcome(d.Outcomes, c.ID); found != nil {
		o = *found
	}
	detail := ""
	for _, s := range d.Suppressed {
		if s.Campaign == c.ID && s.Reason != engine.Shadow { // its variant is the verdict's own
			o.Reason, detail = s.Reason, s.Detail
		}
	}
	return verdict(o, c.Name, detail)
}

func verdict(o ingest.Outcome, name, detail string) Verdict {
	v := Verdict{Campaign: o.Campaign, Name: name, Reason: o.Reason, Variant: o.Variant, Slot: o.Slot, Detail: detail}
	state := Passed
	for _, g := range gates {
		if g == o.Reason {
			v.Gates = append(v.Gates, Gate{g, Halted})
			state = NotReached
			continue
		}
		v.Gates = append(v.Gates, Gate{g, state})
	}
	return v
}
