package warehouse_test

import (
	"slices"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Campaigns by day, campaigns in each other's way, and what people changed. Rows
// that came twice count once.
func TestOverview(t *testing.T) {
	t.Parallel()
	w, _, _ := loaded(t, "testdata/overview.txtar")
	activity, err := w.Activity(t.Context(), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), "Asia/Tokyo")
	if want := []warehouse.Activity{{"a", "2026-12-01", 2}, {"a", "2026-12-02", 1}, {"c", "2026-12-02", 1}}; err != nil || !slices.Equal(activity, want) {
		t.Errorf("by day %v, %v; want %v", activity, err, want)
	}
	if activity, err = w.Activity(t.Context(), time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC), "Asia/Tokyo"); err != nil || len(activity) != 2 {
		t.Errorf("from the second day on %v, %v", activity, err)
	}
	if _, err := w.Activity(t.Context(), time.Time{}, "Mars/Base"); err == nil {
		t.Error("a zone that nobody knows is taken")
	}
	conflicts, err := w.Conflicts(t.Context(), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	want := []warehouse.Conflict{
		{"a", "budget", "", 2}, {"b", "slot_taken", "", 1}, {"b", "slot_taken", "a", 1}, {"b", "slot_taken", "c", 1}, {"c", "layer", "", 1},
	}
	if err != nil || !slices.Equal(conflicts, want) {
		t.Errorf("conflicts %v, %v; want %v", conflicts, err, want)
	}
	audits, err := w.Audits(t.Context(), 10)
	if err != nil || len(audits) != 2 || audits[0].Time <= audits[1].Time {
		t.Errorf("changes %v, %v", audits, err)
	}
	if audits, err = w.Audits(t.Context(), 1); err != nil || len(audits) != 1 {
		t.Errorf("of one change %v, %v", audits, err)
	}
}
