package rules

import (
	"encoding/json"
	"slices"
	"time"
)

// Given is what is put into an action when it is offered: what only that moment
// knows.
type Given struct {
	Code     string        // of the variant's pool; "" none
	Until    time.Time     // when a coupon expires; the zero time: never
	Left     time.Duration // how long that is from the answer: a visitor's clock may be wrong
	Items    []RankItem    // of a ranking out of the warehouse
	Channels []ChatChannel // of a chat: those that are open
	// Trait is the text of one of the visitor's traits, for who is known to be who it
	// says; nil: nothing is told of anybody.
	Trait func(name string) string
}

// Fills says whether anything is put into the variant's action.
func (v *Variant) Fills() bool {
	return v.Pool != "" || v.Expires > 0 || v.Ranked != nil || len(v.Channels) > 0 || len(v.personal.blanks) > 0
}

// With is the action as the visitor gets it. v.Action is left as it is.
func (v *Variant) With(g Given) json.RawMessage {
	type channel struct {
		Type  string `json:"type"`
		Label string `json:"label,omitempty"`
		Link  string `json:"link,omitempty"`
		Hook  string `json:"hook,omitempty"`
	}
	given := struct {
		Code     string     `json:"code,omitempty"`
		Until    *time.Time `json:"expires_at,omitempty"`
		Left     *int       `json:"expires_in,omitempty"` // seconds
		Items    []RankItem `json:"items,omitempty"`
		Channels []channel  `json:"channels,omitempty"`
	}{Code: g.Code, Items: g.Items}
	if !g.Until.IsZero() {
		until, left := g.Until.UTC(), max(0, int(g.Left.Seconds()))
		given.Until, given.Left = &until, &left
	}
	for _, c := range g.Channels {
		given.Channels = append(given.Channels, channel{c.Type, c.Label, c.Link, c.Hook})
	}
	raw, err := json.Marshal(given)
	if err != nil {
		panic("rules: texts, numbers and times are JSON: " + err.Error())
	}
	action := v.addressed(g.Trait)
	if len(raw) == len("{}") {
		return action
	}
	out := slices.Grow(slices.Clone(action[:len(action)-1]), len(raw))
	return append(append(out, ','), raw[1:]...)
}
