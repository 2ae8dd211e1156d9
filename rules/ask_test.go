package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// folder makes a set of named files.
func folder(t interface{ Fatal(...any) }, files map[string]string) *Set {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, found := Load(fsys)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

const shoesAndBreaks = `derived:
  shoe_view: {event: view_item, where: '!(event.item_category in ["bags", "hats"]) && event.prop("size") startsWith "2"'}
  broken_view: {event: view_item, where: 'split(event.path, "/")[3] == "x"'}
`

// A stream takes the events of its name, and of a derived one those whose
// condition holds. One that fails takes nothing, and disturbs no visit.
func TestCounts(t *testing.T) {
	t.Parallel()
	set := folder(t, map[string]string{
		"segments.yaml":    shoesAndBreaks,
		"campaigns/x.yaml": live("x", `count("view_item") + count("shoe_view") + count("broken_view") >= 0`) + "\n---\n" + live("y", `split(page.path, "/")[9] == "x"`),
	})
	streams := map[string]int{}
	for i, s := range set.Streams {
		switch {
		case len(s.where) == 0:
			streams["view_item"] = i
		case len(s.where) == 2:
			streams["shoe_view"] = i
		default:
			streams["broken_view"] = i
		}
	}
	m := set.Matcher()
	defer set.Release(m)
	before := fmt.Sprint(set.Match(m, somebody(), noon, nil), m.Errors())
	for _, c := range []struct {
		event Event
		want  string
	}{
		{Event{Name: "view_item", ItemCategory: "shoes", Props: map[string]any{"size": "24"}}, "[view_item shoe_view]"},
		{Event{Name: "view_item", ItemCategory: "shoes"}, "[view_item]"},
		{Event{Name: "view_item", ItemCategory: "bags", Path: "/a/b/x"}, "[view_item broken_view]"},
		{Event{Name: "purchase", ItemCategory: "shoes", Props: map[string]any{"size": "24"}, Path: "/a/b/x"}, "[]"},
	} {
		got := []string{}
		for _, name := range []string{"view_item", "shoe_view", "broken_view"} {
			if set.Counts(m, streams[name], c.event) {
				got = append(got, name)
			}
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%+v is counted by %v, want %s", c.event, got, c.want)
		}
	}
	if len(m.Errors()) != 1 || !strings.Contains(before, m.Errors()[0].Err.Error()) {
		t.Errorf("errors of the visit are now %v", m.Errors())
	}
}

// The server answers what an event trigger asks of its event.
func TestWhere(t *testing.T) {
	t.Parallel()
	set := folder(t, map[string]string{
		"segments.yaml": shoesAndBreaks,
		"campaigns/x.yaml": live("x", `count("shoe_view") >= 0`, `on: {event: shoe_view, where: 'event.value > 5000 && visitor.visits == 3 && now.hour == 21'}`, "schedule: {timezone: Asia/Tokyo}") +
			"\n---\n" + live("y", "true", "on: {event: search}") +
			"\n---\n" + live("z", "true", "on: {event: broken_view}") +
			"\n---\n" + live("zz", "true", "on: {event: broken_view, where: visitor.visits == 9}"), // false, whatever fails before
	})
	m := set.Matcher()
	defer set.Release(m)
	shoe := Event{Name: "view_item", ItemCategory: "shoes", Value: 6000, Props: map[string]any{"size": "24"}}
	small, bag := shoe, shoe
	small.Value, bag.ItemCategory = Unknown, "bags"
	for _, c := range []struct {
		campaign int
		event    Event
		want     string
	}{
		{0, shoe, "true <nil>"},
		{0, small, "false <nil>"},
		{0, bag, "false <nil>"},
		{1, bag, "true <nil>"},
		{2, bag, `false split(event.path, "/")[3] == "x": index out of range: 3 (array length is 1)`},
		{3, bag, "false <nil>"},
	} {
		env := somebody()
		env.Event = c.event
		holds, err := set.Where(m, &set.Campaigns[c.campaign].On[0], env, noon)
		if got := fmt.Sprint(holds, " ", err); got != c.want {
			t.Errorf("%s for %+v: %s, want %s", set.Campaigns[c.campaign].ID, c.event, got, c.want)
		}
	}
}

// Staff are those whom site.yaml says, and nobody where it says nothing or its rule fails.
func TestStaff(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]bool{
		``: false,
		`staff: in_segment("ours") && now.hour == 21`: true,
		`staff: in_segment("ours") && visitor.new`:    false,
		`staff: split(page.path, "/")[9] == "x"`:      false,
		`staff: true`:                                 true,
	} {
		set := folder(t, map[string]string{
			"site.yaml": "timezone: Asia/Tokyo\n" + rule, "segments.yaml": "segments: {ours: visitor.trait('plan') == 'pro'}",
			"campaigns/x.yaml": live("x", "true"),
		})
		m := set.Matcher()
		if got := set.Staff(m, somebody(), noon); got != want {
			t.Errorf("%q makes somebody staff: %t", rule, got)
		}
		set.Release(m)
	}
}

