package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

//go:embed queries/usage.sql
var usageSQL string

// Month is how much was used in one month. Crawlers are left out.
type Month struct {
	Month     string // "2026-12"
	Visitors  uint64 // monthly unique visitors: who sent an event of its own
	Persons   uint64 // of these, different user ids
	Events    uint64 // page views, purchases …; none of the engine's own
	Decisions uint64 // calls of decide that were logged
}

func usage(months int, asOf time.Time, zone string, now time.Time) (from time.Time, parameters map[string]string, err error) {
	if asOf.IsZero() {
		asOf = now
	}
	place, err := time.LoadLocation(zoneOr(zone))
	if err != nil {
		return from, nil, err
	}
	here := asOf.In(place)
	from = time.Date(here.Year(), here.Month()-time.Month(max(months, 1)-1), 1, 0, 0, 0, 0, place)
	return from, map[string]string{
		"from": clock(from), "to": clock(time.Date(here.Year(), here.Month()+1, 1, 0, 0, 0, 0, place)), "as_of": clock(asOf), "zone": zoneOr(zone),
	}, nil
}

// UsageSQL is the query behind Usage with its parameters filled in. It gives the
// months that have an event.
func UsageSQL(months int, asOf time.Time, zone string) (string, error) {
	if err := knownZone(zone); err != nil {
		return "", err
	}
	_, parameters, err := usage(months, asOf, zone, time.Now())
	return filled(usageSQL, parameters), err
}

// Usage counts the last months up to and including the one that asOf (zero: now)
// is in, in order, those without an event too. At least one month is counted.
func (w *Warehouse) Usage(ctx context.Context, months int, asOf time.Time, zone string) ([]Month, error) {
	fail := func(err error) ([]Month, error) { return nil, fmt.Errorf("usage: %w", err) }
	if err := knownZone(zone); err != nil {
		return fail(err)
	}
	from, parameters, err := usage(months, asOf, zone, time.Now())
	if err != nil {
		return fail(err)
	}
	if err := w.Migrate(ctx); err != nil {
		return fail(err)
	}
	rows, err := w.conn.Query(reporting(ctx), usageSQL, named(parameters)...)
	if err != nil {
		return fail(w.explain(err))
	}
	defer rows.Close()
	found := map[string]Month{}
	for rows.Next() {
		var m Month
		if err := rows.Scan(&m.Month, &m.Visitors, &m.Persons, &m.Events, &m.Decisions); err != nil {
			return fail(err)
		}
		found[m.Month] = m
	}
	if err := rows.Err(); err != nil {
		return fail(w.explain(err))
	}
	out := make([]Month, max(months, 1))
	for i := range out {
		name := from.AddDate(0, i, 0).Format("2006-01")
		if out[i] = found[name]; out[i].Month == "" {
			out[i].Month = name
		}
	}
	return out, nil
}
