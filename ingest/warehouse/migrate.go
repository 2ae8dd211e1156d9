package warehouse

import (
	"context"
	"embed"
	"fmt"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The statements of every migration may be run twice, and by two processes at
// once: IF NOT EXISTS, OR REPLACE. ClickHouse has no lock to do better, and so
// needs none; the record only saves the work at later starts.
const migrationsTable = `CREATE TABLE IF NOT EXISTS migrations (
    name String COMMENT 'file of the migration',
    applied DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when'
) ENGINE = ReplacingMergeTree ORDER BY name
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'which files of the schema were applied'`

// Migrate brings the schema up to date. It is cheap once that is done, and
// every operation that needs the schema calls it.
func (w *Warehouse) Migrate(ctx context.Context) error {
	if w.migrated.Load() {
		return nil
	}
	w.migrating.Lock()
	defer w.migrating.Unlock()
	if w.migrated.Load() {
		return nil
	}
	if err := w.execute(ctx, migrationsTable); err != nil {
		return fmt.Errorf("prepare the warehouse: %w", err)
	}
	applied, err := w.applied(ctx)
	if err != nil {
		return fmt.Errorf("read which migrations were applied: %w", err)
	}
	files, err := migrations.ReadDir("migrations") // sorted by name
	if err != nil {
		return fmt.Errorf("read the embedded migrations: %w", err)
	}
	for _, file := range files {
		if applied[file.Name()] {
			continue
		}
		if err := w.apply(ctx, file.Name()); err != nil {
			return fmt.Errorf("migration %s: %w", file.Name(), err)
		}
	}
	w.migrated.Store(true)
	return nil
}

func (w *Warehouse) applied(ctx context.Context) (map[string]bool, error) {
	var names []string
	if err := w.conn.QueryRow(ctx, "SELECT groupUniqArray(name) FROM migrations").Scan(&names); err != nil {
		return nil, w.explain(err)
	}
	applied := make(map[string]bool, len(names))
	for _, name := range names {
		applied[name] = true
	}
	return applied, nil
}

func (w *Warehouse) apply(ctx context.Context, name string) error {
	text, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	for _, statement := range statements(string(text)) {
		if err := w.execute(ctx, statement); err != nil {
			return err
		}
	}
	return w.execute(ctx, fmt.Sprintf("INSERT INTO migrations (name) VALUES ('%s')", name))
}

// execute runs one statement of the schema. Another process that is creating
// the same table this moment can make it fail: then it is there.
func (w *Warehouse) execute(ctx context.Context, statement string) error {
	err := w.conn.Exec(ctx, statement)
	if code, ok := exceptionCode(err); ok && code == codeTableExists {
		err = w.conn.Exec(ctx, statement)
	}
	return w.explain(err)
}

// statements cuts a file where a line ends in a semicolon; the house writes its
// migrations so that no comment or text does.
func statements(text string) []string {
	var all []string
	for _, part := range strings.SplitAfter(text, ";\n") {
		if part = strings.TrimSpace(part); strings.HasSuffix(part, ";") {
			all = append(all, strings.TrimSuffix(part, ";"))
		}
	}
	return all
}
