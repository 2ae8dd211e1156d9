package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
)

var (
	//go:embed queries/timeline.sql
	timelineSQL string
	//go:embed queries/recent.sql
	recentSQL string
)

// Moment is a place in time among a visitor's events: those of one millisecond
// are in the order of their ledger.
type Moment struct {
	Time int64 // milliseconds since 1970
	Seq  uint64
	Idx  uint16
}

// Timeline gives the last events of some visitors, a person's browsers say, from
// before a moment: at most limit, the newest first.
func (w *Warehouse) Timeline(ctx context.Context, visitors []string, before Moment, limit int) (out []ingest.Record, err error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	before.Time = min(before.Time, latest)
	args := []any{
		clickhouse.Named("visitors", visitors), clickhouse.Named("before", clock(time.UnixMilli(before.Time))), clickhouse.Named("ms", before.Time),
		clickhouse.Named("seq", before.Seq), clickhouse.Named("idx", before.Idx), clickhouse.Named("limit", uint64(max(limit, 0))),
	}
	err = w.records(ctx, timelineSQL, args, func(_, _ string, r *ingest.Record) error {
		out = append(out, *r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the timeline of a visitor: %w", err)
	}
	return out, nil
}

// RecentQuery asks who was here last.
type RecentQuery struct {
	From     time.Time // received since then
	Campaign string    // only those who met it, control alike; "" everybody
	Variant  string    // of that campaign; "" whichever
	Limit    int
}

// Recent is one visitor, as of the time asked about.
type Recent struct {
	Visitor   string
	User      string // "" nobody known
	Last      time.Time
	Pageviews uint64
	Path      string // of the last page
	Device    string // mobile tablet desktop
	Purchases uint64
}

// Recent gives the visitors who came last, the newest first, crawlers left out.
func (w *Warehouse) Recent(ctx context.Context, q RecentQuery) (out []Recent, err error) {
	parameters := map[string]string{
		"from": clock(q.From), "campaign": q.Campaign, "variant": q.Variant, "limit": strconv.Itoa(max(q.Limit, 0)),
	}
	err = w.each(ctx, recentSQL, parameters, func(scan func(...any) error) error {
		var r Recent
		defer func() { out = append(out, r) }()
		return scan(&r.Visitor, &r.User, &r.Last, &r.Pageviews, &r.Path, &r.Device, &r.Purchases)
	})
	if err != nil {
		return nil, fmt.Errorf("visitors who came last: %w", err)
	}
	return out, nil
}
