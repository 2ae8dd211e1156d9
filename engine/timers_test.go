package engine_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// looks is a clock that keeps when it was looked at.
type looks struct {
	mu sync.Mutex
	at []int64 // milliseconds since 1970
}

func (l *looks) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.at = append(l.at, now.UnixMilli())
	return now
}

// often says whether two looks have followed each other as closely as they should,
// at last: a busy machine may keep them apart for a while.
func (l *looks) often() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range max(0, len(l.at)-1) {
		if l.at[i+1]-l.at[i] <= 250 {
			return true
		}
	}
	return false
}

// A wait begun before a restart comes due after it, never early, and at the first
// look at the server's clock that finds it due; it is looked at every 0.2 s.
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
	clock := &looks{}
	go func() { done <- after.RunTimers(ctx, clock.now) }()
	var fired []ingest.Event
	for limit := time.Now().Add(time.Minute); (len(fired) == 0 || !clock.often()) && time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		fired = nil
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
	if len(fired) != 1 || !clock.often() {
		t.Fatalf("%d absences were recorded, want one; the clock was looked at at %v", len(fired), clock.at)
	}
	due := event.Received + 2000
	first := slices.IndexFunc(clock.at, func(at int64) bool { return at >= due })
	if first < 0 || fired[0].Received != clock.at[first] {
		t.Errorf("fired at %d, due at %d; the clock was looked at at %v", fired[0].Received, due, clock.at)
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
