package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// Segment's archives are of its calls: they keep their times, and whom they name.
func TestAnArchiveOfSegmentsIsImportedOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "archive.ndjson")
	text := `{"type":"identify","messageId":"m1","anonymousId":"v1","userId":"u1","timestamp":"2026-01-05T09:00:00Z","sentAt":"2020-01-01T00:00:00Z","receivedAt":"2026-01-05T09:00:01Z"}
{"visitor":{"id":"v1"},"name":"login","time":"2026-01-05T09:00:30Z"}
{"type":"track","anonymousId":"v1","event":"Order Completed","timestamp":"2026-01-05T09:01:00Z","properties":{"order_id":"A-1","revenue":6800}}
{"type":"track","anonymousId":"v1","event":"注文","timestamp":"2026-01-05T09:02:00Z"}
`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), ClickHouse: "clickhouse://127.0.0.1:1/away"})
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
		if i.accepted != 3 || i.known != 3*round || i.rejected != 1 || !strings.Contains(log.String(), `line 4: bad_name: name "注文" does not match`) {
			t.Errorf("import %d: %d accepted, %d known, %d rejected\n%s", round+1, i.accepted, i.known, i.rejected, &log)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
	p, err := a.engine.Profile("v1")
	if err != nil || p == nil || p.User != "u1" || p.Purchases != 1 || p.Revenue != 6800 {
		t.Fatalf("profile %+v, %v", p, err)
	}
	if first, last := time.UnixMilli(p.First).UTC(), time.UnixMilli(p.LastPurchase).UTC(); first.Format(time.DateTime) != "2026-01-05 09:00:00" || last.Format(time.DateTime) != "2026-01-05 09:01:00" {
		t.Errorf("history moved: first seen %s, bought %s", first, last)
	}
}
