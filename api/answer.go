package api

import (
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// decideAnswer is what it is answered with.
type decideAnswer struct {
	DecisionID string              `json:"decision_id"`
	Rules      string              `json:"rules"`
	Visitor    visitorAnswer       `json:"visitor"`
	Decisions  []offer             `json:"decisions"`
	Suppressed []engine.Suppressed `json:"suppressed,omitempty"`
	Rejected   []ingest.Rejection  `json:"rejected,omitempty"`
	Degraded   []string            `json:"degraded"`
	Preview    *previewAnswer      `json:"preview,omitempty"`
}

type visitorAnswer struct {
	ID  string `json:"id"`
	New bool   `json:"new"`
}

// offer is one decision as clients see it.
type offer struct {
	Campaign string   `json:"campaign"`
	Variant  string   `json:"variant,omitempty"`
	Control  bool     `json:"control"`
	Slot     string   `json:"slot,omitempty"`
	Selector string   `json:"selector,omitempty"` // the place in the page that it needs
	On       []string `json:"on"`
	Armed    bool     `json:"armed"`
	Action   raw      `json:"action"`
	Token    string   `json:"token,omitempty"`
}

// decideAnswer writes the offers into room.
func (s *Server) decideAnswer(a engine.Answer, rejected []ingest.Rejection, room []offer) decideAnswer {
	d := a.Decision
	out := decideAnswer{
		DecisionID: d.ID, Rules: d.Rules, Visitor: visitorAnswer{a.Visitor, a.New},
		Decisions: room, Suppressed: d.Suppressed, Rejected: rejected,
		Degraded: append([]string{}, d.Degraded...),
	}
	for _, o := range d.Offers {
		c := o.Campaign
		answer := offer{Campaign: c.ID, Slot: c.Slot, Selector: c.Selector, Armed: o.Armed(), On: c.Triggers}
		if !o.Armed() {
			answer.Variant, answer.Control, answer.Action = o.Variant.ID, o.Variant.Control(), raw(o.Action)
			if o.Phase != "" { // a preview is exposed to nobody
				answer.Token = s.engine.Token(a.Visitor, d.ID, o)
			}
		}
		out.Decisions = append(out.Decisions, answer)
	}
	return out
}

// raw is JSON that is written as it is, null when there is none.
type raw []byte

// MarshalJSON gives the bytes themselves.
func (r raw) MarshalJSON() ([]byte, error) {
	if r == nil {
		return []byte("null"), nil
	}
	return r, nil
}
