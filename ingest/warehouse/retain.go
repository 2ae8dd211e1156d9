package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Aged names the visitors whose every row was received before a moment. It
// costs next to nothing while no month is that old.
func (w *Warehouse) Aged(ctx context.Context, before time.Time, each func(visitor string) error) error {
	months, err := w.monthsBefore(ctx, before)
	if err != nil || len(months) == 0 {
		return err
	}
	return w.visitors(ctx, `SELECT DISTINCT visitor_id FROM event_log
		WHERE visitor_id != '' AND received < {before:DateTime64(3, 'UTC')} AND `+inShare+`
			AND visitor_id NOT IN (SELECT visitor_id FROM event_log WHERE received >= {before:DateTime64(3, 'UTC')} AND `+inShare+`)`,
		map[string]string{"before": clock(before)}, each)
}

// Drop removes the rows of visitors from the months that ended before a moment,
// and counts them. What the engine itself recorded stays: which rules were live
// is asked for as long as there is a decision of them.
func (w *Warehouse) Drop(ctx context.Context, before time.Time) (rows uint64, err error) {
	months, err := w.monthsBefore(ctx, before)
	if err != nil {
		return 0, err
	}
	for _, month := range months {
		var n uint64
		err := w.conn.QueryRow(bounded(ctx), "SELECT count() FROM event_log WHERE visitor_id != '' AND toYYYYMM(received) = {month:UInt32}",
			clickhouse.Named("month", month)).Scan(&n)
		if err == nil && n > 0 {
			err = w.mutate(ctx, "event_log", fmt.Sprintf("DELETE IN PARTITION %d WHERE visitor_id != ''", month))
		}
		if err != nil {
			return rows, fmt.Errorf("forget the month %d: %w", month, w.explain(err))
		}
		rows += n
	}
	return rows, nil
}

// monthsBefore are the partitions that ended before a moment, as 202611.
func (w *Warehouse) monthsBefore(ctx context.Context, before time.Time) ([]uint32, error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	var months []uint32
	err := w.conn.QueryRow(ctx, `SELECT arraySort(groupUniqArray(toUInt32OrZero(partition))) FROM system.parts
		WHERE active AND database = currentDatabase() AND table = 'event_log' AND toUInt32OrZero(partition) < {month:UInt32}`,
		clickhouse.Named("month", uint32(before.UTC().Year()*100+int(before.UTC().Month())))).Scan(&months)
	if err != nil {
		return nil, fmt.Errorf("find the months that are old: %w", w.explain(err))
	}
	return months, nil
}
