package warehouse_test

import (
	"fmt"
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
	from, asOf := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	activity, err := w.Activity(t.Context(), from, asOf, "Asia/Tokyo")
	if want := []warehouse.Activity{{"a", "2026-12-01", 2}, {"a", "2026-12-02", 1}, {"c", "2026-12-02", 1}}; err != nil || !slices.Equal(activity, want) {
		t.Errorf("by day %v, %v; want %v", activity, err, want)
	}
	if activity, err = w.Activity(t.Context(), time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC), asOf, "Asia/Tokyo"); err != nil || len(activity) != 2 {
		t.Errorf("from the second day on %v, %v", activity, err)
	}
	if _, err := w.Activity(t.Context(), time.Time{}, asOf, "Mars/Base"); err == nil {
		t.Error("a zone that nobody knows is taken")
	}
	conflicts, err := w.Conflicts(t.Context(), from, asOf)
	want := []warehouse.Conflict{
		{"a", "budget", "", 2}, {"b", "slot_taken", "", 1}, {"b", "slot_taken", "a", 1}, {"b", "slot_taken", "c", 1}, {"c", "layer", "", 1},
	}
	if err != nil || !slices.Equal(conflicts, want) {
		t.Errorf("conflicts %v, %v; want %v", conflicts, err, want)
	}
	// Each number is as many visitors as are named behind it, page by page.
	aside := func(q warehouse.AsideQuery) (out string) {
		t.Helper()
		q.From, q.AsOf, q.Zone, q.Limit = from, asOf, "Asia/Tokyo", 1
		for q.Skip = 0; q.Skip < 10; q.Skip++ {
			came, err := w.CameAside(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if len(came.List) == 0 {
				return out
			}
			out += fmt.Sprintf("%s %d of %d; ", came.List[0].Visitor, came.List[0].Decisions, came.All)
		}
		return out + "and no end"
	}
	for _, c := range []struct {
		q    warehouse.AsideQuery
		want string
	}{
		{warehouse.AsideQuery{Campaign: "a", Who: warehouse.Met}, "one 2 of 2; two 1 of 2; "},
		{warehouse.AsideQuery{Campaign: "c", Who: warehouse.Met}, "one 1 of 1; "},
		{warehouse.AsideQuery{Campaign: "b", Who: warehouse.Yielded, Reason: "slot_taken", Winner: "a"}, "one 2 of 1; "},
		{warehouse.AsideQuery{Campaign: "b", Who: warehouse.Yielded, Reason: "slot_taken"}, "two 1 of 1; "},
		{warehouse.AsideQuery{Campaign: "a", Who: warehouse.Yielded, Reason: "budget"}, "three 1 of 2; two 1 of 2; "},
		{warehouse.AsideQuery{Campaign: "a", Who: "everybody"}, ""},
	} {
		if got := aside(c.q); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	early := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC) // before anything came
	if activity, err := w.Activity(t.Context(), from, early, ""); err != nil || len(activity) != 0 {
		t.Errorf("as of before anything came, by day %v, %v", activity, err)
	}
	if conflicts, err := w.Conflicts(t.Context(), from, early); err != nil || len(conflicts) != 0 {
		t.Errorf("as of before anything came, conflicts %v, %v", conflicts, err)
	}
	audits, err := w.Audits(t.Context(), 10)
	if err != nil || len(audits) != 2 || audits[0].Time <= audits[1].Time {
		t.Errorf("changes %v, %v", audits, err)
	}
	if audits, err = w.Audits(t.Context(), 1); err != nil || len(audits) != 1 {
		t.Errorf("of one change %v, %v", audits, err)
	}
}
