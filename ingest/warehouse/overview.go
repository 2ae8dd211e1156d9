package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

var (
	//go:embed queries/activity.sql
	activitySQL string
	//go:embed queries/clashes.sql
	clashesSQL string
	//go:embed queries/conflicts.sql
	conflictsSQL string
	//go:embed queries/audits.sql
	auditsSQL string
)

// Activity is how many visitors met a campaign on a day, control alike.
type Activity struct {
	Campaign string
	Day      string // 2026-12-01
	Visitors uint64
}

// Activity counts from a day's beginning on what had been received by a moment, for
// all campaigns; days without anybody are missing.
func (w *Warehouse) Activity(ctx context.Context, from, asOf time.Time, zone string) (out []Activity, err error) {
	if err := knownZone(zone); err != nil {
		return nil, fmt.Errorf("campaigns by day: %w", err)
	}
	parameters := map[string]string{"from": clock(from), "as_of": clock(asOf), "zone": zoneOr(zone)}
	err = w.each(ctx, activitySQL, parameters, func(scan func(...any) error) error {
		var a Activity
		defer func() { out = append(out, a) }()
		return scan(&a.Campaign, &a.Day, &a.Visitors)
	})
	if err != nil {
		return nil, fmt.Errorf("campaigns by day: %w", err)
	}
	return out, nil
}

// Conflict is how many visitors one campaign did not get because of another.
type Conflict struct {
	Campaign string
	Reason   string // slot_taken, layer or budget
	Winner   string // of slot_taken: who took the slot in the same decision, in whatever slot; "" nobody did
	Visitors uint64
}

// Conflicts counts what was received from a moment on up to another, for all campaigns.
func (w *Warehouse) Conflicts(ctx context.Context, from, asOf time.Time) (out []Conflict, err error) {
	err = w.each(ctx, clashesSQL+conflictsSQL, map[string]string{"from": clock(from), "as_of": clock(asOf)}, func(scan func(...any) error) error {
		var c Conflict
		defer func() { out = append(out, c) }()
		return scan(&c.Campaign, &c.Reason, &c.Winner, &c.Visitors)
	})
	if err != nil {
		return nil, fmt.Errorf("conflicts of campaigns: %w", err)
	}
	return out, nil
}

// Audits gives the last changes that people made, the newest first.
func (w *Warehouse) Audits(ctx context.Context, limit int) (out []ingest.Event, err error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	err = w.records(ctx, auditsSQL, named(map[string]string{"limit": strconv.Itoa(limit)}), func(_, _ string, r *ingest.Record) error {
		out = append(out, r.Event)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return out, nil
}

// each hands over the rows of a question, to be scanned one by one.
func (w *Warehouse) each(ctx context.Context, query string, parameters map[string]string, row func(scan func(...any) error) error) error {
	if err := w.Migrate(ctx); err != nil {
		return err
	}
	rows, err := w.conn.Query(reporting(ctx), query, named(parameters)...)
	if err != nil {
		return w.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return w.explain(rows.Err())
}
