package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// dying is a ledger that keeps no record any more after a visit: what a crash
// between two writes leaves behind.
type dying struct {
	*ledger.Ledger
	after uint64
}

func (d dying) Mark(name string, value []byte) error {
	if d.Last() > d.after {
		return errors.New("gone")
	}
	return d.Ledger.Mark(name, value)
}

// asking counts the questions to the past, and knows nothing.
type asking struct{ times int }

func (a *asking) Visitors(context.Context, engine.Past) (int, error) { a.times++; return 0, nil }

func (a *asking) Each(context.Context, engine.Past, func(*ingest.Event) error) error {
	return nil
}

// A reload takes a counter out and dies before it could note which are counted.
// What was bought meanwhile nobody counted: with the old rules back again, the
// counter is filled anew, and not taken for complete.
func TestACounterLeftOutByAReloadThatDiedIsCountedAnew(t *testing.T) {
	t.Parallel()
	const buyers = "id: buyer\nstatus: live\nwhen: count(\"purchase\", \"30d\") >= 1\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	const seekers = "id: seeker\nstatus: live\nwhen: count(\"search\", \"30d\") >= 1\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	l := newLedger(t)
	started(t, l, buyers)
	e := started(t, l, buyers) // a restart: what is counted goes on
	if waiting, _ := e.Backfilling(); len(waiting) != 0 {
		t.Fatalf("%v wait after a restart", waiting)
	}
	reloading := started(t, dying{l, l.Last() + 1}, buyers)
	if err := reloading.Use(load(t, folder(seekers)), dawn); err == nil {
		t.Fatal("the reload did not die")
	}
	bought := ingest.Event{ID: e.NewID(), Name: ingest.Purchase, Time: dawn.UnixMilli(), Received: dawn.UnixMilli()}
	if _, err := reloading.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{bought}}, dawn); err != nil {
		t.Fatal(err)
	}
	// A server that lives on does not go about filling what is not noted.
	past := &asking{}
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	if err := reloading.Backfill(ctx, past, func() time.Time { return dawn }); err != nil || past.times > 0 {
		t.Errorf("the past was asked %d times: %v", past.times, err)
	}
	again := started(t, l, buyers)
	if waiting, _ := again.Backfilling(); len(waiting) != 1 {
		t.Fatalf("%v wait, though a purchase is not counted", waiting)
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- again.Backfill(ctx, ledgerHistory{t, l}, func() time.Time { return dawn }) }()
	for waiting, _ := again.Backfilling(); len(waiting) > 0; waiting, _ = again.Backfilling() {
		time.Sleep(time.Millisecond)
	}
	end()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	answer, err := again.Visit(asked(again, "ann", dawn), dawn)
	if err != nil || len(answer.Decision.Offers) != 1 {
		t.Errorf("decided %+v, %v", answer.Decision, err)
	}
}
