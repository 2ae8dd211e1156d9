package warehouse

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed queries/tables.sql
var tablesSQL string

// theirs picks the rows of visitors being erased, without naming them.
const theirs = "visitor_id IN (SELECT visitor_id FROM erasing)"

// Rows counts rows by table and visitor; resent copies count each.
type Rows map[string]map[string]uint64

// Erase removes every row of these visitors from every table that has a
// visitor_id, rewriting what holds them: the bytes are gone from live parts when
// it returns nil, and ClickHouse deletes the files of the former parts within ten
// minutes. It returns nil only when a count afterwards finds no row. What it
// finds is told before anything is removed. It may be repeated; rows that are
// inserted meanwhile are not its business, so call it when none can come.
func (w *Warehouse) Erase(ctx context.Context, visitors []string, found func(Rows) error) error {
	if err := w.Migrate(ctx); err != nil {
		return err
	}
	tables, err := w.visitorTables(ctx)
	if err != nil {
		return fmt.Errorf("erase: find the tables of visitors: %w", w.explain(err))
	}
	if err := w.name(ctx, visitors); err != nil {
		return fmt.Errorf("erase: name the visitors: %w", w.explain(err))
	}
	defer func() {
		clear, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
		defer cancel()
		_ = w.conn.Exec(clear, "TRUNCATE TABLE erasing") // else the next erasure does
	}()
	rows, err := w.theirRows(ctx, tables)
	if err != nil {
		return err
	}
	if err := found(rows); err != nil {
		return err
	}
	for table := range rows {
		if err := w.mutate(ctx, table, "DELETE WHERE "+theirs); err != nil {
			return fmt.Errorf("erase from %s: %w", table, err)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	left, err := w.theirRows(ctx, tables)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("erase: rows are left in %d tables after the deletion", len(left))
	}
	return err
}

func (w *Warehouse) visitorTables(ctx context.Context) ([]string, error) {
	rows, err := w.conn.Query(ctx, tablesSQL)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		tables = append(tables, name)
	}
	return tables, rows.Err()
}

// name fills the table erasing with these visitors and nobody else. Their ids go
// as data, not in a statement.
func (w *Warehouse) name(ctx context.Context, visitors []string) error {
	if err := w.conn.Exec(ctx, "TRUNCATE TABLE erasing"); err != nil {
		return err
	}
	batch, err := w.conn.PrepareBatch(ctx, "INSERT INTO erasing (visitor_id)")
	if err != nil {
		return err
	}
	defer batch.Close()
	if err := batch.Column(0).Append(visitors); err != nil {
		return err
	}
	return batch.Send()
}

// theirRows counts, of tables that have any.
func (w *Warehouse) theirRows(ctx context.Context, tables []string) (Rows, error) {
	out := Rows{}
	for _, table := range tables {
		rows, err := w.conn.Query(bounded(ctx), "SELECT visitor_id, count() FROM `"+table+"` WHERE "+theirs+" GROUP BY visitor_id")
		if err != nil {
			return nil, fmt.Errorf("count what is to be erased from %s: %w", table, w.explain(err))
		}
		for rows.Next() {
			var visitor string
			var n uint64
			if err := rows.Scan(&visitor, &n); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			if out[table] == nil {
				out[table] = map[string]uint64{}
			}
			out[table][visitor] = n
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("count what is to be erased from %s: %w", table, w.explain(err))
		}
	}
	return out, nil
}

// mutateEvery is how often an unfinished mutation is asked after.
const mutateEvery = 50 * time.Millisecond

// mutate changes a table's rows and waits until that is done. Waiting by asking
// keeps no connection silent for as long as a large table takes.
func (w *Warehouse) mutate(ctx context.Context, table, change string) error {
	settings := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 0}))
	if err := w.conn.Exec(settings, "ALTER TABLE `"+table+"` "+change); err != nil {
		return w.explain(err)
	}
	tick := time.NewTicker(mutateEvery)
	defer tick.Stop()
	for {
		var open uint64
		var failed string
		err := w.conn.QueryRow(ctx, `SELECT count(), anyLast(latest_fail_reason) FROM system.mutations
			WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done`, clickhouse.Named("table", table)).Scan(&open, &failed)
		switch {
		case err != nil:
			return w.explain(err)
		case failed != "":
			return fmt.Errorf("ClickHouse could not do it yet: %s", failed)
		case open == 0:
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
