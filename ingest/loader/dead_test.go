package loader_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// poison is event n, which the table refuses once noPoison is in force.
func poison(n int) ingest.Event {
	e := pageView(n)
	e.Properties = json.RawMessage(`{"value":666,"currency":"DOGE"}`)
	return e
}

const (
	noPoison = "ALTER TABLE event_log ADD CONSTRAINT no_poison CHECK value IS NULL OR value != 666"
	cured    = "ALTER TABLE event_log DROP CONSTRAINT no_poison"
)

func do(t testing.TB, conn driver.Conn, sql string) {
	t.Helper()
	if err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// letter is the dead letter as text.
func letter(t testing.TB, l *ledger) string {
	t.Helper()
	dead, err := l.Dead(ingest.Place{}, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range dead {
		out = append(out, d.String())
	}
	return strings.Join(out, " ")
}

// rows are those in the table, copies that a view makes one counted each.
func rows(t testing.TB, conn driver.Conn) (n uint64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count() FROM event_log").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// killed is a Sink whose process ends before or after its n-th insert.
type killed struct {
	*warehouse.Warehouse
	source *ledger
	stop   context.CancelFunc
	left   int
	after  bool
}

func (k *killed) Insert(ctx context.Context, token string, rows []warehouse.Row) error {
	k.left--
	var err error
	if k.left > 0 || k.after {
		err = k.Warehouse.Insert(ctx, token, rows)
	}
	if k.left > 0 {
		return err
	}
	k.source.crash()
	k.stop()
	return fmt.Errorf("%w: the process is dead", warehouse.ErrUnknown)
}

// Whatever insert of the search the process dies at, no row is lost, none is
// there twice even before a merge, and the poison alone is dead.
func TestACrashWhileLookingForPoison(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, sql string
		after     bool   // the insert
		cure      string // before the next start; "" if the poison stays poison
	}{
		{"before an insert, ClickHouse tells the row", noPoison, false, ""},
		{"after an insert, ClickHouse does not tell", "ALTER TABLE event_log MODIFY COLUMN currency Enum8('' = 0, 'JPY' = 1)", true, ""},
		{"after an insert, and the reason is gone then", noPoison, true, cured},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			for at := 1; ; at++ {
				dsn := database(t)
				w, conn := openWarehouse(t, dsn), connect(t, dsn)
				do(t, conn, c.sql)
				do(t, conn, "SYSTEM STOP MERGES event_log")
				source := newLedger()
				const n = 12
				for i := range n {
					e := pageView(i)
					if i == 3 || i == 9 {
						e = poison(i)
					}
					source.commit(t, e)
				}
				ctx, cancel := context.WithCancel(t.Context())
				sink := &killed{w, source, cancel, at, c.after}
				done := make(chan error, 1)
				first := loader.New(source, sink, quick())
				go func() { done <- first.Run(ctx) }()
				await(t, "the crash or the end", func() bool { return ctx.Err() != nil || first.Position() == n })
				cancel()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				finished := first.Position() == n
				source = source.afterCrash()
				dead, most := "4/0 10/0", n-2
				if c.cure != "" && !finished {
					do(t, conn, c.cure)
					dead, most = "", n
				}
				if !finished && letter(t, source) != "" {
					t.Errorf("died at insert %d: dead before the position moved: %s", at, letter(t, source))
				}
				l := loader.New(source, w, quick())
				stop := run(t, l)
				flush(t, l)
				if got := letter(t, source); got != dead {
					t.Errorf("died at insert %d: dead %q, want %q", at, got, dead)
				}
				if got := rows(t, conn); got != uint64(most) {
					t.Errorf("died at insert %d: %d rows, want %d", at, got, most)
				}
				balanced(t, l, fmt.Sprintf("12 accepted = %d loaded + 0 duplicate + %d dead + 0 erased + 0 in ledger", most, n-most))
				stop()
				if finished {
					if at < 8 {
						t.Errorf("only %d inserts: nothing was looked for", at)
					}
					return
				}
			}
		})
	}
}

