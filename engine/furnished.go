package engine

import (
	"encoding/json"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Furnished is a variant's action as somebody with this profile would get it, of a
// rule set that need not be in use: with a sample where a code of a pool would be.
// Like Preview it leaves no trace. Nil for a control, and for what the server sends.
func (e *Engine) Furnished(live *Live, p *profile.Profile, r *Request, c *rules.Campaign, v *rules.Variant, now time.Time) json.RawMessage {
	if v.Control() || v.Sends() {
		return nil
	}
	offer := Offer{Campaign: c, Variant: v}
	if v.Pool != "" {
		offer.Code = SampleCode
	}
	d, asks := Decision{Offers: []Offer{offer}}, *r
	asks.Proven = true // it is one of the staff who looks
	e.furnish(&d, live, p, &asks, now)
	return json.RawMessage(d.Offers[0].Action)
}
