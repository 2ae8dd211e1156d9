package warehouse_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func TestSeen(t *testing.T) {
	t.Parallel()
	w, _ := open(t)
	since := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	event := func(n uint64, name, properties string, at time.Time) ingest.Event {
		return ingest.Event{ID: id(n), Visitor: "v", Name: name, Time: at.UnixMilli(), Received: at.UnixMilli(), Seq: n, Properties: json.RawMessage(properties)}
	}
	viewed := event(3, "view_item", `{}`, since.Add(time.Hour))
	viewed.Page = &ingest.Page{Path: "/items/7", Item: &ingest.Item{ID: "7"}}
	crawled := event(4, "search", `{"term": "x"}`, since.Add(time.Hour))
	crawled.Bot = true
	imported := event(5, "login", `{}`, since.Add(time.Hour))
	imported.Time = since.Add(-time.Hour).UnixMilli()
	var rows []warehouse.Row
	for _, e := range []ingest.Event{
		event(1, "purchase", `{"value": 980, "gift": true, "items": [{"item_id": "7", "price": 980}]}`, since),
		event(2, "refund", `{"value": 980}`, since.Add(-time.Second)),
		viewed, crawled, imported,
	} {
		rows = append(rows, row(t, e))
	}
	if err := w.Insert(t.Context(), "one", rows); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, field string
		want        bool
	}{
		{"purchase", "", true},
		{"purchase", "value", true},
		{"purchase", "gift", true},
		{"purchase", "item_id", true},
		{"purchase", "price", true},
		{"purchase", "item_brand", false},
		{"purchase", "margin", false},
		{"purchase", "path", false},
		{"view_item", "item_id", true},
		{"view_item", "path", true},
		{"view_item", "item_name", false},
		{"refund", "", false}, // a second too early
		{"search", "", false}, // a crawler's
		{"login", "", false},  // history, imported today
		{"purchse", "", false},
		{`x' OR '1'='1`, "", false},
	} {
		if got, err := w.Seen(t.Context(), c.name, c.field, since); got != c.want || err != nil {
			t.Errorf("%s.%s: %t, %v; want %t", c.name, c.field, got, err, c.want)
		}
	}
}
