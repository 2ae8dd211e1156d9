package warehouse_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// The history of those who asked for a decision within a time: all that they
// ever did before its end, visitor by visitor in the order of folding, each
// place in the ledger once. A resent copy is left out; what a client sent again
// under its old id was folded twice, and comes twice.
func TestHistoryIsInTheOrderOfFolding(t *testing.T) {
	t.Parallel()
	w, conn := open(t)
	if err := conn.Exec(t.Context(), "SYSTEM STOP MERGES event_log"); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	var rows []warehouse.Row
	add := func(id_, seq uint64, idx uint16, visitor, name string, received time.Time) {
		rows = append(rows, row(t, ingest.Event{ID: id(id_), Visitor: visitor, Name: name,
			Time: received.UnixMilli(), Received: received.UnixMilli(), Seq: seq, Idx: idx}))
	}
	add(1, 1, 0, "", ingest.Rules, day)
	add(2, 9, 1, "b", ingest.Decision, day.AddDate(0, 0, 5))
	add(3, 9, 0, "b", ingest.PageView, day.AddDate(0, 0, 5))
	add(4, 3, 0, "b", "search", day.AddDate(-1, 0, 0))       // long before, and yet of its profile
	add(4, 12, 0, "b", "search", day.AddDate(0, 0, 6))       // sent again
	add(5, 14, 0, "b", "search", day.AddDate(0, 0, 20))      // after the end
	add(6, 7, 0, "a", ingest.PageView, day)                  // never asked
	add(7, 5, 0, "c", ingest.Decision, day.AddDate(0, 0, 2)) // asked before the time
	add(8, 4, 0, "d", ingest.Decision, day.AddDate(0, 0, 4))
	for _, token := range []string{"one", "two"} { // the loader did not hear the first answer
		if err := w.Insert(t.Context(), token, rows); err != nil {
			t.Fatal(err)
		}
	}
	span := warehouse.Span{From: day.AddDate(0, 0, 3), To: day.AddDate(0, 0, 10), Sample: 10_000}
	h, err := w.History(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	tell := func(ledger string, r *ingest.Record) error {
		got = append(got, fmt.Sprintf("%s %s %d/%d %s", ledger, r.Event.Visitor, r.Event.Seq, r.Event.Idx, r.Event.Name))
		return nil
	}
	read := func(ledger, person string, r *ingest.Record) error {
		if person != r.Event.Visitor {
			got = append(got, "of "+person)
		}
		return tell(ledger, r)
	}
	if err := h.Read(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ledger b 3/0 search", "ledger b 9/0 page_view", "ledger b 9/1 omo_decision", "ledger b 12/0 search",
		"ledger d 4/0 omo_decision",
	}
	if !slices.Equal(got, want) || h.Visitors != 2 || h.Rows != 10 {
		t.Errorf("%d visitors, %d rows\n%s\nwant\n%s", h.Visitors, h.Rows, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	got = nil
	if err := w.Past(t.Context(), "ledger", "b", 9, tell); err != nil || !slices.Equal(got, want[:3]) {
		t.Errorf("the past of b up to 9: %v, %v", got, err)
	}
	got = nil
	if err := w.Past(t.Context(), "another", "b", 99, tell); err != nil || got != nil {
		t.Errorf("the past of b in another ledger: %v, %v", got, err)
	}
	if err := w.RuleSets(t.Context(), tell); err != nil || !slices.Equal(got, []string{"ledger  1/0 omo_rules"}) {
		t.Errorf("the rule sets: %v, %v", got, err)
	}
	stop := errors.New("enough")
	if err := h.Read(t.Context(), func(string, string, *ingest.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("stopped with %v", err)
	}
}

// A sample is of visitors, whole, and about the share that was asked for; parts
// hold every visitor once.
func TestASampleIsOfWholeVisitors(t *testing.T) {
	t.Parallel()
	w, _ := open(t)
	day := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	var rows []warehouse.Row
	for v := range uint64(1000) {
		for i := range uint64(4) {
			rows = append(rows, row(t, ingest.Event{ID: id(v*4 + i), Visitor: fmt.Sprint("visitor-", v), Name: ingest.Decision,
				Time: day.UnixMilli(), Received: day.UnixMilli(), Seq: 1 + i, Idx: 0}))
		}
	}
	if err := w.Insert(t.Context(), "one", rows); err != nil {
		t.Fatal(err)
	}
	for sample, want := range map[int][2]int{10_000: {1000, 1000}, 1_000: {60, 140}} {
		h, err := w.History(t.Context(), warehouse.Span{From: day, To: day.Add(time.Hour), Sample: sample, Part: 33})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		var came []string
		if err := h.Read(t.Context(), func(_, person string, r *ingest.Record) error {
			seen[r.Event.Visitor]++
			came = append(came, person)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if early := slices.Max(came[:len(came)/3]); early < "visitor-7" {
			t.Errorf("of a sample of %d nobody beyond %s is in the first third: the order is that of ids, and so of age", sample, early)
		}
		if n := len(seen); n < want[0] || n > want[1] || h.Visitors != uint64(n) || h.Rows != uint64(4*n) {
			t.Errorf("a sample of %d has %d visitors of %d, %d rows", sample, n, h.Visitors, h.Rows)
		}
		for visitor, n := range seen {
			if n != 4 {
				t.Fatalf("%s has %d events", visitor, n)
			}
		}
	}
}

// The browsers of one person come together, under the visitor whose profile they
// share, though only one of them asked for a decision and their ids lie far
// apart; before the merge they were apart, and what comes after the end is not
// there. Analysts see who came to whom in the view events.
func TestHistoryIsOfPersons(t *testing.T) {
	t.Parallel()
	w, conn := open(t)
	day := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	var rows []warehouse.Row
	add := func(id_, seq uint64, idx uint16, visitor, name, properties string, received time.Time) {
		rows = append(rows, row(t, ingest.Event{ID: id(id_), Visitor: visitor, Name: name, Properties: []byte(properties),
			Time: received.UnixMilli(), Received: received.UnixMilli(), Seq: seq, Idx: idx}))
	}
	const came = `{"home":"m","visitor":"z"}`
	add(1, 1, 0, "m", "search", "", day)
	add(2, 2, 0, "a", ingest.Decision, `{"decision_id":"d1"}`, day)
	add(3, 3, 0, "z", "search", "", day)
	add(4, 4, 0, "m", ingest.Merge, came, day)
	add(5, 4, 1, "z", ingest.Merge, came, day)
	add(6, 4, 2, "z", ingest.Decision, `{"decision_id":"d2"}`, day)
	add(7, 5, 0, "n", ingest.Decision, `{"decision_id":"d3"}`, day)
	add(8, 6, 0, "b", ingest.Merge, `{"home":"a","visitor":"b"}`, day.AddDate(0, 0, 1))
	add(9, 7, 0, "b", "search", "", day)
	if err := w.Insert(t.Context(), "one", rows); err != nil {
		t.Fatal(err)
	}
	want := []string{"a: a 2/0", "m: m 1/0", "m: z 3/0", "m: m 4/0", "m: z 4/1", "m: z 4/2", "n: n 5/0"}
	for _, part := range []int{1, 100} {
		h, err := w.History(t.Context(), warehouse.Span{From: day, To: day.AddDate(0, 0, 1), Sample: 10_000, Part: part})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = h.Read(t.Context(), func(_, person string, r *ingest.Record) error {
			got = append(got, fmt.Sprintf("%s: %s %d/%d", person, r.Event.Visitor, r.Event.Seq, r.Event.Idx))
			return nil
		})
		slices.SortStableFunc(got, func(x, y string) int { return strings.Compare(x[:1], y[:1]) }) // parts come in no order
		if err != nil || !slices.Equal(got, want) || h.Visitors != 3 || h.Rows != 7 {
			t.Errorf("in parts of %d: %v\n%d persons, %d rows\n%s\nwant\n%s", part, err, h.Visitors, h.Rows, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	var who, home, visitor string
	err := conn.QueryRow(t.Context(), "SELECT groupConcat(',')(visitor_id), any(properties['home']), any(properties['visitor']) FROM (SELECT * FROM events WHERE name = 'omo_merge' AND received = '2026-11-10' ORDER BY seq, idx)").Scan(&who, &home, &visitor)
	if err != nil || who != "m,z" || home != "m" || visitor != "z" {
		t.Errorf("the merge in the view: of %s, %s came to %s: %v", who, visitor, home, err)
	}
}
