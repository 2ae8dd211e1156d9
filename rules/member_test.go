package rules

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

// A visitor can be asked of for its segments: of those that campaigns use, directly
// or by one another, and not of what drafts use or nobody does.
func TestSegmentsOfAVisitor(t *testing.T) {
	t.Parallel()
	set, found := Load(fstest.MapFS{
		"site.yaml": {Data: []byte("timezone: Asia/Tokyo\n")},
		"segments.yaml": {Data: []byte(`segments:
  buyers: visitor.purchases > 0
  loyal: in_segment("buyers") && visitor.visits >= 3
  viewers: count("view_item", "7d") >= 2
  night: now.hour >= 22
  unused: count("search", "7d") > 0
  drafted: count("login", "7d") > 0
`)},
		"campaigns/a.yaml": {Data: []byte("id: a\nstatus: live\nwhen: in_segment(\"loyal\") || !in_segment('viewers')\nvariants: [{id: control, weight: 1}]\n")},
		"campaigns/b.yaml": {Data: []byte("id: b\nstatus: paused\nwhen: visitor.new && in_segment(\"night\")\nvariants: [{id: control, weight: 1}]\n")},
		"campaigns/c.yaml": {Data: []byte("id: c\nstatus: draft\nwhen: in_segment(\"drafted\")\nvariants: [{id: control, weight: 1}]\n")},
	})
	if set == nil {
		t.Fatal(found)
	}
	if len(set.Streams) != 1 || set.Streams[0].Event != "view_item" {
		t.Errorf("it counts %+v, want view_item alone", set.Streams)
	}
	noon := time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC) // in Tokyo
	for _, c := range []struct {
		purchases, visits int
		at                time.Time
		want              []string
	}{
		{0, 1, noon, nil},
		{1, 2, noon, []string{"buyers"}},
		{1, 3, noon, []string{"buyers", "loyal"}},
		{1, 3, noon.Add(10 * time.Hour), []string{"buyers", "loyal", "night"}},
	} {
		m := set.Matcher()
		got := set.Segments(m, Env{Visitor: Visitor{Purchases: c.purchases, Visits: c.visits}}, c.at)
		set.Release(m)
		if !slices.Equal(got, c.want) {
			t.Errorf("%d purchases, %d visits at %s: %v, want %v", c.purchases, c.visits, c.at, got, c.want)
		}
	}
	if bare, _ := Load(fstest.MapFS{"campaigns/a.yaml": {Data: []byte("id: a\nstatus: live\nvariants: [{id: control, weight: 1}]\n")}}); bare.HasSegments() {
		t.Error("a folder without segments has some")
	}
}
