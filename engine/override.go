package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/rules"
)

// Override is what was decided about a campaign beside its file. It is kept in
// the ledger over restarts, recorded as omo_override events, and belongs to Live
// as Waiting does: immutable, swapped as one.
type Override struct {
	Paused bool      `json:"paused,omitempty"`
	Harm   *HarmStop `json:"harm,omitempty"`   // control for all
	Period int       `json:"period,omitempty"` // of a bandit: how often its weights moved in this phase
	Parts  []int     `json:"parts,omitempty"`  // of 10,000, in the variants' order; none in period 0, where the file's weights hold
	By     string    `json:"by,omitempty"`     // who decided last
	At     int64     `json:"at"`               // when: milliseconds since 1970
}

// HarmStop is why a campaign was stopped: a variant did harm.
type HarmStop struct {
	Variant   string `json:"variant"`
	Guardrail string `json:"guardrail"` // conversion | value | errors | closes
	Ja        string `json:"ja"`        // why, for people
	En        string `json:"en"`
	At        int64  `json:"at"` // milliseconds since 1970
}

// Who decides, where it is not a person.
const (
	Operator = "operator" // a person, by command or screen
	ByHarm   = "harm stop"
	ByBandit = "bandit"
)

// What an override refuses is the asker's to mend; the error that wraps one of
// these says how.
var (
	ErrNoCampaign = errors.New("no such campaign")
	ErrAsItIs     = errors.New("the campaign is not in a state for that")
)

// refusal is one of those errors in words of its own.
type refusal struct {
	kind error
	text string
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.kind }

func refuse(format string, args ...any) error {
	return &refusal{ErrAsItIs, fmt.Sprintf(format, args...)}
}

// Pause stops a campaign for everybody from the next visit on: nothing of it is
// offered or sent. It is durable once Pause returns. Changes are recorded in the
// same commit as Audit would: none is made of which nobody can tell whose it is.
func (e *Engine) Pause(campaign, by string, now time.Time, changes ...Change) error {
	_, err := e.override(campaign, "pause", by, now, changes, func(c *rules.Campaign, o *Override) error {
		switch {
		case o.Paused:
			return refuse("campaign %q is paused already, by %s since %s", c.ID, o.By, moment(o.At, c.Zone))
		case c.Status == rules.Paused || c.Status == rules.Ended:
			return refuse("campaign %q is %s in its file already: there is nothing to pause", c.ID, c.Status)
		}
		o.Paused = true
		return nil
	})
	return err
}

// Resume lifts a pause and a harm stop and gives what was. What goes on after a
// harm stop is another phase: it begins with the weights of the file. Changes are
// recorded as Pause records them.
func (e *Engine) Resume(campaign, by string, now time.Time, changes ...Change) (Override, error) {
	return e.override(campaign, "resume", by, now, changes, func(c *rules.Campaign, o *Override) error {
		switch {
		case o.Paused || o.Harm != nil:
			o.Paused, o.Harm = false, nil
			return nil
		case c.Status == rules.Paused || c.Status == rules.Ended:
			return refuse("campaign %q is %s in its file: write status: live there", c.ID, c.Status)
		}
		return refuse("campaign %q is neither paused nor stopped for harm: there is nothing to resume", c.ID)
	})
}

// StopHarm has everybody get control from the next visit on, and tells the
// site's webhook for alerts of it in the same commit. It opens a phase of its own.
// phase is the one in which the harm was seen: another one is not stopped for it.
func (e *Engine) StopHarm(campaign, phase string, h HarmStop, now time.Time) error {
	_, err := e.override(campaign, "harm_stop", ByHarm, now, nil, func(c *rules.Campaign, o *Override) error {
		switch {
		case o.Harm == nil && e.live.Load().Phases[c.ID] != phase:
			return refuse("campaign %q is in another phase than %s, of which the figures are", c.ID, phase)
		case o.Harm != nil:
			return refuse("campaign %q is stopped for harm already, since %s", c.ID, moment(o.Harm.At, c.Zone))
		case c.Status != rules.Live:
			return refuse("campaign %q is %s in its file: nobody is shown it", c.ID, c.Status)
		case control(c) == nil:
			return refuse("campaign %q has no control: nobody can get that instead", c.ID)
		case !slices.ContainsFunc(c.Variants, func(v rules.Variant) bool { return v.ID == h.Variant && !v.Control() }):
			return refuse("campaign %q has no variant %q that shows anything", c.ID, h.Variant)
		}
		h.At = clock(now)
		o.Harm, o.Period, o.Parts = &h, 0, nil
		return nil
	})
	return err
}

