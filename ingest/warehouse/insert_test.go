package warehouse_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// visits makes rows of page views with seq from..to, one a visit.
func visits(t testing.TB, from, to uint64, received time.Time) []warehouse.Row {
	t.Helper()
	var rows []warehouse.Row
	for seq := from; seq <= to; seq++ {
		e := ingest.Event{ID: id(seq), Visitor: fmt.Sprint("v", seq%3), Name: ingest.PageView,
			Time: received.UnixMilli() - 1000, Received: received.UnixMilli(), Seq: seq}
		rows = append(rows, row(t, e))
	}
	return rows
}

func id(n uint64) string { return fmt.Sprintf("018f0000-0000-7000-8000-%012d", n) }

func row(t testing.TB, e ingest.Event) warehouse.Row {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	r, err := warehouse.NewRow("ledger", &ingest.Record{Event: e, Raw: raw})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestInsertAgain(t *testing.T) {
	t.Parallel()
	november := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	december := november.Add(2 * time.Second)
	for _, c := range []struct {
		what         string
		second       string // token
		rows, events string // in the table, in the view
	}{
		{"the same token adds nothing", "one", "20", "20"},
		{"another token adds rows that the view makes one", "two", "40", "20"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w, conn := open(t)
			if err := conn.Exec(t.Context(), "SYSTEM STOP MERGES event_log"); err != nil {
				t.Fatal(err)
			}
			// Two months: a token holds in each partition for itself.
			rows := append(visits(t, 1, 10, november), visits(t, 11, 20, december)...)
			for _, token := range []string{"one", c.second} {
				if err := w.Insert(t.Context(), token, rows); err != nil {
					t.Fatal(err)
				}
			}
			if got := ask(t, conn, "SELECT count() FROM event_log"); got != c.rows {
				t.Errorf("%s rows, want %s", got, c.rows)
			}
			if got := ask(t, conn, "SELECT count() FROM events"); got != c.events {
				t.Errorf("%s events, want %s", got, c.events)
			}
			if got, err := w.Loaded(t.Context(), "ledger", 3, 12); got != 10 || err != nil {
				t.Errorf("loaded 3..12: %d, %v, want 10", got, err)
			}
			if got, err := w.Loaded(t.Context(), "another ledger", 1, 20); got != 0 || err != nil {
				t.Errorf("loaded of another ledger: %d, %v, want 0", got, err)
			}
		})
	}
}

func TestTheFirstOfEqualEventsStays(t *testing.T) {
	t.Parallel()
	w, conn := open(t)
	at := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	copyOf := func(seq uint64, received time.Time) warehouse.Row {
		return row(t, ingest.Event{ID: id(7), Visitor: "v", Name: "purchase", Seq: seq, Time: received.UnixMilli(), Received: received.UnixMilli()})
	}
	// The later copy arrives first, and in another month: another partition.
	for i, r := range []warehouse.Row{copyOf(900, at.Add(time.Minute)), copyOf(5, at), copyOf(70, at)} {
		if err := w.Insert(t.Context(), fmt.Sprint(i), []warehouse.Row{r}); err != nil {
			t.Fatal(err)
		}
	}
	for _, when := range []string{"before the merge", "after it"} {
		if got := ask(t, conn, "SELECT seq, time FROM events"); got != "5 2026-11-30T23:59:59.000" {
			t.Errorf("%s: %s", when, got)
		}
		if err := conn.Exec(t.Context(), "OPTIMIZE TABLE event_log FINAL"); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, conn, "SELECT seq FROM event_log ORDER BY seq"); got != "5\n900" {
		t.Errorf("the merge kept in its two partitions: %s", got)
	}
}

func TestKnownAndVisitor(t *testing.T) {
	t.Parallel()
	w, _ := open(t)
	at := time.Now().UTC().Truncate(time.Millisecond)
	if err := w.Insert(t.Context(), "a", visits(t, 1, 9, at)); err != nil {
		t.Fatal(err)
	}
	upper := strings.ToUpper(id(2))
	known, err := w.Known(t.Context(), []string{id(1), upper, id(10), "no uuid", ""})
	if err != nil || len(known) != 2 || !known[id(1)] || !known[upper] {
		t.Errorf("known: %v, %v", known, err)
	}
	many := make([]string, 12_000) // more than one question to the server
	for i := range many {
		many[i] = id(uint64(i))
	}
	if known, err := w.Known(t.Context(), many); err != nil || len(known) != 9 {
		t.Errorf("known of many: %d, %v", len(known), err)
	}
	records, err := w.Visitor(t.Context(), "v1", 2) // of 1, 4, 7
	if err != nil || len(records) != 2 {
		t.Fatalf("visitor: %v, %v", records, err)
	}
	for i, seq := range []uint64{4, 7} {
		r := records[i]
		if r.Event.Seq != seq || r.Event.ID != id(seq) || r.Event.Received != at.UnixMilli() || !json.Valid(r.Raw) {
			t.Errorf("event %d of the visitor: %+v, want seq %d", i, r.Event, seq)
		}
	}
	if none, err := w.Visitor(t.Context(), "v1' OR 1=1 --", 10); len(none) != 0 || err != nil {
		t.Errorf("a hostile id: %v, %v", none, err)
	}
}

