package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

//go:embed queries/sitewide.sql
var siteWideSQL string

// SiteMonth is what all campaigns together brought in one month, beside what
// came without any.
type SiteMonth struct {
	Month   string  // "2026-12"
	Treated SiteArm // who may meet campaigns, met or not
	HeldOut SiteArm // the holdout
	Share   int     // of 10,000 visitors, how many the holdout is; the last of the month
}

// SiteArm are the sums of one side. Each visitor enters at its first page view
// of the month, or after the share last changed, and counts from there to the
// month's end.
type SiteArm struct {
	Visitors   uint64
	Buyers     uint64  // of these, with at least one order
	Sum        float64 // of the orders' values, refunds taken off
	SumSquares float64 // of each visitor's sum
}

func siteWide(from, to, asOf time.Time, zone string, now time.Time) map[string]string {
	from, to, asOf = span(from, to, asOf, now)
	return map[string]string{"from": clock(from), "to": clock(to), "as_of": clock(asOf), "zone": zoneOr(zone)}
}

// SiteWideSQL is the query behind SiteWide with its parameters filled in.
func SiteWideSQL(from, to, asOf time.Time, zone string) string {
	return filled(siteWideSQL, siteWide(from, to, asOf, zone, time.Now()))
}

// SiteWide counts month by month, in order, the months that have a page view in
// [from, to). Zero times are: all, and as of now. The zone ("" is UTC) says when
// months begin; from and to had better be such moments, as a month that is cut is
// counted as if it were whole.
func (w *Warehouse) SiteWide(ctx context.Context, from, to, asOf time.Time, zone string) ([]SiteMonth, error) {
	fail := func(err error) ([]SiteMonth, error) { return nil, fmt.Errorf("results of the whole site: %w", err) }
	if err := knownZone(zone); err != nil {
		return fail(err)
	}
	if err := w.Migrate(ctx); err != nil {
		return fail(err)
	}
	rows, err := w.conn.Query(reporting(ctx), siteWideSQL, named(siteWide(from, to, asOf, zone, time.Now()))...)
	if err != nil {
		return fail(w.explain(err))
	}
	defer rows.Close()
	var out []SiteMonth
	for rows.Next() {
		var m SiteMonth
		var share int64
		t, h := &m.Treated, &m.HeldOut
		if err := rows.Scan(&m.Month, &share, &t.Visitors, &t.Buyers, &t.Sum, &t.SumSquares, &h.Visitors, &h.Buyers, &h.Sum, &h.SumSquares); err != nil {
			return fail(err)
		}
		m.Share = int(share)
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		return fail(w.explain(err))
	}
	return out, nil
}
