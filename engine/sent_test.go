package engine_test

import (
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// History that is imported sends nothing, and neither does it count as sent;
// nor does what has no address to go to.
func TestNothingIsSentOfHistoryOrToNobody(t *testing.T) {
	t.Parallel()
	const hook = `{type: webhook, url: "https://crm.example/hook"}`
	const mail = `{type: email, to: email, subject: s, body: b, unsubscribe: "mailto:stop@shop.example"}`
	for name, row := range map[string]struct {
		action string
		old    time.Duration
		sent   int
	}{
		"now":             {hook, 0, 1},
		"a minute ago":    {hook, time.Minute, 1},
		"two hours ago":   {hook, 2 * time.Hour, 0},
		"without address": {mail, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLedger(t)
			rules := folder("id: sent\nstatus: live\non: {event: booking}\nfrequency: {max: 9}\nvariants: [{id: a, weight: 1, action: " + row.action + "}]")
			rules["site.yaml"] = folder("traits: {email: {type: string, trust: signed}}")["campaigns/all.yaml"]
			e := engine.New(engine.Options{Store: l, Key: []byte("key")})
			if err := e.Use(load(t, rules), dawn); err != nil {
				t.Fatal(err)
			}
			event := ingest.Event{ID: e.NewID(), Name: "booking", Time: dawn.Add(-row.old).UnixMilli(), Received: dawn.UnixMilli()}
			if _, err := e.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{event}}, dawn); err != nil {
				t.Fatal(err)
			}
			out, err := l.Outgoing(0, ledger.Never, 9)
			if err != nil || len(out) != row.sent {
				t.Errorf("%d are to be sent, want %d (%v)", len(out), row.sent, err)
			}
			p, err := e.Profile("ann")
			if err != nil {
				t.Fatal(err)
			}
			exposed := 0
			if x := p.Campaigns["sent"]; x != nil {
				exposed = x.Count
			}
			if exposed != row.sent {
				t.Errorf("exposed %d times, want %d", exposed, row.sent)
			}
		})
	}
}
