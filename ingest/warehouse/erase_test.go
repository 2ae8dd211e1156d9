package warehouse_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Erased rows are in no table and no part, and the ids in no statement that
// ClickHouse keeps.
func TestErasedVisitorsHaveNoRowInAnyTable(t *testing.T) {
	t.Parallel()
	w, conn := open(t)
	november := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	rows := append(visits(t, 1, 30, november), visits(t, 31, 60, november.Add(2*time.Second))...) // v0, v1, v2 in turn, two months
	for _, token := range []string{"one", "a resent batch, not merged yet"} {
		if err := w.Insert(t.Context(), token, rows); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range []string{
		"CREATE TABLE later (visitor_id String, n UInt8) ENGINE = MergeTree ORDER BY n", // by a migration yet to come
		"INSERT INTO later VALUES ('v1', 1), ('v2', 2)",
		"CREATE TABLE other (n UInt8) ENGINE = MergeTree ORDER BY n",
	} {
		if err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var found warehouse.Rows
	erase := func(visitors ...string) {
		t.Helper()
		if err := w.Erase(t.Context(), visitors, func(r warehouse.Rows) error { found = r; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	erase("v1", "nobody", "v0' OR 1 --")
	events := ask(t, conn, "SELECT count() FROM event_log WHERE visitor_id = 'v1'")
	if events != "0" || !maps.Equal(found["later"], map[string]uint64{"v1": 1}) || len(found["event_log"]) != 1 || found["event_log"]["v1"] < 20 || found["event_log"]["v1"] > 40 {
		t.Errorf("%s rows are left; found %v", events, found)
	}
	for query, want := range map[string]string{
		"SELECT count() FROM events":  "40",
		"SELECT count() FROM later":   "1",
		"SELECT count() FROM erasing": "0",
		"SELECT count() FROM system.mutations WHERE position(command, 'v1')>0": "0",
	} {
		if got := ask(t, conn, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if err := conn.Exec(t.Context(), "OPTIMIZE TABLE event_log FINAL"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, conn, "SELECT visitor_id, count() FROM event_log GROUP BY 1 ORDER BY 1"); got != "v0 20\nv2 20" {
		t.Errorf("after a merge of all: %q", got)
	}
	if erase("v1"); len(found) != 0 {
		t.Errorf("the second time it found %v", found)
	}
}

func TestAnErasureThatCannotTellWhatItFoundRemovesNothing(t *testing.T) {
	t.Parallel()
	w, conn := open(t)
	if err := w.Insert(t.Context(), "one", visits(t, 1, 9, time.Now())); err != nil {
		t.Fatal(err)
	}
	err := w.Erase(t.Context(), []string{"v1"}, func(warehouse.Rows) error { return errors.New("not kept") })
	if err == nil || !strings.Contains(err.Error(), "not kept") {
		t.Error(err)
	}
	if got := ask(t, conn, "SELECT count() FROM event_log"); got != "9" {
		t.Errorf("%s rows, want all 9", got)
	}
}

// A person's visitors are found by the user_id of their rows, whatever ledger
// these are of; of the present one only as far as it is asked.
func TestVisitorsOfAPerson(t *testing.T) {
	t.Parallel()
	w, _ := open(t)
	var rows []warehouse.Row
	for i, who := range [][2]string{{"phone", "ann"}, {"desk", "ann"}, {"desk", "ann"}, {"desk", ""}, {"other", "Ann"}, {"bob", "bob' OR 1 --"}, {"late", "ann"}, {"", "ann"}} {
		seq := uint64(i + 1)
		rows = append(rows, row(t, ingest.Event{ID: id(seq), Visitor: who[0], User: who[1], Name: ingest.PageView, Time: 1, Received: 1_760_000_000_000, Seq: seq}))
	}
	if err := w.Insert(t.Context(), "one", rows); err != nil {
		t.Fatal(err)
	}
	for _, ask := range []struct {
		ledger, user string
		upTo         uint64
		want         string
	}{
		{"ledger", "ann", 6, "[desk phone]"}, {"ledger", "ann", 8, "[desk late phone]"}, {"another", "ann", 0, "[desk late phone]"},
		{"ledger", "bob' OR 1 --", 9, "[bob]"}, {"ledger", "nobody", 9, "[]"},
	} {
		if got, err := w.VisitorsOf(t.Context(), ask.ledger, ask.user, ask.upTo); err != nil || fmt.Sprint(got) != ask.want {
			t.Errorf("%+v: %v, %v", ask, got, err)
		}
	}
}
