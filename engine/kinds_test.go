package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

var derivedRules = fstest.MapFS{
	"segments.yaml": {Data: []byte(`derived:
  big: {event: purchase, where: 'event.value >= 500'}
  gift: {event: purchase, where: 'event.prop("for") == "mum" || event.item_category == "gifts"'}
  shoes: {event: view_item, where: 'event.path startsWith "/shoes"'}
`)},
	"campaigns/a.yaml": {Data: []byte("id: a\nstatus: live\ngoal: {event: big, window: 1h}\nvariants: [{id: a, weight: 1, action: {type: banner, title: t}}]\n")},
}

// What each event is stamped with is what a look at it alone says, whatever its
// client says that it is; and a derived goal was reached as often as an account
// of all events says.
func TestKindsEqualAPlainComputation(t *testing.T) {
	t.Parallel()
	set := load(t, derivedRules)
	rapid.Check(t, func(rt *rapid.T) {
		l, ids := newLedger(rt), 0
		newID := func() string { ids++; return fmt.Sprintf("0191e8a0-0000-7000-8000-%012d", ids) }
		e := engine.New(engine.Options{Store: l, Key: []byte("key"), NewID: newID})
		now, entered, reached := dawn, time.Time{}, 0
		if err := e.Use(set, now); err != nil {
			t.Fatal(err)
		}
		want, orders := []string{}, map[string]bool{}
		for range rapid.IntRange(1, 30).Draw(rt, "events") {
			now = now.Add(rapid.SampledFrom([]time.Duration{time.Second, 20 * time.Minute}).Draw(rt, "later"))
			name := rapid.SampledFrom([]string{"purchase", "purchase", "purchase", "view_item", "big", ingest.Exposure}).Draw(rt, "name")
			value := rapid.SampledFrom([]int{0, 499, 500, 9000}).Draw(rt, "value")
			order := rapid.SampledFrom([]string{"", "o1", "o2", "o3"}).Draw(rt, "order")
			category := rapid.SampledFrom([]string{"", "gifts", "hats"}).Draw(rt, "category")
			mum := rapid.SampledFrom([]string{"mum", "dad"}).Draw(rt, "for")
			path := rapid.SampledFrom([]string{"/shoes/1", "/hats/shoes"}).Draw(rt, "path")
			body := fmt.Sprintf(`{"id":%q,"name":%q,"kinds":["big"],"page":{"url":"https://shop.example%s","path":%[3]q},"properties":{"value":%d,"transaction_id":%q,"for":%q,"kinds":["big"],"campaign":"a","variant":"a","items":[{"item_id":"i","item_category":%q}]}}`,
				newID(), name, path, value, order, mum, category)
			var in ingest.Incoming
			if err := json.Unmarshal([]byte(body), &in); err != nil {
				t.Fatal(err)
			}
			event, refused := ingest.Accept(in, &ingest.Who{ID: "ann"}, ingest.Terms{Received: now, NewID: newID})
			if refused != nil {
				t.Fatal(refused)
			}
			if _, err := e.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{event}}, now); err != nil {
				t.Fatal(err)
			}
			kinds := []string{}
			switch repeats := name == "purchase" && orders[order]; {
			case name == ingest.Exposure && entered.IsZero():
				entered = now
			case name == "view_item" && strings.HasPrefix(path, "/shoes"):
				kinds = append(kinds, "shoes")
			case name == "purchase" && !repeats:
				orders[order] = order != ""
				if value >= 500 {
					kinds = append(kinds, "big")
					if !entered.IsZero() && now.Sub(entered) < time.Hour {
						reached++
					}
				}
				if mum == "mum" || category == "gifts" {
					kinds = append(kinds, "gift")
				}
			}
			want = append(want, fmt.Sprint(name, kinds))
		}
		records, err := l.Read(context.Background(), 0, l.Last(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records {
			if r.Event.Visitor != "" {
				got = append(got, fmt.Sprint(r.Event.Name, r.Event.Kinds))
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("stamped\n%s\nwant\n%s", got, want)
		}
		p, err := e.Profile("ann")
		if err != nil {
			t.Fatal(err)
		}
		if x := p.Campaigns["a"]; x != nil && x.Conversions != reached {
			rt.Fatalf("reached %d times, want %d", x.Conversions, reached)
		}
	})
}
