package profile

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// shopping is what a shop's rules count of a visitor that comes back.
var shopping = with(
	stream("count page_view 720h session lifetime"),
	stream("uniq view_item.item_id 720h"),
	stream("sum purchase.value 2160h lifetime"),
	stream("count add_to_cart 720h session"),
	stream("last view_item.item_category"),
)

const visitor = "018f3b1e-7a00-7d10-9b1a-000000000001"

// visits of two months: twelve sessions, two hundred events, an
// exposure in every second session.
func visits() []ingest.Event {
	random := rand.New(rand.NewPCG(7, 7))
	var history []ingest.Event
	at := dawn.AddDate(0, 0, -60).UnixMilli()
	for session := range 12 {
		at += 5*24*anHour - random.Int64N(anHour)
		for i := range 17 {
			at += 5_000 + random.Int64N(90_000)
			e := ingest.Event{Visitor: visitor, Name: "page_view", Time: at, Page: &ingest.Page{Path: fmt.Sprintf("/items/boots-%d", random.IntN(60))}}
			item := fmt.Sprintf(`"items":[{"item_id":"sku-%05d","item_category":"shoes/boots","price":%d,"quantity":1}]`, random.IntN(60), 3000+random.IntN(9000))
			switch {
			case i == 0 && session == 0:
				e.User, e.Traits = "customer-000123", map[string]any{"rank": "gold", "age": 34.0, "gender": "female"}
			case i == 0:
				e.Source = &ingest.Source{Channel: "search", ReferrerHost: "www.google.co.jp", Source: "google", Medium: "organic"}
			case i == 9:
				e.Name, e.Properties = "add_to_cart", []byte("{"+item+"}")
			case i == 12 && session%3 == 0:
				e.Name, e.Properties = "purchase", fmt.Appendf(nil, `{"transaction_id":"T%d","value":%d,%s}`, session, 3000+random.IntN(9000), item)
			case i == 14 && session%2 == 0:
				e.Name, e.Properties = ingest.Exposure, fmt.Appendf(nil, `{"campaign":"cart-rescue-%d","variant":"coupon10","phase":"9f86d081884c7d65","slot":"modal"}`, session%4)
			case i == 15 && session%4 == 0:
				e.Name, e.Properties = ingest.Close, fmt.Appendf(nil, `{"campaign":"cart-rescue-%d"}`, session%4)
			case i%3 == 1:
				e.Name, e.Properties = "view_item", []byte("{"+item+"}")
			}
			if err := e.ParseProperties(); err != nil {
				panic(err)
			}
			history = append(history, e)
		}
	}
	return history
}

// The profile of a visitor with two hundred events takes at most 2 KB, though
// five counters look back as far as ninety days.
func TestSizeOfAProfile(t *testing.T) {
	t.Parallel()
	p := New(visitor)
	history := visits()
	names := map[string]int{}
	for _, e := range history {
		Fold(p, &e, shopping)
		names[e.Name]++
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	series, err := json.Marshal(p.Series)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events %v: %d bytes, of which %d are series", len(history), names, len(raw), len(series))
	if len(history) < 200 || len(raw) > 2048 || len(p.Series) != 5 {
		t.Errorf("%d events make %d series and %d bytes, want at most 2048:\n%s", len(history), len(p.Series), len(raw), raw)
	}
}

// One page view folded, by what is asked of page views.
func BenchmarkFold(b *testing.B) {
	for _, c := range []struct {
		name  string
		terms Terms
		kept  int
	}{
		{"nothing is counted", terms, 0},
		{"other events are counted", with(stream("count search 720h"), stream("sum purchase.value 2160h")), 0},
		{"page views are counted", with(stream("count page_view 720h")), 1},
		{"five counters", shopping, 5},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := New(visitor)
			for _, e := range visits() {
				Fold(p, &e, c.terms)
			}
			e := ingest.Event{Visitor: visitor, Name: "page_view", Time: p.Last, Page: &ingest.Page{Path: "/"}}
			n := p.Pageviews
			b.ReportAllocs()
			for b.Loop() {
				e.Time += 6 * anHour // two months of it fill the longest window with 120
				Fold(p, &e, c.terms)
				n++
			}
			if kept := p.Series["count page_view"]; p.Pageviews != n || kept != nil && p.Count("count page_view", e.Time-720*anHour+1) > 121 {
				b.Fatalf("%d page views, want %d; %+v", p.Pageviews, n, kept)
			}
			if c.kept > 0 && p.Series["count page_view"].N < b.N {
				b.Fatalf("%d counted of %d", p.Series["count page_view"].N, b.N)
			}
		})
	}
}

// One answer out of 200 occurrences.
func BenchmarkCount(b *testing.B) {
	s := stream("count page_view 720h")
	p := New(visitor)
	for i := range 200 {
		p.Add(s, &ingest.Event{Name: "page_view", Time: dawn.UnixMilli() + int64(i)*anHour})
	}
	b.ReportAllocs()
	for b.Loop() {
		if n := p.Count(s.Key, dawn.UnixMilli()+100*anHour); n != 100 {
			b.Fatal(n)
		}
	}
}
