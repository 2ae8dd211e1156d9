package warehouse

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
)

//go:embed queries/named.sql
var namedSQL string

// Named asks for the events of some names in one ledger.
type Named struct {
	Ledger string
	UpTo   uint64   // visits up to and including this seq
	Names  []string // at least one
	After  string   // only of visitors whose id is greater
}

func (n Named) parameters() []any {
	return []any{
		clickhouse.Named("ledger", n.Ledger), clickhouse.Named("up_to", n.UpTo),
		clickhouse.Named("names", n.Names), clickhouse.Named("after", n.After),
	}
}

// CountNamed says of how many visitors ReadNamed would tell.
func (w *Warehouse) CountNamed(ctx context.Context, n Named) (int, error) {
	if err := w.Migrate(ctx); err != nil {
		return 0, err
	}
	var visitors uint64
	err := w.conn.QueryRow(patient(ctx), "SELECT uniqExact(visitor_id) FROM event_log WHERE ledger = {ledger:String} AND seq <= {up_to:UInt64} AND name IN {names:Array(String)} AND visitor_id > {after:String}",
		n.parameters()...).Scan(&visitors)
	if err != nil {
		return 0, fmt.Errorf("count whom a back-fill concerns: %w", w.explain(err))
	}
	return int(visitors), nil
}

// ReadNamed hands the events over one by one, visitor by visitor in order of
// their ids, of each in the order of the ledger.
func (w *Warehouse) ReadNamed(ctx context.Context, n Named, each func(*ingest.Event) error) error {
	if err := w.Migrate(ctx); err != nil {
		return err
	}
	err := w.records(ctx, namedSQL, n.parameters(), func(_, _ string, r *ingest.Record) error { return each(&r.Event) })
	if err != nil {
		return fmt.Errorf("read what a back-fill counts: %w", err)
	}
	return nil
}
