package warehouse_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// A person's browsers on one line, the newest first, page by page; who came last,
// and who met a campaign. A copy that was sent again is told once.
func TestTimeline(t *testing.T) {
	t.Parallel()
	w, _, _ := loaded(t, "testdata/overview.txtar")
	last := warehouse.Moment{Time: math.MaxInt64, Seq: math.MaxUint64, Idx: math.MaxUint16}
	pages := []string{}
	for before := last; ; {
		page, err := w.Timeline(t.Context(), []string{"one", "two"}, before, 3)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, r := range page {
			told = append(told, fmt.Sprint(r.Event.Visitor, " ", r.Event.Name, " ", r.Event.Props.Campaign))
			before = warehouse.Moment{Time: r.Event.Time, Seq: r.Event.Seq, Idx: r.Event.Idx}
		}
		if len(page) == 0 {
			break
		}
		pages = append(pages, strings.Join(told, ", "))
	}
	want := []string{
		"one omo_exposure , one omo_exposure , two omo_exposure ",
		"one omo_exposure , one omo_exposure , two omo_decision ",
		"one omo_decision , one omo_decision ",
	}
	if !slices.Equal(pages, want) {
		t.Errorf("\n     %q\nwant %q", pages, want)
	}
	if none, err := w.Timeline(t.Context(), []string{"one"}, warehouse.Moment{}, 3); err != nil || len(none) != 0 {
		t.Errorf("before anything: %v, %v", none, err)
	}
	for _, c := range []struct {
		asked warehouse.RecentQuery
		want  string
	}{
		{warehouse.RecentQuery{Limit: 3}, "[one two four]"},
		{warehouse.RecentQuery{Limit: 10}, "[one two four three]"},
		{warehouse.RecentQuery{Limit: 10, From: time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC)}, "[one]"},
		{warehouse.RecentQuery{Limit: 10, Campaign: "a"}, "[one two]"},
		{warehouse.RecentQuery{Limit: 10, Campaign: "c", Variant: "v"}, "[one]"},
		{warehouse.RecentQuery{Limit: 10, Campaign: "c", Variant: "w"}, "[]"},
	} {
		rows, err := w.Recent(t.Context(), c.asked)
		ids := []string{}
		for _, r := range rows {
			ids = append(ids, r.Visitor)
		}
		if err != nil || fmt.Sprint(ids) != c.want {
			t.Errorf("%+v: %v, %v; want %s", c.asked, ids, err, c.want)
		}
	}
}