// The parts of a layer follow on each other from 0 to 10,000, in order of id.
func TestLayers(t *testing.T) {
	t.Parallel()
	for n := range 40 {
		var texts []string
		for i := range n {
			texts = append(texts, live(fmt.Sprintf("c%02d", n-i), "true", "layer: one", fmt.Sprintf("priority: %d", i*7%5)))
		}
		byID, at := map[string]*Campaign{}, 0
		for _, c := range load(t, "", append(texts, live("x", "true"))...).Campaigns {
			byID[c.ID] = c
		}
		for i := 1; i <= n; i++ {
			c := byID[fmt.Sprintf("c%02d", i)]
			if size := c.LayerHigh - c.LayerLow; c.LayerLow != at || size < 10_000/n || size > 10_000/n+1 {
				t.Fatalf("of %d campaigns %s has [%d,%d) after %d", n, c.ID, c.LayerLow, c.LayerHigh, at)
			}
			at = c.LayerHigh
		}
		if x := byID["x"]; n > 0 && at != 10_000 || x.LayerLow != 0 || x.LayerHigh != 0 {
			t.Errorf("the layer ends at %d, outside of it stands [%d,%d)", at, x.LayerLow, x.LayerHigh)
		}
	}
}

// A pool has its bounds, and a file of mistakes is told in a few lines.
func TestPoolBounds(t *testing.T) {
	t.Parallel()
	codes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%07d\r\n", i)
		}
		return b.String()
	}
	campaign := live("x", `coupons_left("many") > 0`)
	full := folder(t, map[string]string{"coupons/many.csv": "\ufeffCODE\r\n" + codes(1_000_000), "campaigns/x.yaml": campaign})
	if got := slices.Collect(full.Pools["many"].Codes()); len(got) != 1_000_000 || full.Pools["many"].Len() != len(got) || got[999_999] != "0999999" {
		t.Errorf("%d codes are read", len(got))
	}
	for text, want := range map[string]string{
		"code\n" + codes(1_000_001):    "coupons/many.csv: the file has 1000002 lines; 1000000 are allowed\n    hint: split it into several pools",
		strings.Repeat("a", 64<<20+1):  "coupons/many.csv: the file has more than 67108864 bytes, which is all that a pool may have\n    hint: split it into several pools",
		strings.Repeat("A1\n", 10_000): "coupons/many.csv: 9979 more lines are wrong",
		"\xff\xfeA1\n":                 "coupons/many.csv:1:1: the line is not UTF-8 text",
	} {
		_, found := Load(fstest.MapFS{"coupons/many.csv": {Data: []byte(text)}, "campaigns/x.yaml": {Data: []byte(campaign)}})
		if got := found[0].String(); !strings.HasPrefix(got, want) || len(found) > 21 {
			t.Errorf("%d findings, the first\n%.200s\nwant\n%s", len(found), got, want)
		}
	}
}