// Allocate moves the weights of a bandit: a period begins. Parts are of 10,000,
// in the variants' order; who was exposed in this phase keeps its variant. phase
// is the one whose results they follow.
func (e *Engine) Allocate(campaign, phase string, parts []int, now time.Time) error {
	_, err := e.override(campaign, "allocate", ByBandit, now, nil, func(c *rules.Campaign, o *Override) error {
		sum := 0
		for _, n := range parts {
			sum += max(0, n)
		}
		switch {
		case e.live.Load().Phases[c.ID] != phase:
			return refuse("campaign %q is in another phase than %s, of which the figures are", c.ID, phase)
		case !c.Bandit:
			return refuse("campaign %q keeps its weights: write allocation: bandit in its file to have them moved", c.ID)
		case c.Status != rules.Live:
			return refuse("campaign %q is %s in its file: its weights do not move", c.ID, c.Status)
		case o.Harm != nil:
			return refuse("campaign %q is stopped for harm: its weights do not move", c.ID)
		case o.Paused:
			return refuse("campaign %q is paused: its weights do not move", c.ID)
		case len(parts) != len(c.Variants) || sum != 10_000 || slices.Min(parts) < 0:
			return refuse("campaign %q has %d variants, and %v are not their parts of 10000", c.ID, len(c.Variants), parts)
		case slices.Equal(parts, o.Parts):
			return refuse("campaign %q has these parts already", c.ID)
		}
		o.Period, o.Parts = o.Period+1, slices.Clone(parts)
		return nil
	})
	return err
}

// over is what is left of an override: other content is another phase, in which
// only a pause goes on.
func (o Override) over(changed bool) (left Override, any bool) {
	if changed {
		o.Harm, o.Period, o.Parts = nil, 0, nil
	}
	return o, o.Paused || o.Harm != nil || o.Period > 0
}

// Over gives the overrides of campaigns for another rule set in the place of
// live: what Use would leave of them.
func (l *Live) Over(set *rules.Set) map[string]Override {
	if l == nil || len(l.Overrides) == 0 {
		return nil
	}
	out := map[string]Override{}
	for _, c := range set.Campaigns {
		was := l.campaign(c.ID)
		if o, any := l.Overrides[c.ID].over(was == nil || was.Content != c.Content); any {
			out[c.ID] = o
		}
	}
	return out
}

// Phase is a campaign's phase as offers and exposures tell it: of a bandit whose
// weights moved with the period behind it, "<phase>/<period>".
func (l *Live) Phase(campaign string) string {
	phase := l.Phases[campaign]
	if o := l.Overrides[campaign]; o.Period > 0 {
		return fmt.Sprintf("%s/%d", phase, o.Period)
	}
	return phase
}

// Held is the status of a campaign that was stopped for harm.
const Held rules.Status = "stopped"

// Status is a campaign's status with what was decided beside its file.
func (l *Live) Status(c *rules.Campaign) rules.Status {
	o := l.Overrides[c.ID]
	switch {
	case c.Status != rules.Live && c.Status != rules.Shadow:
		return c.Status
	case o.Paused:
		return rules.Paused
	case o.Harm != nil:
		return Held
	}
	return c.Status
}

func control(c *rules.Campaign) *rules.Variant {
	for i := range c.Variants {
		if c.Variants[i].Control() {
			return &c.Variants[i]
		}
	}
	return nil
}

func moment(at int64, zone *time.Location) string {
	return time.UnixMilli(at).In(zone).Format(time.DateTime)
}
