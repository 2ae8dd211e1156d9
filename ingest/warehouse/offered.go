package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed queries/offered.sql
var offeredSQL string

// Offered counts the visitors who were offered a variant: ever, and those of
// them for the first time since then.
func (w *Warehouse) Offered(ctx context.Context, campaign, variant string, since time.Time) (ever, lately int, err error) {
	if err := w.Migrate(ctx); err != nil {
		return 0, 0, err
	}
	var all, late uint64
	err = w.conn.QueryRow(bounded(ctx), offeredSQL,
		clickhouse.Named("campaign", campaign), clickhouse.Named("variant", variant), clickhouse.Named("since", clock(since))).Scan(&all, &late)
	if err != nil {
		return 0, 0, fmt.Errorf("count who was offered %s of %s: %w", variant, campaign, w.explain(err))
	}
	return int(all), int(late), nil
}
