package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// One order, told by a page that was loaded again (another event id) and by a
// client that sent the same event three times: the profile that rules read, the
// results, and the views of analysts all say one.
func TestAnOrderToldOftenIsOneOrderEverywhere(t *testing.T) {
	t.Parallel()
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello)})
	const id = "018f0000-0000-7000-8000-00000000000"
	send := func(events string, accepted int) {
		t.Helper()
		var taken struct{ Accepted int }
		if err := c.call(t.Context(), "/v1/events", []byte(`{"visitor":{"id":"ann"},"events":[`+events+`]}`), &taken); err != nil || taken.Accepted != accepted {
			t.Fatalf("%s: accepted %d, %v", events, taken.Accepted, err)
		}
	}
	order := func(n int, transaction string, value int) string {
		return fmt.Sprintf(`{"id":"%s%d","name":"purchase","properties":{"transaction_id":%q,"value":%d}}`, id, n, transaction, value)
	}
	send(`{"id":"`+id+`1","name":"omo_exposure","properties":{"campaign":"hello","variant":"hi"}}`, 1)
	for range 3 {
		send(order(2, "T1", 500), 1) // a retry is answered as the first was
	}
	send(order(3, "T1", 500), 1)
	send(order(4, "T2", 70)+","+order(4, "T2", 70)+","+order(2, "T1", 500), 3)
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}

	p, err := a.engine.Profile("ann")
	if err != nil || p.Purchases != 2 || p.Revenue != 570 {
		t.Errorf("profile: %d purchases for %g, %v; want 2 for 570", p.Purchases, p.Revenue, err)
	}
	if got := p.Campaigns["hello"].Conversions; got != 2 {
		t.Errorf("profile: %d conversions of the campaign, want 2", got)
	}
	results, err := a.results(t.Context(), time.Time{})
	if err != nil || len(results) != 1 {
		t.Fatalf("results: %d, %v", len(results), err)
	}
	if arm := results[0].Results.Arms[0]; arm.Exposed != 1 || arm.Converted != 1 || arm.ValueSum.Value != 570 {
		t.Errorf("results: %d exposed, %d converted, %g; want 1, 1, 570", arm.Exposed, arm.Converted, arm.ValueSum.Value)
	}
	for sql, want := range map[string]string{
		"SELECT exposed, converted, value_sum FROM results_by_variant":                                "1\t1\t570",
		"SELECT sum(purchases), sum(revenue) FROM sessions":                                           "2\t570",
		"SELECT countIf(name = 'purchase'), uniqExact(event_id) FROM events WHERE visitor_id = 'ann'": "3\t4",
	} {
		var out strings.Builder
		if err := clickhouse.Query(context.Background(), a.child.DSN(), sql, &out, "tsv"); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); lines[len(lines)-1] != want {
			t.Errorf("%s: %q, want %q", sql, out.String(), want)
		}
	}
	b, err := a.loader.Balance()
	if err != nil || b.Err() != nil || b.Duplicate != 4 || b.InLedger != 0 {
		t.Errorf("balance: %s, %v; want 4 duplicates", b, err)
	}
}
