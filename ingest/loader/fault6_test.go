package loader_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
)

// Exactly the poison is dead, however little or much of it there is, with its
// reason and its bytes, and goes in once the table takes it.
func TestFault6Poison(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ poisoned, of, longer int }{
		{1, 100_000, 100_000}, {2, 100_000, 100_000}, {20, 2000, 2000}, {1000, 0, 100_000},
	} {
		n := c.of
		if long() {
			n = c.longer
		}
		if n == 0 {
			continue // 20 in 2,000 is of the same density
		}
		t.Run(fmt.Sprintf("%d in %d", c.poisoned, n), func(t *testing.T) {
			t.Parallel()
			dsn := database(t)
			w, conn := openWarehouse(t, dsn), connect(t, dsn)
			do(t, conn, noPoison)
			source := newLedger()
			var poisoned []ingest.Place
			for i := 0; i < n; i += 10 {
				visit := make([]ingest.Event, 10)
				for j := range visit {
					visit[j] = pageView(i + j)
					if every := n / c.poisoned; (i+j+every/3)%every == 0 {
						visit[j] = poison(i + j)
						poisoned = append(poisoned, ingest.Place{Seq: uint64(i/10 + 1), Idx: uint16(j)})
					}
				}
				source.commit(t, visit...)
			}
			config := loader.Config{}
			registry := prometheus.NewRegistry()
			config.Metrics = registry
			l := loader.New(source, w, config)
			began := time.Now()
			run(t, l)
			wait(t, l, 10*patience)
			took := time.Since(began).Round(10 * time.Millisecond)
			inserts := counter(t, registry, "omo_loader_inserts_total", "ok") + counter(t, registry, "omo_loader_inserts_total", "data")
			settled(t, fmt.Sprintf("6 poison %d in %d", c.poisoned, n), conn, source, l, n, c.poisoned, fmt.Sprintf("%.0f inserts, %s", inserts, took))
			if got := rows(t, conn); got != uint64(n-c.poisoned) {
				t.Errorf("%d rows, want %d", got, n-c.poisoned)
			}
			dead, err := source.DeadAt(poisoned)
			if err != nil || len(dead) != c.poisoned {
				t.Errorf("%d of those in the dead letter are poison, %v", len(dead), err)
			}
			for _, d := range dead {
				if e, err := ingest.Parse(d.Raw); err != nil || string(e.Properties) != `{"value":666,"currency":"DOGE"}` || len(d.Reason) < 50 {
					t.Fatalf("dead %s: %s, %s, %v", d, d.Raw, d.Reason, err)
				}
			}
			do(t, conn, cured)
			again, err := l.Replay(t.Context(), poisoned)
			if err != nil || again.Loaded != c.poisoned {
				t.Errorf("replayed: %d loaded, %d still dead, %v", again.Loaded, len(again.Still), err)
			}
			settled(t, fmt.Sprintf("6 replayed %d in %d", c.poisoned, n), conn, source, l, n, 0, "replayed")
		})
	}
}
