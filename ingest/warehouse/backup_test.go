package warehouse_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// What was backed up is there again in an empty database: rows, views, and the
// record of migrations, so that nothing is applied twice.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	w, conn := openAt(t, dsn), connect(t, dsn)
	if err := w.Insert(t.Context(), "one", visits(t, 1, 100, time.Now())); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(u.Path, "/")
	name := filepath.Join("of", database)
	if rows, err := w.Backup(t.Context(), name); err != nil || rows != 100 {
		t.Fatalf("backup: %d rows, %v, want 100", rows, err)
	}
	if err := w.Insert(t.Context(), "two", visits(t, 101, 150, time.Now())); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Backup(t.Context(), name); err == nil || !strings.Contains(err.Error(), "BACKUP DATABASE") {
		t.Errorf("over a backup of the same name: %v", err)
	}
	if _, err := warehouse.Restore(t.Context(), dsn, name); err == nil {
		t.Error("restored over tables with rows in them")
	}
	for table := range strings.FieldsSeq(ask(t, conn, "SELECT name FROM system.tables WHERE database = currentDatabase()")) {
		if err := conn.Exec(t.Context(), "DROP TABLE "+table+" SYNC"); err != nil {
			t.Fatal(err)
		}
	}
	if rows, err := warehouse.Restore(t.Context(), dsn, name); err != nil || rows != 100 {
		t.Fatalf("restore: %d rows, %v, want 100", rows, err)
	}
	if err := openAt(t, dsn).Ping(t.Context()); err != nil {
		t.Errorf("the restored database: %v", err)
	}
	if got := ask(t, conn, "SELECT count(), max(seq) FROM events"); got != "100 100" {
		t.Errorf("the view has %s", got)
	}
	if got := ask(t, conn, "SELECT count() = uniqExact(name) FROM migrations"); got != "true" && got != "1" {
		t.Errorf("migrations were applied again: %s", got)
	}
	if _, err := warehouse.Restore(t.Context(), dsn, "none of this name"); err == nil || !strings.Contains(err.Error(), "RESTORE DATABASE") {
		t.Errorf("of no backup: %v", err)
	}
}
