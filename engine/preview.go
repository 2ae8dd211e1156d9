package engine

import (
	"errors"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// SampleCode is what a preview shows in the place of a pool's code.
const SampleCode = "SAMPLE-CODE"

// ErrNoVariant: the campaign, or its variant, is not in the rule set.
var ErrNoVariant = errors.New("no such variant of a campaign in the rule set")

// Preview gives a campaign's variant as it would open at once, whatever the
// campaign's gates say of v, with the outcome forced; and the gate that would
// have stopped it, "" for a visitor who would get the campaign, be it at a
// trigger. Drafts can be seen too. Like Peek it leaves no trace: nothing is
// recorded, held or spent, and an offer has no code of its pool and no phase.
// The error is ErrNoVariant, or a ledger that cannot be read.
func (e *Engine) Preview(v Visit, campaign, variant string, now time.Time) (Decision, string, error) {
	live := e.live.Load()
	c := live.Set.Written(campaign)
	if c == nil || c.Variant(variant) == nil {
		return Decision{}, "", ErrNoVariant
	}
	asks := *v.Decide
	asks.Explain = true
	v.Decide = &asks
	d, err := e.Peek(v, now)
	if err != nil {
		return Decision{}, "", err
	}
	offer := Offer{Campaign: c, Variant: c.Variant(variant)}
	if offer.Variant.Pool != "" {
		offer.Code = SampleCode
	}
	shown := Decision{
		ID: d.ID, Rules: d.Rules, Offers: []Offer{offer}, Degraded: d.Degraded,
		Outcomes: []ingest.Outcome{{Campaign: c.ID, Variant: variant, Slot: c.Slot, Reason: Forced}},
	}
	e.furnish(&shown, live, profile.New(""), &asks, now)
	return shown, d.stops(campaign), nil
}

// stops is the gate that stopped a campaign, "" if it came or waits for its
// trigger. A draft is in no decision.
func (d *Decision) stops(campaign string) string {
	at := slices.IndexFunc(d.Outcomes, func(o ingest.Outcome) bool { return o.Campaign == campaign })
	if at >= 0 {
		switch reason := d.Outcomes[at].Reason; reason {
		case Armed, Offered, Control:
			return ""
		case Shadow:
			return NotLive
		default:
			return reason
		}
	}
	for _, s := range d.Suppressed {
		if s.Campaign == campaign {
			return s.Reason
		}
	}
	return NotLive
}
