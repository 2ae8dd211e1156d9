package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
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
	for limit := time.Now().Add(time.Minute); len(fired) == 0 && time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
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

// broken is a ledger that cannot read one visitor's profile.
type broken struct {
	*ledger.Ledger
	visitor string
}

func (b broken) Profile(visitor string) ([]byte, error) {
	if visitor == b.visitor {
		return []byte("{"), nil
	}
	return b.Ledger.Profile(visitor)
}

// A timer whose visitor cannot be read keeps none of the others from firing.
func TestOneTimerThatFailsStopsNoOther(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	waits := "id: left\nstatus: live\non: {absent: {event: purchase, after: add_to_cart, within: 1h}}\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	before := started(t, l, waits)
	for i, who := range []string{"ann", "bob"} { // ann's comes due first
		at := dawn.Add(time.Duration(i) * time.Minute)
		event := ingest.Event{ID: before.NewID(), Name: "add_to_cart", Time: at.UnixMilli(), Received: at.UnixMilli()}
		if _, err := before.Visit(engine.Visit{Visitor: who, Events: []ingest.Event{event}}, at); err != nil {
			t.Fatal(err)
		}
	}
	e := started(t, broken{l, "ann"}, waits)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.RunTimers(ctx, func() time.Time { return dawn.Add(2 * time.Hour) }) }()
	due := 2
	for limit := time.Now().Add(time.Minute); due != 1 && time.Now().Before(limit); time.Sleep(time.Millisecond) {
		left, _, err := l.Timers(dawn.Add(2*time.Hour).UnixMilli(), 10)
		if err != nil {
			t.Fatal(err)
		}
		due = len(left)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if due != 1 {
		t.Errorf("%d timers are still due, want ann's alone", due)
	}
}
