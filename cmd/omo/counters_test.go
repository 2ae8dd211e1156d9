package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/omotenashi-web/omotenashi/rules"
)

const counting = `id: counting
status: live
when: >-
  count("purchase", "30d") >= 1 || sum("purchase.value", "90d") > 1 || uniq("view_item.item_id", "7d") > 1
  || count("view_item", "session") > 1 || last("view_item.item_category") == "x" || did("shoe_view", "24h")
variants:
  - {id: hi, weight: 1, action: {type: banner, title: counted}}
`

const shoes = `derived:
  shoe_view: {event: view_item, where: 'event.item_category == "shoes"'}
`

// A campaign that counts comes into a shop that has been open for a while: it
// waits until the warehouse has told of what was before, and from then on each
// counter of each visitor is what ClickHouse counts over all its events.
func TestCountersAreFilledAndEqualClickHouse(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/hello.yaml", hello)
	a, c := product(t, config{Rules: dir})
	r := rand.New(rand.NewPCG(7, 7))
	now := time.Now()
	send := func(n int) {
		events := make([]map[string]any, n)
		for i := range events {
			ago := time.Duration(r.ExpFloat64() * float64(20*24*time.Hour))
			event := map[string]any{"visitor": map[string]any{"id": fmt.Sprintf("v%02d", r.IntN(25))}, "time": now.Add(-ago).UnixMilli()}
			if r.IntN(3) == 0 {
				event["name"], event["properties"] = "purchase", map[string]any{"value": r.IntN(9000), "transaction_id": fmt.Sprint(r.IntN(400))}
			} else {
				event["name"], event["properties"] = "view_item", map[string]any{"items": []any{
					map[string]any{"item_id": fmt.Sprint(r.IntN(12)), "item_category": []string{"shoes", "bags", "hats"}[r.IntN(3)]}}}
			}
			events[i] = event
		}
		body, err := json.Marshal(map[string]any{"events": events})
		if err != nil {
			t.Fatal(err)
		}
		var told struct{ Accepted int }
		if err := c.call(t.Context(), "/v1/events", body, &told); err != nil || told.Accepted != n {
			t.Fatalf("%d of %d accepted: %v", told.Accepted, n, err)
		}
	}
	for range 4 {
		send(400)
	}
	for name, text := range map[string]string{"campaigns/counting.yaml": counting, "segments.yaml": shoes} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the counting campaign is known", func() bool { send(20); return len(a.engine.Live().Set.Campaigns) == 2 })
	eventually(t, "its counters are filled", func() bool {
		send(20)
		waiting, _ := a.engine.Backfilling()
		return len(waiting) == 0
	})
	send(200)
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	moment := time.Now()
	from := func(back time.Duration) int64 { return moment.Add(-back).UnixMilli() + 1 }
	const day = 24 * time.Hour
	// Purchases of one order count once, the first received.
	facts := `WITH facts AS (SELECT *, toUnixTimestamp64Milli(time) AS at FROM events WHERE visitor_id != ''
		ORDER BY seq, idx LIMIT 1 BY visitor_id, if(name = 'purchase', transaction_id, toString(event_id)))
		SELECT visitor_id,
			toFloat64(countIf(name = 'purchase' AND at >= %d)),
			sumIf(ifNull(value, 0), name = 'purchase' AND at >= %d),
			toFloat64(uniqExactIf(JSONExtractString(raw, 'properties', 'items', 1, 'item_id'), name = 'view_item' AND at >= %d)),
			argMaxIf(JSONExtractString(raw, 'properties', 'items', 1, 'item_category'), (at, seq, idx), name = 'view_item'),
			toUInt8(countIf(name = 'view_item' AND JSONExtractString(raw, 'properties', 'items', 1, 'item_category') = 'shoes' AND at >= %d) > 0)
		FROM facts GROUP BY visitor_id ORDER BY visitor_id`
	options, err := clickhouse.ParseDSN(a.child.DSN())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rows, err := conn.Query(t.Context(), fmt.Sprintf(facts, from(30*day), from(90*day), from(7*day), from(day)))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	set := a.engine.Live().Set
	key := map[string]string{}
	for _, counter := range set.Counters {
		if counter.Stream >= 0 {
			key[counter.Op] = set.Streams[counter.Stream].Key
		}
	}
	for _, op := range []string{"count", "sum", "uniq", "last", "did"} {
		if key[op] == "" {
			t.Fatalf("the set has no %s: %v", op, key)
		}
	}
	purchases := set.Streams[slices.IndexFunc(set.Streams, func(s rules.Stream) bool { return s.Event == "purchase" && s.Field == "" })].Key
	compared := 0
	for rows.Next() {
		var who, category string
		var count, sum float64
		var uniq float64
		var did uint8
		if err := rows.Scan(&who, &count, &sum, &uniq, &category, &did); err != nil {
			t.Fatal(err)
		}
		p, err := a.engine.Profile(who)
		if err != nil {
			t.Fatal(err)
		}
		latest, _ := p.Latest(key["did"])
		_, last := p.Latest(key["last"])
		got := fmt.Sprint(p.Count(purchases, from(30*day)), p.Sum(key["sum"], from(90*day)), p.Uniq(key["uniq"], from(7*day)), last, latest >= from(day))
		if want := fmt.Sprint(count, sum, uniq, category, did == 1); got != want {
			t.Errorf("%s: the profile says %s, ClickHouse %s", who, got, want)
		}
		compared++
	}
	if err := rows.Err(); err != nil || compared != 25 {
		t.Errorf("%d visitors were compared, want 25: %v", compared, err)
	}
}
