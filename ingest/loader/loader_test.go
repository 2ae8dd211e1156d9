package loader_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func TestEverythingArrivesOnce(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	source := newLedger()
	config := quick()
	registry := prometheus.NewRegistry()
	config.Metrics = registry
	l := loader.New(source, openWarehouse(t, dsn), config)
	stop := run(t, l)
	const visits, each = 1200, 4
	n := 0
	for range visits {
		var events []ingest.Event
		for range each {
			events = append(events, pageView(n))
			n++
		}
		source.commit(t, events...)
	}
	source.commit(t) // a visit without events: a profile alone
	flush(t, l)
	if l.Position() != visits+1 {
		t.Errorf("position %d, want %d", l.Position(), visits+1)
	}
	stop()
	exact(t, connect(t, dsn), n)

	again := loader.New(source, openWarehouse(t, dsn), small(quick()))
	run(t, again)
	source.commit(t, pageView(n))
	flush(t, again)
	exact(t, connect(t, dsn), n+1)

	for _, name := range []string{"omo_loader_rows_total", "omo_loader_batches_total", "omo_loader_position", "omo_loader_lag_visits"} {
		if got, err := testutil.GatherAndCount(registry, name); got == 0 || err != nil {
			t.Errorf("metric %s: %d, %v", name, got, err)
		}
	}
}

func small(c loader.Config) loader.Config { c.MaxRows = 7; return c }

func TestBatchesCloseBySizeOrAge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		closed string
		change func(*loader.Config)
		events int
	}{
		{"rows", func(c *loader.Config) { c.MaxRows = 10 }, 10},
		{"bytes", func(c *loader.Config) { c.MaxBytes = 4000 }, 10},
		{"age", func(c *loader.Config) { c.MaxAge = 30 * time.Millisecond }, 1},
	} {
		t.Run(c.closed, func(t *testing.T) {
			t.Parallel()
			config := loader.Config{MaxRows: 1000, MaxAge: time.Hour, Metrics: prometheus.NewRegistry()}
			c.change(&config)
			source, sink := newLedger(), &recorder{}
			for n := range c.events {
				source.commit(t, pageView(n))
			}
			l := loader.New(source, sink, config)
			run(t, l)
			await(t, "the batch", func() bool { return l.Position() > 0 })
			count := 0.0
			families, err := config.Metrics.(*prometheus.Registry).Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, family := range families {
				for _, metric := range family.GetMetric() {
					if family.GetName() == "omo_loader_batches_total" && metric.GetLabel()[0].GetValue() == c.closed {
						count = metric.GetCounter().GetValue()
					}
				}
			}
			if count == 0 {
				t.Errorf("no batch closed by %s", c.closed)
			}
		})
	}
}

func TestAfterAnErrorTheSameIsSentAgain(t *testing.T) {
	t.Parallel()
	source := newLedger()
	sink := &recorder{fail: func(attempt int) error {
		switch {
		case attempt <= 3:
			return fmt.Errorf("%w: too many parts", warehouse.ErrRefused)
		case attempt <= 6:
			return fmt.Errorf("%w: connection reset", warehouse.ErrUnknown)
		}
		return nil
	}}
	for n := range 5 {
		source.commit(t, pageView(n))
	}
	// Before anything is sent the pending range is kept.
	sink.on = func() {
		kept, _ := source.Marked("loader")
		if want := `{"position":0,"pending":{"from":1,"to":5,"token":"test-ledger-1-5"}}`; string(kept) != want {
			t.Errorf("kept before the insert: %s, want %s", kept, want)
		}
	}
	l := loader.New(source, sink, quick())
	stop := run(t, l)
	flush(t, l)
	stop()
	if len(sink.tries) != 7 {
		t.Fatalf("%d tries, want 7", len(sink.tries))
	}
	for i, got := range sink.tries {
		if got != sink.tries[0] || got.token != "test-ledger-1-5" {
			t.Errorf("try %d differs: %+v", i+1, got)
		}
	}
	if kept, _ := source.Marked("loader"); string(kept) != `{"position":5,"passed":{"loaded":5},"loads":[{"at":1790000000000,"to":5}]}` {
		t.Errorf("kept at the end: %s", kept)
	}
}

func TestAnEventThatCannotBeARowIsKeptAndStopsNobody(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	source := newLedger()
	bad := pageView(1000)
	bad.ID = "no uuid"
	source.commit(t, pageView(0), bad, pageView(1))
	source.commit(t, pageView(2))
	l := loader.New(source, openWarehouse(t, dsn), quick())
	run(t, l)
	flush(t, l)
	exact(t, connect(t, dsn), 3)
	dead, _ := source.Dead(ingest.Place{}, 10)
	if len(dead) != 1 || dead[0].Place != (ingest.Place{Seq: 1, Idx: 1}) || dead[0].Reason != `event id "no uuid" is no UUID` || !json.Valid(dead[0].Raw) {
		t.Errorf("dead: %+v", dead)
	}
	balanced(t, l, "4 accepted = 3 loaded + 0 duplicate + 1 dead + 0 erased + 0 in ledger")
}

func TestADamagedRecordIsAnErrorAndNotAGuess(t *testing.T) {
	t.Parallel()
	source := newLedger()
	if err := source.Mark("loader", []byte("{")); err != nil {
		t.Fatal(err)
	}
	err := loader.New(source, &recorder{}, quick()).Run(t.Context())
	if want := "the loader's record in the ledger is damaged: unexpected end of JSON input; restore the data folder from a backup"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
