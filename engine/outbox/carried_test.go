package outbox_test

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// started is an engine on the ledger of p, as after a start of the server.
func (p *post) started(campaign string) *engine.Engine {
	p.Helper()
	set, found := rules.Load(fstest.MapFS{"campaigns/c.yaml": {Data: []byte(campaign)}})
	if err := found.Err(); err != nil {
		p.Fatal(err)
	}
	e := engine.New(engine.Options{Store: p.ledger, Key: engine.NewKey(), Log: slog.New(slog.DiscardHandler)})
	if err := e.Use(set, time.Now()); err != nil {
		p.Fatal(err)
	}
	return e
}

// A booking is confirmed at once and reminded of at its time: within a second
// of it (here with room for a busy machine), over a restart between the two,
// from the event to the receiver's door.
func TestABookingIsConfirmedAndRemindedOf(t *testing.T) {
	t.Parallel()
	p, r := open(t), receiving(t)
	var tried sync.Map
	r.answer(func(got *received) int { // the first try of each fails
		if _, before := tried.LoadOrStore(got.path, true); !before {
			return http.StatusBadGateway
		}
		return http.StatusOK
	})
	campaigns := strings.ReplaceAll(`id: confirmed
status: live
on: {event: booking}
variants: [{id: a, weight: 1, action: {type: webhook, url: URL/confirmed, title: '{{event.prop("room")}}'}}]
---
id: reminded
status: live
on: {event: booking, at: event.starts_at, offset: -24h}
variants: [{id: a, weight: 1, action: {type: webhook, url: URL/reminded, title: '{{event.prop("room")}}'}}]
`, "URL", r.URL)
	before := p.started(campaigns)
	now := time.Now()
	due := now.Add(1500 * time.Millisecond).Truncate(time.Millisecond)
	_, err := before.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{{
		ID: before.NewID(), Name: "booking", Time: now.UnixMilli(), Received: now.UnixMilli(),
		Properties: []byte(`{"id":1,"room":"A","starts_at":"` + due.Add(24*time.Hour).Format(time.RFC3339Nano) + `"}`),
	}}}, now)
	if err != nil {
		t.Fatal(err)
	}
	after := p.started(campaigns)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- after.RunTimers(ctx, time.Now) }()
	box := p.box(func(o *outbox.Options) {
		r.allow(o)
		o.Now = func() time.Time { return now.Add(30 * time.Since(now)) } // a second try is due soon
	})
	p.runs(box, func() bool { return len(r.all()) >= 4 && len(p.list(box)) == 0 })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, got := range r.all() {
		paths = append(paths, got.path)
		if !strings.Contains(got.body, `"title":"A"`) {
			t.Errorf("%s: %s", got.path, got.body)
		}
	}
	slices.Sort(paths) // on a busy machine the one's second try may come after the other's first
	if !slices.Equal(paths, []string{"/confirmed", "/confirmed", "/reminded", "/reminded"}) || len(r.ids()) != 2 {
		t.Errorf("%s under %v", paths, r.ids())
	}
	for _, event := range p.events("omo_reminder") {
		if late := event.Time - due.UnixMilli(); late < 0 || late > 60_000 {
			t.Errorf("reminded %d ms after its time", late)
		} else {
			t.Logf("reminded %d ms after its time", late)
		}
	}
	if n := len(p.events("omo_exposure")); n != 2 {
		t.Errorf("%d exposures, want the server's own two", n)
	}
}

// events are those of a name that the ledger keeps.
func (p *post) events(name string) []ingest.Event {
	p.Helper()
	all, err := p.ledger.Read(p.Context(), 0, p.ledger.Last(), 1000)
	if err != nil {
		p.Fatal(err)
	}
	var out []ingest.Event
	for _, r := range all {
		if r.Event.Name == name {
			out = append(out, r.Event)
		}
	}
	return out
}