// ClickHouse feeds a view after it has written the table: what a view refuses is
// loaded. It holds up nobody and is not dead, but it is told.
func TestAViewThatThrowsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	for what, expression := range map[string]string{
		"a code of data":   "throwIf(value = 666)",
		"any other reason": "base58Decode(path)",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dsn := database(t)
			w, conn := openWarehouse(t, dsn), connect(t, dsn)
			do(t, conn, "CREATE MATERIALIZED VIEW own ENGINE = MergeTree ORDER BY tuple() AS SELECT toString("+expression+") AS t FROM event_log")
			source := newLedger()
			for n := range 20 {
				source.commit(t, pageView(n))
			}
			source.commit(t, poison(20))
			config := quick()
			registry := prometheus.NewRegistry()
			config.Metrics = registry
			l := loader.New(source, w, config)
			run(t, l)
			flush(t, l)
			exact(t, conn, 21)
			balanced(t, l, "21 accepted = 21 loaded + 0 duplicate + 0 dead + 0 erased + 0 in ledger")
			if got := rows(t, conn); got != 21 {
				t.Errorf("%d rows", got)
			}
			if got := value(t, registry, "omo_loader_view_refused_rows_total"); got != 21 {
				t.Errorf("%v rows told of", got)
			}
		})
	}
}

func value(t testing.TB, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	if n, err := testutil.GatherAndCount(registry, name); n != 1 || err != nil {
		t.Fatalf("metric %s: %d, %v", name, n, err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if m := family.GetMetric()[0]; family.GetName() == name {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return 0
}

func TestAFullDeadLetterStopsTheLoaderAndDropsNothing(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	w, conn := openWarehouse(t, dsn), connect(t, dsn)
	do(t, conn, noPoison)
	source := newLedger()
	config := quick()
	config.DeadBytes = 2500 // two of them
	l := loader.New(source, w, config)
	run(t, l)
	source.commit(t, poison(0), pageView(1))
	source.commit(t, poison(2))
	flush(t, l)
	if err := l.Stuck(); err != nil {
		t.Fatalf("stuck with room left: %v", err)
	}
	source.commit(t, poison(3), poison(4))
	source.commit(t, pageView(5))
	await(t, "the loader to stop", func() bool { return l.Stuck() != nil })
	if got := l.Stuck().Error(); !strings.HasPrefix(got, "the dead letter is full: ") || !strings.Contains(got, "bound of 2500") || !strings.Contains(got, "omo dead replay") {
		t.Errorf("stuck: %s", got)
	}
	if l.Position() != 2 || letter(t, source) != "1/0 2/0" {
		t.Errorf("position %d, dead %s", l.Position(), letter(t, source))
	}
	balanced(t, l, "")
	do(t, conn, cured)
	if got, err := l.Replay(t.Context(), []ingest.Place{{Seq: 1}, {Seq: 2}}); got.Loaded != 2 || err != nil {
		t.Errorf("replayed: %+v, %v", got, err)
	}
	flush(t, l)
	if err := l.Stuck(); err != nil {
		t.Errorf("still stuck: %v", err)
	}
	balanced(t, l, "6 accepted = 4 loaded + 0 duplicate + 2 dead + 0 erased + 0 in ledger")
	if got, err := l.Replay(t.Context(), []ingest.Place{{Seq: 3}, {Seq: 3, Idx: 1}}); got.Loaded != 2 || err != nil {
		t.Errorf("replayed: %+v, %v", got, err)
	}
	exact(t, conn, 6)
	balanced(t, l, "6 accepted = 6 loaded + 0 duplicate + 0 dead + 0 erased + 0 in ledger")
}

func TestAnErasedVisitIsNothing(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	source := newLedger()
	for n := 0; n < 10; n += 2 {
		source.commit(t, pageView(n), pageView(n+1))
	}
	for _, seq := range []uint64{1, 3, 5} { // the first, one between, the last
		source.erase(seq)
	}
	l := loader.New(source, openWarehouse(t, dsn), quick())
	run(t, l)
	flush(t, l)
	if got := rows(t, connect(t, dsn)); got != 4 || l.Position() != 5 {
		t.Errorf("%d rows, position %d", got, l.Position())
	}
	balanced(t, l, "10 accepted = 4 loaded + 0 duplicate + 0 dead + 6 erased + 0 in ledger")
	source.commit(t)
	source.commit(t, pageView(10))
	flush(t, l)
	balanced(t, l, "11 accepted = 5 loaded + 0 duplicate + 0 dead + 6 erased + 0 in ledger")
	// A visit that vanished was not erased, and does not pass for it.
	source.commit(t, pageView(11), pageView(12))
	source.lose(8)
	flush(t, l)
	b, err := l.Balance()
	if err != nil || b.Difference() != 2 {
		t.Errorf("balance with two events lost: %s, %v", b, err)
	}
	if want := "2 events are not accounted for: not 13 accepted = 5 loaded + 0 duplicate + 0 dead + 6 erased + 0 in ledger"; b.Err() == nil || b.Err().Error() != want {
		t.Errorf("%v, want %s", b.Err(), want)
	}
}
