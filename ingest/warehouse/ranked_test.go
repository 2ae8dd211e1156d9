package warehouse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Items are ranked by visitors, not by orders or pieces; crawlers, former times
// and items whose page nobody saw do not count; an item is called as most
// visitors saw it, and never lies on another site.
func TestRanked(t *testing.T) {
	t.Parallel()
	w, _ := open(t)
	week := time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
	var rows []warehouse.Row
	add := func(visitor, name, properties string, page *ingest.Page, at time.Time, bot bool) {
		n := uint64(len(rows) + 1)
		rows = append(rows, row(t, ingest.Event{ID: id(n), Visitor: visitor, Name: name, Time: at.UnixMilli(), Received: at.UnixMilli(), Seq: n, Bot: bot, Page: page, Properties: []byte(properties)}))
	}
	sees := func(visitor, item, name string, price float64, url, path string) {
		add(visitor, "page_view", `{}`, &ingest.Page{URL: url, Path: path, Item: &ingest.Item{ID: item, Name: name, Price: price}}, week.Add(time.Hour), false)
	}
	buys := func(visitor string, at time.Time, bot bool, items ...string) {
		for i, item := range items {
			items[i] = fmt.Sprintf(`{"item_id": %q, "item_name": "x", "price": 1, "quantity": 9}`, item)
		}
		add(visitor, ingest.Purchase, `{"transaction_id": "`+id(uint64(len(rows)))+`", "items": [`+strings.Join(items, ",")+`]}`, nil, at, bot)
	}
	for _, visitor := range []string{"ann", "bob"} {
		sees(visitor, "tea", "煎茶", 1080, "https://shop.example/items/tea?utm_source=x", "/items/tea")
	}
	sees("eve", "tea", "悪いお茶", 1, "https://evil.example/x", "/x")
	sees("ann", "cup", "湯のみ", 0, "https://shop.example/items/cup", "/items/cup")
	sees("ann", "pot", "急須", 3000, "https://shop.example//evil.example", "//evil.example")
	buys("ann", week.Add(2*time.Hour), false, "tea")
	buys("bob", week.Add(2*time.Hour), false, "tea", "cup")
	for range 5 {
		buys("ann", week.Add(3*time.Hour), false, "cup", "cup", "pot", "unseen")
	}
	buys("joe", week.Add(3*time.Hour), false, "tea")
	buys("old", week.Add(-time.Hour), false, "cup")
	buys("kim", week.Add(-time.Hour), false, "cup")
	buys("crawler", week.Add(time.Hour), true, "cup")
	buys("crawler-2", week.Add(time.Hour), true, "cup")
	add("ann", "view_item", `{}`, &ingest.Page{URL: "https://shop.example/items/cup", Path: "/items/cup", Item: &ingest.Item{ID: "cup", Name: "湯のみ"}}, week.Add(time.Hour), false)
	if err := w.Insert(t.Context(), "one", rows); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		event string
		most  int
		want  string
	}{
		{"purchase", 5, "[{tea 煎茶 1080 /items/tea} {cup 湯のみ 0 /items/cup}]"},
		{"purchase", 1, "[{tea 煎茶 1080 /items/tea}]"},
		{"view_item", 5, "[{cup 湯のみ 0 /items/cup}]"},
		{"unheard_of", 5, "[]"},
	} {
		items, err := w.Ranked(t.Context(), c.event, week, c.most)
		if got := fmt.Sprint(items); got != c.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", c.event, got, err, c.want)
		}
	}
}
