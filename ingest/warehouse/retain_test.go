package warehouse_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func TestWhatIsOldIsForgottenByWholeMonths(t *testing.T) {
	t.Parallel()
	w, conn := open(t)
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	n := uint64(0)
	event := func(visitor, received string) warehouse.Row {
		n++
		ms := at(received).UnixMilli()
		return row(t, ingest.Event{ID: id(n), Visitor: visitor, Name: "look", Time: ms, Received: ms, Seq: n})
	}
	for i, rows := range [][]warehouse.Row{
		{event("old", "2024-09-30T23:59:59.999Z"), event("came-back", "2024-09-01T00:00:00Z"), event("", "2024-09-15T00:00:00Z")},
		{event("old", "2024-10-01T00:00:00Z"), event("came-back", "2024-10-31T23:59:59.999Z")},
		{event("came-back", "2024-11-01T00:00:00Z"), event("new", "2026-11-22T00:00:00Z")},
	} {
		if err := w.Insert(t.Context(), fmt.Sprint("batch ", i), rows); err != nil {
			t.Fatal(err)
		}
	}
	before := at("2024-11-01T00:00:00Z")
	aged := func() []string {
		var all []string
		if err := w.Aged(t.Context(), before, func(v string) error { all = append(all, v); return nil }); err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		return all
	}
	if got := aged(); !slices.Equal(got, []string{"old"}) {
		t.Errorf("aged %q", got)
	}
	if rows, err := w.Drop(t.Context(), before); rows != 4 || err != nil {
		t.Errorf("dropped %d, %v", rows, err)
	}
	if got := ask(t, conn, "SELECT visitor_id, toYYYYMMDD(received) FROM event_log ORDER BY received"); got != " 20240915\ncame-back 20241101\nnew 20261122" {
		t.Errorf("left %q", got)
	}
	if rows, err := w.Drop(t.Context(), before); rows != 0 || err != nil || len(aged()) != 0 {
		t.Errorf("once more %d, %v", rows, err)
	}
}
