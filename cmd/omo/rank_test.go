package main

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// What sells best, out of ClickHouse: while nothing is known no arm comes;
// minutes later the page gets the items that most visitors bought, as their
// pages call them.
func TestARankingOutOfTheWarehouse(t *testing.T) {
	t.Parallel()
	const best = `id: best
status: live
variants:
  - {id: control, weight: 0}
  - {id: a, weight: 1, action: {type: ranking, title: 人気, event: purchase, window: 30d, limit: 2}}
`
	var later atomic.Int64
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/best.yaml", best), Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	shown := func() string {
		var answer struct {
			Decisions []struct {
				Action struct {
					Items []struct {
						Name, URL string
						Price     float64
					}
				}
			}
		}
		body := `{"visitor":{"id":"looker"},"consent":"granted","page":{"url":"https://shop.example/"}}`
		if err := c.call(t.Context(), "/v1/decide", []byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		if len(answer.Decisions) == 0 {
			return "nothing"
		}
		return fmt.Sprint(answer.Decisions[0].Action.Items)
	}
	if got := shown(); got != "nothing" {
		t.Errorf("before anything is known: %s", got)
	}
	for i, item := range []string{"tea", "cup", "tea", "pot", "cup", "tea"} {
		name := map[string]string{"tea": "煎茶", "cup": "湯のみ", "pot": "急須"}[item]
		page := fmt.Sprintf(`{"visitor":{"id":"v%d"},"consent":"granted","page":{"url":"https://shop.example/items/%s?utm_source=x","item":{"id":%q,"name":%q,"price":%d}}}`, i, item, item, name, 1000+len(item))
		if err := c.call(t.Context(), "/v1/decide", []byte(page), &struct{}{}); err != nil {
			t.Fatal(err)
		}
		order := fmt.Sprintf(`{"visitor":{"id":"v%d"},"events":[{"name":"purchase","properties":{"transaction_id":"t%d","value":1000,"items":[{"item_id":%q}]}}]}`, i, i, item)
		if err := c.call(t.Context(), "/v1/events", []byte(order), &struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	const want = "[{煎茶 /items/tea 1003} {湯のみ /items/cup 1003}]"
	eventually(t, "the items that sell best", func() bool {
		later.Add(int64(11 * time.Minute)) // the count under way may be one of before all was loaded
		return shown() == want
	})
}
