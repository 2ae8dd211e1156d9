package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// A wait begun before a restart comes due after it, never early, and soon after
// its time on the clock of the server (within 0.2 s; a busy machine may be late).
func TestATimerSurvivesARestartAndFiresInTime(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	waits := "id: cart-left\nstatus: live\non: {absent: {event: purchase, after: add_to_cart, within: 2s}}\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	before := started(t, l, waits)
	begun := time.Now()
	event := ingest.Event{ID: before.NewID(), Name: "add_to_cart", Time: begun.UnixMilli(), Received: begun.UnixMilli()}
	if _, err := before.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{event}}, begun); err != nil {
		t.Fatal(err)
	}
	after := started(t, l, waits)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- after.RunTimers(ctx, time.Now) }()
	var fired []ingest.Event
	for limit := time.Now().Add(10 * time.Second); len(fired) == 0 && time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		for _, e := range recorded(t, l, 0) {
			if e.Name == ingest.Absent {
				fired = append(fired, e)
			}
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(fired) != 1 {
		t.Fatalf("%d absences were recorded, want one", len(fired))
	}
	if late := fired[0].Received - event.Received - 2000; late < 0 || late > 5000 {
		t.Errorf("fired %d ms after its time", late)
	}
	answer, err := after.Visit(asked(after, "ann", time.Now()), time.Now())
	if err != nil || len(answer.Decision.Offers) != 1 || answer.Decision.Offers[0].Armed() {
		t.Errorf("back on the page the visitor gets %v, %v", answer.Decision.Outcomes, err)
	}
}
