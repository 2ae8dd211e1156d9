package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/progress"
)

// TestAFileWithoutIDsIsImportedOnce: good lines are taken and bad ones told
// with their number; importing the file again changes nothing, though its
// lines have no ids and two of them are equal.
func TestAFileWithoutIDsIsImportedOnce(t *testing.T) {
	t.Parallel()
	line := `{"visitor":{"id":"v1"},"name":"login","time":"2026-01-05T09:00:00Z"}` + "\n"
	file := filepath.Join(t.TempDir(), "events.ndjson")
	text := line + line + "{broken\n\n" + `{"visitor":{"id":"v1"},"name":"Bad Name"}` + "\n" + strings.Repeat("x", 2*longestLine) + "\n" + strings.TrimSpace(line)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), ClickHouse: "clickhouse://127.0.0.1:1/away"})
	for round := range 2 {
		in, size, err := openImport(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		i := importing{client: c, log: &log, equal: map[uuid.UUID]int{}, bar: newBar(io.Discard, "importing", size, progress.UnitsBytes)}
		if err := i.run(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if i.accepted != 3 || i.known != 3*round || i.rejected != 3 {
			t.Errorf("import %d: %d accepted, %d known, %d rejected; want 3, %d, 3\n%s", round+1, i.accepted, i.known, i.rejected, 3*round, &log)
		}
		for _, want := range []string{"line 3: bad_json: ", "line 5: bad_name: ", "line 6: too_large: the line is longer than 64 KiB"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%q is not told:\n%s", want, &log)
			}
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}
