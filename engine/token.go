package engine

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"strings"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Token is what a browser gives back with an exposure, a click or a close: the
// phase, and a proof that this server offered this variant to this visitor.
func (e *Engine) Token(visitor, decision string, o Offer) string {
	return e.token(visitor, decision, o.Campaign.ID, o.Variant.ID, o.Phase)
}

// prover is a keyed MAC and the memory for what it is of and its sum: a proof
// is made for every offer.
type prover struct {
	mac  hash.Hash
	text []byte
}

func (e *Engine) token(visitor, decision, campaign, variant, phase string) string {
	p := e.provers.Get().(*prover)
	defer e.provers.Put(p)
	p.text = p.text[:0]
	for _, part := range [...]string{visitor, decision, campaign, variant, phase} {
		p.text = append(append(p.text, part...), 0)
	}
	p.mac.Reset()
	p.mac.Write(p.text)
	p.text = p.mac.Sum(p.text[:0])
	out := append(append(p.text, phase...), '.')
	return string(base64.RawURLEncoding.AppendEncode(out, p.text[:12])[len(p.text):])
}

// Vouch checks an event about a campaign (exposure, click, close) and writes
// its phase into it. From a browser the token must be this server's; a
// trusted server needs none, and gets the phase of now. An answer or a word
// about a chat may come from the shop's own page as well, without a token, and
// then stays as it is; so does a trouble that is of no campaign.
func (e *Engine) Vouch(event *ingest.Event, trusted bool) *ingest.Rejection {
	var given struct {
		Token string `json:"token"`
	}
	switch event.Name {
	case ingest.Exposure, ingest.Click, ingest.Close:
	case ingest.Trouble: // with a campaign's action it may stop that for harm
		if event.Props.Campaign == "" {
			return nil
		}
	case ingest.Answer, ingest.Chat:
		if json.Unmarshal(event.Properties, &given) == nil && given.Token == "" {
			return nil
		}
	default:
		return nil
	}
	p := event.Props
	if p.Campaign == "" || p.Variant == "" {
		return &ingest.Rejection{Code: "bad_properties", Message: event.Name + " needs properties.campaign and properties.variant"}
	}
	live := e.live.Load()
	_, known := live.Phases[p.Campaign]
	if err := json.Unmarshal(event.Properties, &given); err != nil {
		return &ingest.Rejection{Code: "bad_properties", Message: "properties.token is not a text"}
	}
	switch {
	case given.Token != "":
		phase, _, _ := strings.Cut(given.Token, ".")
		if !hmac.Equal([]byte(given.Token), []byte(e.token(event.Visitor, p.DecisionID, p.Campaign, p.Variant, phase))) {
			return &ingest.Rejection{Code: "bad_token", Message: "properties.token was not given to this visitor for this decision, campaign and variant"}
		}
		p.Phase = phase
	case !trusted:
		return &ingest.Rejection{Code: "bad_token", Message: event.Name + " needs the token that came with the decision"}
	case !known:
		return &ingest.Rejection{Code: "unknown_campaign", Message: fmt.Sprintf("campaign %q is not in the rules folder: add it there before its exposures are imported", p.Campaign)}
	case !live.has(p.Campaign, p.Variant):
		return &ingest.Rejection{Code: "unknown_variant", Message: fmt.Sprintf("campaign %q has no variant %q", p.Campaign, p.Variant)}
	case p.Phase == "":
		p.Phase = live.Phase(p.Campaign)
	}
	return writePhase(event, p.Phase)
}

// writePhase replaces the token in the event's properties by the phase.
func writePhase(event *ingest.Event, phase string) *ingest.Rejection {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(event.Properties, &all); err != nil {
		return &ingest.Rejection{Code: "bad_properties", Message: "properties is not an object"}
	}
	delete(all, "token")
	quoted, err := json.Marshal(phase)
	if err != nil {
		return &ingest.Rejection{Code: "bad_properties", Message: err.Error()}
	}
	all["phase"] = quoted
	if event.Properties, err = json.Marshal(all); err != nil {
		return &ingest.Rejection{Code: "bad_properties", Message: err.Error()}
	}
	event.Props.Phase = phase
	return nil
}
