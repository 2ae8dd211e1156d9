package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// taker is a warehouse that takes everything.
type taker struct{}

func (taker) Insert(context.Context, string, []warehouse.Row) error { return nil }
func (taker) Loaded(_ context.Context, _ string, from, to uint64) (uint64, error) {
	return to - from + 1, nil
}
func (taker) Places(_ context.Context, _ string, places []ingest.Place) (map[ingest.Place]bool, error) {
	found := map[ingest.Place]bool{}
	for _, p := range places {
		found[p] = true
	}
	return found, nil
}

// Visits are forgotten a day after they were loaded, however often the server
// was started since, and none that is younger or not loaded.
func TestTrimmingOutlivesRestarts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		ago   time.Duration // the server runs then
		floor uint64        // up to which visits are gone after its start
	}{
		{60 * time.Hour, 0}, {50 * time.Hour, 0}, {23 * time.Hour, 6}, {2 * time.Hour, 6}, {0, 6},
	} {
		l, err := ledger.Open(dir, ledger.Options{Log: log, Patience: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-c.ago)
		a := &app{log: log, ledger: l, loader: loader.New(l, taker{}, loader.Config{MaxAge: time.Millisecond, Now: func() time.Time { return then }})}
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error, 2)
		if c.ago < 24*time.Hour { // before, the machine's clock would be ahead of the loader's
			a.trimTo(a.dayOld())
		}
		if floor, err := l.Floor(); err != nil || floor != c.floor {
			t.Errorf("%s ago: all up to visit %d is gone, want %d; %v", c.ago, floor, c.floor, err)
		}
		go func() { ran <- a.loader.Run(ctx) }()
		for n := range 3 {
			raw, err := ingest.Encode(&ingest.Event{ID: fmt.Sprintf("018f0000-0000-7000-8000-%012d", n), Visitor: "v", Name: "login", Time: then.UnixMilli(), Received: then.UnixMilli()})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Commit(ledger.Visit{Visitor: "v", Events: [][]byte{raw}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
		if err := a.loader.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		b, err := a.loader.Balance()
		if err != nil || b.Err() != nil || b.InLedger != 0 {
			t.Errorf("%s ago: %s, %v", c.ago, b, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
