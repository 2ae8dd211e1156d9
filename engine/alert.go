package engine

import (
	"encoding/json"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/rules"
)

// alert is what the site's webhook is told of a harm stop and of its end.
func (e *Engine) alert(to rules.Alerts, t turn, now time.Time) ([]ledger.Outgoing, error) {
	h := t.is.Harm
	switch {
	case to.Webhook == "":
		return nil, nil
	case t.did == "resume":
		if h = t.was.Harm; h == nil {
			return nil, nil
		}
	case t.did != "harm_stop":
		return nil, nil
	}
	l := Letter{ID: e.newID(), Kind: "alert", Campaign: t.c.ID, Variant: h.Variant, At: clock(now), URL: to.Webhook}
	var err error
	l.Alert, err = json.Marshal(alert{
		ID: l.ID, Type: t.did, Campaign: t.c.ID, Name: t.c.Name, Variant: h.Variant, Guardrail: h.Guardrail,
		Sentence: sentence{h.Ja, h.En}, By: t.by, At: now.UTC().Format(time.RFC3339Nano),
	})
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(l)
	return []ledger.Outgoing{{Due: clock(now), ID: l.ID, Body: body}}, err
}

// alert is the body of a webhook for alerts.
type alert struct {
	ID        string   `json:"id"`
	Type      string   `json:"type"` // harm_stop | resume
	Campaign  string   `json:"campaign"`
	Name      string   `json:"name"`
	Variant   string   `json:"variant"`
	Guardrail string   `json:"guardrail"`
	Sentence  sentence `json:"sentence"`
	By        string   `json:"by"`
	At        string   `json:"at"`
}

type sentence struct {
	Ja string `json:"ja"`
	En string `json:"en"`
}
