package loader_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// dying is a Sink whose process ends before or after one of its inserts.
type dying struct {
	*warehouse.Warehouse
	source *ledger
	stop   context.CancelFunc
	after  bool
}

func (d *dying) Insert(ctx context.Context, token string, rows []warehouse.Row) error {
	if d.after {
		if err := d.Warehouse.Insert(ctx, token, rows); err != nil {
			return err
		}
	}
	d.source.crash()
	d.stop()
	if d.after {
		return nil
	}
	return fmt.Errorf("%w: the process is dead", warehouse.ErrUnknown)
}

func TestCrashBetweenPendingAndPosition(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after bool
		how   string // the next start deals with it
	}{
		{"before the insert", false, "resent"},
		{"after the insert", true, "verified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dsn := database(t)
			w, conn := openWarehouse(t, dsn), connect(t, dsn)
			source := newLedger()
			n := 0
			commit := func(visits int) {
				for range visits {
					source.commit(t, pageView(n), pageView(n+1))
					n += 2
				}
			}
			commit(300)
			for round := range 3 {
				ctx, cancel := context.WithCancel(t.Context())
				dead := loader.New(source, &dying{w, source, cancel, c.after}, quick())
				if err := dead.Run(ctx); err != nil {
					t.Fatal(err)
				}
				source = source.afterCrash()
				commit(50) // more came in before the pending range is dealt with
				config := quick()
				registry := prometheus.NewRegistry()
				config.Metrics = registry
				l := loader.New(source, w, config)
				stop := run(t, l)
				flush(t, l)
				exact(t, conn, n)
				if got := counter(t, registry, "omo_loader_recovered_total", c.how); got != 1 {
					t.Errorf("round %d: %v pending ranges %s, want 1", round, got, c.how)
				}
				stop()
				commit(20)
			}
		})
	}
}

func counter(t *testing.T, registry *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name && metric.GetLabel()[0].GetValue() == label {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return 0
}
