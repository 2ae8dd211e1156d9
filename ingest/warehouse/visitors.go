package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
)

// shares cut the visitors by a hash of their ids, so that no question holds
// them all at once.
const shares = 16

// Visitors names everybody who has a row in the event log.
func (w *Warehouse) Visitors(ctx context.Context, each func(visitor string) error) error {
	return w.visitors(ctx, "SELECT DISTINCT visitor_id FROM event_log WHERE visitor_id != '' AND "+inShare, map[string]string{}, each)
}

//go:embed queries/visitors_of.sql
var visitorsOfSQL string

// VisitorsOf names, in order, the visitors by whose events a person was known: in
// every ledger, of the one named only up to and including a seq.
func (w *Warehouse) VisitorsOf(ctx context.Context, ledger, user string, upTo uint64) (visitors []string, err error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	parameters := map[string]string{"user": user, "ledger": ledger, "up_to": strconv.FormatUint(upTo, 10)}
	err = w.visitorsOf(ctx, visitorsOfSQL, parameters, func(v string) error { visitors = append(visitors, v); return nil })
	if err != nil {
		return nil, fmt.Errorf("name the visitors of a person: %w", err)
	}
	return visitors, nil
}

const inShare = "cityHash64(visitor_id) % 16 = {share:UInt64}"

func (w *Warehouse) visitors(ctx context.Context, query string, parameters map[string]string, each func(string) error) error {
	if err := w.Migrate(ctx); err != nil {
		return err
	}
	for share := range shares {
		parameters["share"] = strconv.Itoa(share)
		if err := w.visitorsOf(ctx, query, parameters, each); err != nil {
			return fmt.Errorf("name the visitors: %w", err)
		}
	}
	return nil
}

func (w *Warehouse) visitorsOf(ctx context.Context, query string, parameters map[string]string, each func(string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	rows, err := w.conn.Query(patient(ctx), query, named(parameters)...)
	if err != nil {
		cancel()
		return w.explain(err)
	}
	defer rows.Close()
	defer cancel() // before Close, which would read on to the end
	for rows.Next() {
		var visitor string
		if err := rows.Scan(&visitor); err != nil {
			return err
		}
		if err := each(visitor); err != nil {
			return err
		}
	}
	return w.explain(rows.Err())
}
