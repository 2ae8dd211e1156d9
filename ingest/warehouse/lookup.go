package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Loaded counts the events of a ledger's visits from..to, both included, that
// are in the warehouse, each place in the ledger once. A copy that was collapsed
// into an earlier event of the same id is not counted, so the count can be too
// low and never too high.
func (w *Warehouse) Loaded(ctx context.Context, ledger string, from, to uint64) (uint64, error) {
	if err := w.Migrate(ctx); err != nil {
		return 0, err
	}
	var count uint64
	err := w.conn.QueryRow(bounded(ctx),
		"SELECT uniqExact(seq, idx) FROM event_log WHERE ledger = {ledger:String} AND seq >= {from:UInt64} AND seq <= {to:UInt64}",
		clickhouse.Named("ledger", ledger), clickhouse.Named("from", from), clickhouse.Named("to", to)).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("count what is loaded: %w", w.explain(err))
	}
	return count, nil
}

// Places tells which of these places of a ledger are in the warehouse. As with
// Loaded, a copy that was collapsed into an earlier event may be missing.
func (w *Warehouse) Places(ctx context.Context, ledger string, places []ingest.Place) (map[ingest.Place]bool, error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	asked := make(map[ingest.Place]bool, len(places))
	var seqs []uint64
	for _, p := range places {
		asked[p] = true
		if n := len(seqs); n == 0 || seqs[n-1] != p.Seq {
			seqs = append(seqs, p.Seq)
		}
	}
	found := make(map[ingest.Place]bool)
	for part := range slices.Chunk(seqs, knownAtOnce) {
		var at []uint64
		var idx []uint16
		err := w.conn.QueryRow(bounded(ctx), `SELECT groupArray(seq), groupArray(idx) FROM (SELECT DISTINCT seq, idx FROM event_log
			WHERE ledger = {ledger:String} AND seq >= {from:UInt64} AND seq <= {to:UInt64} AND seq IN {seqs:Array(UInt64)})`,
			clickhouse.Named("ledger", ledger), clickhouse.Named("seqs", part),
			clickhouse.Named("from", slices.Min(part)), clickhouse.Named("to", slices.Max(part))).Scan(&at, &idx)
		if err != nil {
			return nil, fmt.Errorf("look up places of the ledger: %w", w.explain(err))
		}
		for i := range at {
			if p := (ingest.Place{Seq: at[i], Idx: idx[i]}); asked[p] {
				found[p] = true
			}
		}
	}
	return found, nil
}

// knownAtOnce keeps one question to the server well below its limit on a query's size.
const knownAtOnce = 5000

// Known tells which of these event ids the warehouse has, each as it was given.
// A text that is no UUID is not known.
func (w *Warehouse) Known(ctx context.Context, ids []string) (map[string]bool, error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	byID := make(map[string]string, len(ids)) // canonical form to the form given
	for _, id := range ids {
		if parsed, ok := canonical(id); ok {
			byID[parsed] = id
		}
	}
	known := make(map[string]bool)
	asked := make([]string, 0, min(len(byID), knownAtOnce))
	ask := func() error {
		var found []string
		err := w.conn.QueryRow(bounded(ctx),
			"SELECT groupUniqArray(toString(event_id)) FROM event_log WHERE event_id IN {ids:Array(UUID)}",
			clickhouse.Named("ids", asked)).Scan(&found)
		if err != nil {
			return fmt.Errorf("look up event ids: %w", w.explain(err))
		}
		for _, id := range found {
			known[byID[id]] = true
		}
		asked = asked[:0]
		return nil
	}
	for id := range byID {
		if asked = append(asked, id); len(asked) == knownAtOnce {
			if err := ask(); err != nil {
				return nil, err
			}
		}
	}
	if len(asked) > 0 {
		if err := ask(); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// Visitor gives the newest events of one visitor, at most limit, the newest
// last, each with its canonical JSON and its place in the ledger.
func (w *Warehouse) Visitor(ctx context.Context, id string, limit int) ([]ingest.Record, error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	rows, err := w.conn.Query(bounded(ctx), `SELECT seq, idx, raw FROM (
		SELECT received, seq, idx, raw FROM events WHERE visitor_id = {visitor:String}
		ORDER BY received DESC, seq DESC, idx DESC LIMIT {limit:UInt64}) ORDER BY received, seq, idx`,
		clickhouse.Named("visitor", id), clickhouse.Named("limit", uint64(max(limit, 0))))
	if err != nil {
		return nil, fmt.Errorf("read the events of a visitor: %w", w.explain(err))
	}
	defer rows.Close()
	var records []ingest.Record
	for rows.Next() {
		var seq uint64
		var idx uint16
		var raw []byte
		if err := rows.Scan(&seq, &idx, &raw); err != nil {
			return nil, fmt.Errorf("read the events of a visitor: %w", err)
		}
		record := ingest.Record{Raw: raw}
		if err := json.Unmarshal(raw, &record.Event); err != nil {
			return nil, fmt.Errorf("event %d/%d is no canonical JSON: %w", seq, idx, err)
		}
		record.Event.Seq, record.Event.Idx = seq, idx
		records = append(records, record)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the events of a visitor: %w", w.explain(err))
	}
	return records, nil
}
