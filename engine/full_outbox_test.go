package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

const (
	hookOnBooking = "id: tell\nstatus: live\non: {event: booking}\nvariants: [{id: a, weight: 1, action: {type: webhook, url: 'https://crm.example/hook'}}]"
	hookOnAbsence = "id: miss\nstatus: live\non: {absent: {event: purchase, after: add_to_cart, within: 1h}}\nvariants: [{id: a, weight: 1, action: {type: webhook, url: 'https://crm.example/hook'}}]"
)

// cramped is a ledger whose outbox has room for one letter.
func cramped(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger"), ledger.Options{Log: slog.New(slog.DiscardHandler), Patience: time.Minute, Letters: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// twoHoursOn fires what is due two hours after dawn, until end is called.
func twoHoursOn(t *testing.T, e *engine.Engine) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.RunTimers(ctx, func() time.Time { return dawn.Add(2 * time.Hour) }) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// Where the outbox has no room, an event that would send something is not taken,
// and is taken when it comes again; what came due waits; and whatever sends
// nothing goes on.
func TestAFullOutbox(t *testing.T) {
	t.Parallel()
	l := cramped(t)
	e := started(t, l, hookOnBooking, hookOnAbsence)
	tell := func(visitor, id, name string) error {
		event := ingest.Event{ID: id, Name: name, Time: dawn.UnixMilli(), Received: dawn.UnixMilli()}
		_, err := e.Visit(engine.Visit{Visitor: visitor, Events: []ingest.Event{event}}, dawn)
		return err
	}
	again := e.NewID()
	if err := errors.Join(tell("bob", e.NewID(), "add_to_cart"), tell("ann", e.NewID(), "booking")); err != nil {
		t.Fatal(err)
	}
	if err := tell("ann", again, "booking"); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a second letter where there is room for one: %v", err)
	}
	if err := tell("ann", e.NewID(), "look"); err != nil {
		t.Errorf("an event that sends nothing: %v", err)
	}
	end := twoHoursOn(t, e)
	eventually := func(what string, done func() bool) {
		t.Helper()
		for limit := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatal("not within a minute: ", what)
			}
		}
	}
	eventually("what came due is refused too", func() bool { return l.Letters().Refused > 1 })
	waits, err := l.Outgoing(0, ledger.Never, 9)
	if err != nil || len(waits) != 1 {
		t.Fatal(waits, err)
	}
	if n, err := l.Sent(waits...); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	var letter engine.Letter
	eventually("what came due is sent", func() bool {
		waits, err = l.Outgoing(0, ledger.Never, 9)
		return err == nil && len(waits) == 1 && json.Unmarshal(waits[0].Body, &letter) == nil
	})
	if letter.Visitor != "bob" || letter.Campaign != "miss" {
		t.Errorf("%+v", letter)
	}
	end()
	if n, err := l.Sent(waits...); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := tell("ann", again, "booking"); err != nil || l.Letters().Count != 1 {
		t.Errorf("the event that was refused, sent again: %v, %+v", err, l.Letters())
	}
}

// However much that is due waits for the outbox, what sends nothing fires.
func TestAFullOutboxKeepsOnlyWhatSendsFromFiring(t *testing.T) {
	t.Parallel()
	l := cramped(t)
	e := started(t, l, hookOnBooking, hookOnAbsence,
		"id: left\nstatus: live\non: {absent: {event: purchase, after: begin_checkout, within: 1h}}\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	tell := func(visitor, name string) {
		event := ingest.Event{ID: e.NewID(), Name: name, Time: dawn.UnixMilli(), Received: dawn.UnixMilli()}
		if _, err := e.Visit(engine.Visit{Visitor: visitor, Events: []ingest.Event{event}}, dawn); err != nil {
			t.Fatal(err)
		}
	}
	tell("bob", "booking") // what there is room for
	const waiting = 2500
	for i := range waiting {
		tell(fmt.Sprintf("ann-%d", i), "add_to_cart")
	}
	tell("zoe", "begin_checkout") // whose timer comes last
	end := twoHoursOn(t, e)
	due := waiting + 1
	for limit := time.Now().Add(time.Minute); due != waiting && time.Now().Before(limit); time.Sleep(time.Millisecond) {
		left, _, err := l.Timers(dawn.Add(2*time.Hour).UnixMilli(), 2*waiting)
		if err != nil {
			t.Fatal(err)
		}
		due = len(left)
	}
	end()
	if due != waiting {
		t.Errorf("%d timers are still due, want the %d that send something", due, waiting)
	}
	if p, err := e.Profile("zoe"); err != nil || p.Due["left"] == 0 {
		t.Errorf("what sends nothing did not come due: %+v, %v", p, err)
	}
	if n := l.Letters().Refused; n > waiting/10 {
		t.Errorf("%d visits were tried in vain", n)
	}
}

// A campaign that does harm is stopped though the outbox has no room for the
// alert, and what was decided is the same after a restart.
func TestHarmIsStoppedThoughNobodyCanBeTold(t *testing.T) {
	t.Parallel()
	l := cramped(t)
	files := folder("id: one\nstatus: live\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: "+banner+"}]", "id: two\nstatus: live\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: "+banner+"}]")
	files["site.yaml"] = &fstest.MapFile{Data: []byte("alerts: {webhook: 'https://chat.example/hook'}")}
	set := load(t, files)
	e := engine.New(engine.Options{Store: l, Key: []byte("key")})
	if err := e.Use(set, dawn); err != nil {
		t.Fatal(err)
	}
	for _, campaign := range []string{"one", "two"} {
		if err := e.StopHarm(campaign, e.Live().Phases[campaign], engine.HarmStop{Variant: "a", Guardrail: "value"}, dawn); err != nil {
			t.Fatal(err)
		}
	}
	waits, err := l.Outgoing(0, ledger.Never, 9)
	if err != nil || len(waits) != 1 {
		t.Fatal(waits, err)
	}
	var told engine.Letter
	if err := json.Unmarshal(waits[0].Body, &told); err != nil || told.Kind != "alert" || told.Campaign != "one" || told.URL != "https://chat.example/hook" {
		t.Errorf("%s, %v", waits[0].Body, err)
	}
	was := e.Live()
	again := engine.New(engine.Options{Store: l, Key: []byte("key")})
	if err := again.Use(set, dawn.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if is := again.Live(); len(is.Overrides) != 2 || !reflect.DeepEqual(is.Overrides, was.Overrides) || !maps.Equal(is.Phases, was.Phases) {
		t.Errorf("%+v in %v, before the restart %+v in %v", is.Overrides, is.Phases, was.Overrides, was.Phases)
	}
}