func TestEveryFieldArrivesInItsColumn(t *testing.T) {
	t.Parallel()
	w, conn := open(t)
	long := strings.Repeat("あ", 100) // 300 bytes
	e := ingest.Event{
		ID: id(1), Visitor: "v", User: "u", Name: "purchase", Time: 1_790_000_000_123, Received: 1_790_000_000_456, Session: "s", New: true, Bot: true,
		Seq: 1<<40 + 3, Idx: 65535, Consent: "granted",
		Page:   &ingest.Page{URL: "https://shop.example/カート?a=1", Path: "/カート"},
		Device: &ingest.Device{Type: "mobile", OS: "iOS", Browser: "Safari", Language: "ja"},
		Geo:    &ingest.Geo{Country: "JP"},
		Source: &ingest.Source{Channel: "paid", ReferrerHost: "ads.example", Source: "google", Medium: "cpc", Campaign: "冬"},
		Properties: json.RawMessage(`{"value":-12.5,"currency":"JPY","transaction_id":"o'1","campaign":"their own","coupon":"\u5186","ok":true,"n":1e3,"none":null,
			"items":[{"item_id":"1"}],"deep":{"value":9},"coupon":"last wins","long":"` + long + `"}`),
	}
	decision := ingest.Event{
		ID: id(2), Visitor: "v", Name: ingest.Decision, Time: e.Time, Received: e.Received, Seq: 2,
		Properties: json.RawMessage(`{"decision_id":"d","rules":"h","trigger":"dwell","value":"text","campaign":7,
			"outcomes":[{"campaign":"a","reason":"offered","variant":"x","phase":"p","slot":"modal"},{"campaign":"b","reason":"traffic"}]}`),
	}
	exposure := ingest.Event{
		ID: id(3), Visitor: "v", Name: ingest.Exposure, Time: e.Time, Received: e.Received, Seq: 3,
		Properties: json.RawMessage(`{"campaign":"a","variant":"x","phase":"p","decision_id":"d"}`),
	}
	if err := w.Insert(t.Context(), "a", []warehouse.Row{row(t, e), row(t, decision), row(t, exposure)}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"SELECT event_id, visitor_id, user_id, name, time, received, seq, idx, ledger, session_id, new_visitor, bot, consent FROM events WHERE seq > 3": id(1) +
			" v u purchase 2026-09-21T14:13:20.123 2026-09-21T14:13:20.456 1099511627779 65535 ledger s true true granted",
		"SELECT url, path, device_type, os, browser, language, country FROM events WHERE seq > 3":                               "https://shop.example/カート?a=1 /カート mobile iOS Safari ja JP",
		"SELECT channel, referrer_host, source, medium, utm_campaign FROM events WHERE seq > 3":                                 "paid ads.example google cpc 冬",
		"SELECT value, currency, transaction_id, campaign = '', toString(properties) FROM events WHERE seq > 3":                 "-12.5 JPY o'1 1 {'campaign':'their own','coupon':'last wins','ok':'true','n':'1e3','long':'" + long[:255] + "'}",
		"SELECT JSONExtractString(raw, 'properties', 'long') = '" + long + "' FROM events WHERE seq > 3":                        "1",
		"SELECT value, decision_id, rules, trigger, toString(properties), length(`outcome.campaign`) FROM events WHERE seq = 2": "null d h dwell {'value':'text','campaign':'7'} 2",
		"SELECT campaign, reason, variant, phase, decision_id, trigger FROM decisions ORDER BY campaign":                        "a offered x p d dwell\nb traffic   d dwell",
		"SELECT campaign, variant, phase, decision_id, forced FROM exposures":                                                   "a x p d false",
	} {
		if got := ask(t, conn, query); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}
