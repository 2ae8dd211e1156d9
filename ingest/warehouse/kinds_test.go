package warehouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// A warehouse of before events were stamped with their derived events goes on:
// its rows have none, and count by their names as they did.
func TestKindsOnATableWithRows(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	conn := connect(t, dsn)
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	execute := func(statement string) {
		t.Helper()
		if err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	execute("CREATE TABLE migrations (name String, applied DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = ReplacingMergeTree ORDER BY name")
	for _, file := range files {
		if filepath.Base(file) >= "0006" {
			break
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.SplitAfter(string(text), ";\n") {
			if part = strings.TrimSpace(part); part != "" {
				execute(strings.TrimSuffix(part, ";"))
			}
		}
		execute(fmt.Sprintf("INSERT INTO migrations (name) VALUES ('%s')", filepath.Base(file)))
	}
	at := start.Format("2006-01-02 15:04:05.000")
	execute(fmt.Sprintf(`INSERT INTO event_log (event_id, visitor_id, name, time, received, seq, ledger, raw, campaign, phase, variant, value)
		VALUES ('%s', 'old', 'omo_exposure', '%s', '%[2]s', 1, 'l', '{}', 'c', 'p', 'a', NULL), ('%[3]s', 'old', 'purchase', '%[2]s', '%[2]s', 2, 'l', '{}', '', '', '', 7)`, id(1), at, id(2)))

	w := openAt(t, dsn)
	stamped := row(t, ingest.Event{ID: id(3), Visitor: "new", Name: "purchase", Time: start.UnixMilli(), Received: start.UnixMilli(), Seq: 3, Kinds: []string{"big", "dear"}})
	if err := w.Insert(t.Context(), "new", []warehouse.Row{stamped}); err != nil {
		t.Fatal(err)
	}
	if got, want := ask(t, conn, "SELECT visitor_id, name, kinds FROM events ORDER BY seq"), "old omo_exposure []\nold purchase []\nnew purchase [big dear]"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for query, want := range map[string]string{
		"SELECT count() FROM events WHERE has(kinds, 'dear')": "1", "SELECT count() FROM events WHERE notEmpty(kinds)": "1",
		"SELECT count() FROM events WHERE length(kinds) = 0": "2", "SELECT count() FROM events WHERE kinds = ['big', 'dear']": "1",
	} {
		if got := ask(t, conn, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	sums, err := w.Results(t.Context(), warehouse.Query{Campaign: "c", AsOf: start.Add(time.Hour)})
	if err != nil || len(sums.Arms) != 1 || sums.Arms[0].Converted != 1 || sums.Arms[0].Sum != 7 {
		t.Errorf("%+v, %v", sums, err)
	}
}
