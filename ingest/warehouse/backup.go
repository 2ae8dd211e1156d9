package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Backup lets ClickHouse write the whole database to a folder of that name below
// the path that its configuration allows for backups (backups.allowed_path; the
// embedded server has one). It gives the number of rows of event_log at that
// moment, duplicates included, provided that nothing is loaded meanwhile.
func (w *Warehouse) Backup(ctx context.Context, name string) (rows uint64, err error) {
	if err := w.Migrate(ctx); err != nil {
		return 0, err
	}
	if err := w.conn.QueryRow(ctx, "SELECT count() FROM event_log").Scan(&rows); err != nil {
		return 0, fmt.Errorf("count what is to be backed up: %w", w.explain(err))
	}
	database, err := w.database(ctx)
	if err != nil {
		return 0, err
	}
	return rows, w.inBackground(ctx, fmt.Sprintf("BACKUP DATABASE `%s` TO File('%s')", database, name), "BACKUP_CREATED")
}

// Restore brings back what Backup wrote into the database that dsn names, which
// must have no tables yet, and gives the number of rows of event_log.
func Restore(ctx context.Context, dsn, name string) (rows uint64, err error) {
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		return 0, fmt.Errorf("the ClickHouse address cannot be read: %w", err)
	}
	options.DialTimeout, options.ReadTimeout = dialTimeout, readTimeout
	conn, err := clickhouse.Open(options)
	if err != nil {
		return 0, fmt.Errorf("the ClickHouse address cannot be used: %w", err)
	}
	w := &Warehouse{conn: conn, addr: options.Addr[0]}
	defer w.Close()
	if err := w.inBackground(ctx, fmt.Sprintf("RESTORE DATABASE `%s` FROM File('%s')", options.Auth.Database, name), "RESTORED"); err != nil {
		return 0, err
	}
	if err := w.conn.QueryRow(ctx, "SELECT count() FROM event_log").Scan(&rows); err != nil {
		return 0, fmt.Errorf("count what was restored: %w", w.explain(err))
	}
	return rows, nil
}

func (w *Warehouse) database(ctx context.Context) (name string, err error) {
	if err = w.conn.QueryRow(ctx, "SELECT currentDatabase()").Scan(&name); err != nil {
		err = w.explain(err)
	}
	return name, err
}

// inBackground runs a BACKUP or RESTORE that may take longer than any answer is
// waited for, and returns when it has the status that was hoped for.
func (w *Warehouse) inBackground(ctx context.Context, statement, hoped string) error {
	var id, status, reason string
	if err := w.conn.QueryRow(ctx, statement+" ASYNC").Scan(&id, &status); err != nil {
		return fmt.Errorf("%.20s…: %w", statement, w.explain(err))
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := w.conn.QueryRow(ctx, "SELECT toString(status), error FROM system.backups WHERE id = {id:String}", clickhouse.Named("id", id)).Scan(&status, &reason)
		switch {
		case err != nil:
			return fmt.Errorf("%.20s…: ask how far it is: %w", statement, w.explain(err))
		case status == hoped:
			return nil
		case reason != "" || status == "BACKUP_CANCELLED" || status == "RESTORE_CANCELLED":
			return fmt.Errorf("%.20s…: ClickHouse ended with %s: %s", statement, status, reason)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
