package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed queries/ranked.sql
var rankedSQL string

// RankedItem is one product among those of most visitors.
type RankedItem struct {
	ID, Name string
	Price    float64 // 0 where no page told one
	Path     string  // of its page
}

// Ranked gives the items that most visitors, crawlers aside, did an event of
// that name with since then: at most most of them, best first. Of an item whose
// page nobody saw since then nothing is known, and it is left out.
func (w *Warehouse) Ranked(ctx context.Context, name string, since time.Time, most int) (items []RankedItem, err error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	rows, err := w.conn.Query(bounded(ctx), rankedSQL,
		clickhouse.Named("name", name), clickhouse.Named("since", clock(since)), clickhouse.Named("most", fmt.Sprint(most)))
	if err != nil {
		return nil, fmt.Errorf("rank the items of %s: %w", name, w.explain(err))
	}
	defer rows.Close()
	for rows.Next() {
		var item RankedItem
		if err := rows.Scan(&item.ID, &item.Name, &item.Price, &item.Path); err != nil {
			return nil, fmt.Errorf("rank the items of %s: %w", name, err)
		}
		items = append(items, item)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("rank the items of %s: %w", name, w.explain(err))
	}
	return items, nil
}
