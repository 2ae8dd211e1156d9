package loader_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
)

// The machine goes down, and with it parts that ClickHouse had acknowledged. It
// knows their tokens still.
func TestAfterTheMachineWentDownWhatIsMissingIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what     string
		boot     string // of the next start
		stopped  bool   // in order
		restored float64
	}{
		{"another boot after no stop", "tuesday", false, 58},
		{"the same boot", "monday", false, 0},
		{"another boot after a stop", "tuesday", true, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			dsn := database(t)
			w, conn := openWarehouse(t, dsn), connect(t, dsn)
			source := newLedger()
			const n = 200
			for i := range n {
				e := pageView(i)
				if i%50 == 13 {
					e.ID = "no uuid"
				}
				source.commit(t, e)
			}
			l := loader.New(source, w, quick())
			stop := run(t, l)
			flush(t, l)
			balanced(t, l, "200 accepted = 196 loaded + 0 duplicate + 4 dead + 0 erased + 0 in ledger")
			next := source.afterCrash()
			if c.stopped {
				stop()
				next = source.afterCrash()
			}
			do(t, conn, "ALTER TABLE event_log DELETE WHERE seq > 30 AND seq <= 90 AND idx = 0 AND seq != 50 SETTINGS mutations_sync = 2")
			lost := n - 4 - rows(t, conn)

			config := quick()
			registry := prometheus.NewRegistry()
			config.Metrics, config.Boot = registry, c.boot
			l = loader.New(next, w, config)
			run(t, l)
			next.commit(t, pageView(n)) // and it goes on
			flush(t, l)
			if got := value(t, registry, "omo_loader_restored_total"); got != c.restored {
				t.Errorf("%v restored of %d lost", got, lost)
			}
			if want := uint64(n + 1 - 4); c.restored > 0 && rows(t, conn) != want {
				t.Errorf("%d rows, want %d", rows(t, conn), want)
			}
			if got := letter(t, next); got != "14/0 64/0 114/0 164/0" {
				t.Errorf("dead: %s", got)
			}
			balanced(t, l, "201 accepted = 197 loaded + 0 duplicate + 4 dead + 0 erased + 0 in ledger")

			// A second start on that run of the machine does not compare again.
			after := next.afterCrash()
			again := quick()
			registry = prometheus.NewRegistry()
			again.Metrics, again.Boot = registry, c.boot
			l = loader.New(after, w, again)
			run(t, l)
			flush(t, l)
			if got := value(t, registry, "omo_loader_audits_total"); got != 0 {
				t.Errorf("%v comparisons at the next start", got)
			}
		})
	}
}

// What is sent again may be refused by now: it was loaded, and is dead.
func TestWhatIsMissingAndRefusedIsDead(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	w, conn := openWarehouse(t, dsn), connect(t, dsn)
	source := newLedger()
	source.commit(t, pageView(0), poison(1), pageView(2))
	l := loader.New(source, w, quick())
	run(t, l)
	flush(t, l)
	balanced(t, l, "3 accepted = 3 loaded + 0 duplicate + 0 dead + 0 erased + 0 in ledger")
	do(t, conn, "TRUNCATE TABLE event_log")
	do(t, conn, noPoison)
	next := source.afterCrash()
	config := quick()
	config.Boot = "tuesday"
	l = loader.New(next, w, config)
	run(t, l)
	next.commit(t, pageView(3))
	flush(t, l)
	if got := letter(t, next); got != "1/1" || rows(t, conn) != 3 {
		t.Errorf("dead %s, %d rows", got, rows(t, conn))
	}
	if found, err := w.Places(t.Context(), next.ID(), []ingest.Place{{Seq: 1}, {Seq: 1, Idx: 1}, {Seq: 1, Idx: 2}, {Seq: 2}}); err != nil || len(found) != 3 {
		t.Errorf("there: %v, %v", found, err)
	}
	balanced(t, l, "4 accepted = 3 loaded + 0 duplicate + 1 dead + 0 erased + 0 in ledger")
}
