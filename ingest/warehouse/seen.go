package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed queries/seen.sql
var seenSQL string

// Seen says whether an event of that name, not a crawler's, has come and
// happened since then; with a field, whether one came that had it: a property
// of that name, or an item's (item_id, price …). An unknown name is no error.
func (w *Warehouse) Seen(ctx context.Context, name, field string, since time.Time) (bool, error) {
	if err := w.Migrate(ctx); err != nil {
		return false, err
	}
	var seen bool
	err := w.conn.QueryRow(bounded(ctx), seenSQL,
		clickhouse.Named("name", name), clickhouse.Named("field", field), clickhouse.Named("since", clock(since))).Scan(&seen)
	if err != nil {
		return false, fmt.Errorf("look for events named %q: %w", name, w.explain(err))
	}
	return seen, nil
}
