package loader_test

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
)

// The table is in trouble, not the rows: they wait, none of them is dead, and all
// of them go in, once, when it is repaired.
func TestFault5TableInTrouble(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, says string
		breaks     []string
		repairs    []string
	}{
		{"too many parts", "code: 252",
			[]string{"ALTER TABLE event_log MODIFY SETTING parts_to_delay_insert = 1, parts_to_throw_insert = 1, max_delay_to_insert = 1"},
			[]string{"ALTER TABLE event_log RESET SETTING parts_to_delay_insert, parts_to_throw_insert, max_delay_to_insert"}},
		{"read-only", "code: 774",
			[]string{"ALTER TABLE event_log MODIFY SETTING table_readonly = 1"},
			[]string{"ALTER TABLE event_log MODIFY SETTING table_readonly = 0"}},
		{"dropped column", "code: 16",
			[]string{"ALTER TABLE event_log DROP COLUMN os"},
			[]string{"ALTER TABLE event_log ADD COLUMN os LowCardinality(String) COMMENT 'operating system'"}},
		{"dropped table", "code: 60",
			[]string{"RENAME TABLE event_log TO elsewhere"},
			[]string{"RENAME TABLE elsewhere TO event_log"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			dsn := database(t)
			w, conn := openWarehouse(t, dsn), connect(t, dsn)
			if c.what == "too many parts" {
				do(t, conn, "SYSTEM STOP MERGES event_log")
			}
			source := newLedger()
			config := quick()
			registry, said := prometheus.NewRegistry(), &lines{}
			config.Metrics, config.Log = registry, said.logger()
			l := loader.New(source, w, config)
			run(t, l)
			n := 0
			more := func() {
				for range 50 {
					source.commit(t, pageView(n), pageView(n+1))
					n += 2
				}
			}
			for range 3 {
				more()
				flush(t, l)
			}
			before := l.Position()
			for _, sql := range c.breaks {
				do(t, conn, sql)
			}
			more()
			await(t, "refused inserts", func() bool { return counter(t, registry, "omo_loader_inserts_total", "refused") >= 10 })
			if l.Position() != before || letter(t, source) != "" {
				t.Errorf("while broken: position %d after %d, dead %q", l.Position(), before, letter(t, source))
			}
			await(t, "its reason in the log, which is told again every half minute", func() bool { return said.has(c.says) })
			more()
			balanced(t, l, "")
			for _, sql := range c.repairs {
				do(t, conn, sql)
			}
			flush(t, l)
			if got := rows(t, conn); got != uint64(n) {
				t.Errorf("%d rows, want %d", got, n)
			}
			settled(t, "5 "+c.what, conn, source, l, n, 0, fmt.Sprintf("%.0f refusals", counter(t, registry, "omo_loader_inserts_total", "refused")))
		})
	}
}

// A shop changes a column so that some rows no longer fit: those are dead and no
// other, and they go in when the column is as it was.
func TestFault5ColumnThatSomeRowsDoNotFit(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	w, conn := openWarehouse(t, dsn), connect(t, dsn)
	source := newLedger()
	l := loader.New(source, w, quick())
	run(t, l)
	do(t, conn, "ALTER TABLE event_log MODIFY COLUMN currency Enum8('' = 0, 'JPY' = 1)")
	var misfits []ingest.Place
	const n = 200
	for i := range n {
		e := pageView(i)
		if i%60 == 7 {
			e.Properties = []byte(`{"value":5,"currency":"DOGE"}`)
		}
		seq := source.commit(t, e)
		if i%60 == 7 {
			misfits = append(misfits, ingest.Place{Seq: seq})
		}
	}
	flush(t, l)
	settled(t, "5 column of another type", conn, source, l, n, len(misfits), fmt.Sprintf("dead %s", letter(t, source)))
	do(t, conn, "ALTER TABLE event_log MODIFY COLUMN currency LowCardinality(String)")
	if got, err := l.Replay(t.Context(), misfits); err != nil || got.Loaded != len(misfits) {
		t.Errorf("replayed: %+v, %v", got, err)
	}
	settled(t, "5 column as it was", conn, source, l, n, 0, "replayed")
}
