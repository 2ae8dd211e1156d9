package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/progress"
)

// TestCookieCatsThroughTheOrdinaryPath imports 200 players of a real A/B test,
// twice, as omo import does, and asks for both goals, as omo results does.
func TestCookieCatsThroughTheOrdinaryPath(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Abs("../../examples/cookiecats")
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Glob(filepath.Join(examples, "testdata", "*.csv"))
	if err != nil || len(samples) != 1 {
		t.Fatalf("sample: %v, %v", samples, err)
	}
	events, err := exec.Command("go", "run", examples, samples[0]).Output()
	if err != nil {
		t.Fatalf("convert: %v", err)
	}
	file := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(file, events, 0o644); err != nil {
		t.Fatal(err)
	}
	a, c := product(t, config{Rules: filepath.Join(examples, "rules")})
	want := `return_day_1 gate_30 105 44
return_day_1 gate_40 95 35
return_day_7 gate_30 105 19
return_day_7 gate_40 95 13
`
	for round := range 2 {
		in, size, err := openImport(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		i := importing{client: c, log: io.Discard, equal: map[uuid.UUID]int{}, bar: newBar(io.Discard, "importing", size, progress.UnitsBytes)}
		if err := i.run(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if known := round * i.accepted; i.accepted != 311 || i.known != known || i.rejected != 0 {
			t.Errorf("import %d: accepted %d, known before %d, rejected %d; want 311, %d, 0", round+1, i.accepted, i.known, i.rejected, known)
		}
		if err := a.settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		results, err := resultsOptions{}.ask(t.Context(), c, "gate")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, r := range results {
			for _, arm := range r.Results.Arms {
				got += fmt.Sprintf("%s %s %d %d\n", r.Results.Goal, arm.Variant, arm.Exposed, arm.Converted)
			}
		}
		if got != want {
			t.Errorf("after import %d:\n%swant\n%s", round+1, got, want)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}
