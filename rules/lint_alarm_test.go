package rules

import (
	"fmt"
	"strings"
	"testing"
)

// Rules that look impossible, or empty of meaning, and are not.
func TestNoFalseAlarm(t *testing.T) {
	t.Parallel()
	var many []string // more alternatives than are followed
	for i := range 2 * maxRegions {
		many = append(many, fmt.Sprintf("visitor.visits == %d && visitor.pageviews == %d", i+1, i+1))
	}
	for _, rule := range []string{
		"(" + strings.Join(many, " || ") + fmt.Sprintf(") && visitor.visits == %d", 2*maxRegions),
		`now.date >= "2026-12-01" && now.date <= "2026-12-01"`,
		`visitor.user_id startsWith "a" && !(visitor.user_id startsWith "ab")`,
		`visitor.user_id startsWith "ab" && visitor.user_id startsWith "a"`,
		`visitor.user_id endsWith "z" && !(visitor.user_id endsWith "yz")`,
		`visitor.user_id startsWith "a" && visitor.user_id endsWith "b" && visitor.user_id contains "c"`,
		`visitor.user_id > "a" && visitor.user_id < "b"`,
		`visitor.user_id != "a" && visitor.user_id != "b"`,
		`visitor.user_id matches "^a" && visitor.user_id matches "z$"`,
		`page.title in ["a", "b"] && page.title in ["b", "c"]`,
		`cart.value > 3 && cart.value < 4`,
		`visitor.days_since_purchase >= 0 || visitor.purchases == 0`,
		`visitor.days_since_purchase < 30 || visitor.days_since_purchase >= 30`, // unknown is neither
		`!(visitor.days_since_purchase < 30) && !(visitor.days_since_purchase >= 30)`,
		`visitor.visits in 1..3 && visitor.visits not in [1, 2]`,
		`count("purchase", "30d") > 0 && count("purchase", "7d") == 0`,
		`count("purchase") > 0 && count("view_item") == 0`,
		`split(page.path, "/")[1] == "a" || split(page.path, "/")[1] != "a"`,                       // fails on short paths
		`visitor.purchases % visitor.purchases == 0 || visitor.purchases % visitor.purchases != 0`, // and for those who bought nothing
		`now.hour >= 20 || now.hour < 2`,
	} {
		_, _, found := lookAt(t, "", live("x", rule, "slot: a"))
		for _, f := range found {
			if f.Code == "never_true" || f.Code == "always_true" {
				t.Errorf("%.80s: %s", rule, f)
			}
		}
	}
	_, _, thirds := lookAt(t, "", "id: x\nstatus: live\nvariants: [{id: control, weight: 33}, {id: a, weight: 33, action: {type: banner, title: a}}, {id: b, weight: 33, action: {type: banner, title: b}}]")
	if len(thirds) > 0 {
		t.Errorf("three thirds: %s", thirds)
	}
	for _, keys := range []string{
		"pages: [/cart, /**]", // one too many, and none is taken away
		"pages: [/items/**, \"!/items/sale/**\"]",
		"schedule: {from: 2026-12-05, until: 2026-12-10, days: [wed], hours: \"09:50-09:58\"}",
		"schedule: {from: 2026-12-05, until: 2026-12-06, days: [fri], hours: \"22:00-02:00\"}", // Friday's night
	} {
		_, _, found := lookAt(t, "", live("x", "true", keys))
		for _, f := range found {
			if f.Code == "page_never" || f.Code == "empty_schedule" {
				t.Errorf("%s: %s", keys, f)
			}
		}
	}
}

// Campaigns of one slot of which the lower is shown to somebody, or which differ
// in when they open: nothing to say of their priorities. And two that look apart
// and are not.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ upper, lower, want string }{
		{"priority: 9", "priority: 1", "always_beaten"},
		{"priority: 9\nfrequency: {max: 1, per: session}", "priority: 1", ""},
		{"priority: 9\nfrequency: {after: {closes: 1}}", "priority: 1", ""},
		{"priority: 9\ntraffic: 50%", "priority: 1", ""},
		{"priority: 9\nlayer: prices", "priority: 1", ""},
		{"priority: 9\nstatus: shadow", "priority: 1", ""},
		{"priority: 9\nstatus: paused", "priority: 1", ""},
		{"priority: 9\non: exit_intent", "priority: 1", ""},
		{"priority: 9\non: {dwell: 9s}", "priority: 1\non: {dwell: 8s}", ""},
		{"priority: 9\non: {dwell: 9s}", "priority: 1\non: {dwell: 9s}", "always_beaten"},
		{"priority: 9\npages: [/cart]", "priority: 1\npages: [/cart, /items]", ""},
		{"priority: 9\npages: [/cart/**]", "priority: 1\npages: [/cart]", "always_beaten"},
		{"priority: 9\nschedule: {days: [fri]}", "priority: 1\nschedule: {days: [fri, sat]}", ""},
		{"priority: 9\nwhen: split(page.path, \"/\")[1] != \"a\"", "priority: 1\nwhen: split(page.path, \"/\")[1] != \"a\"", ""}, // it may fail
		{"priority: 9\nwhen: now.hour == 9\nschedule: {timezone: Asia/Tokyo}", "priority: 1\nwhen: now.hour == 9", ""},
		{"priority: 5", "priority: 5", "tie"},
		{"priority: 5\nstatus: shadow", "priority: 5", ""},
		{"priority: 5\nlayer: prices", "priority: 5\nlayer: prices", ""},
		{"priority: 5\non: exit_intent", "priority: 5", ""},
		{"priority: 5\nwhen: visitor.new", "priority: 5\nwhen: visitor.visits > 1", ""},
		{"priority: 5\nwhen: visitor.new", "priority: 5\nwhen: visitor.visits < 3", "tie"},
		{"priority: 5\npages: [/cart]", "priority: 5\npages: [/items/**, \"!/items/sale\"]", ""},
		{"priority: 5\npages: [/items/sale]", "priority: 5\npages: [/items/**, \"!/items/sale\"]", ""},
		{"priority: 5\nschedule: {until: 2026-12-10}", "priority: 5\nschedule: {from: 2026-12-11}", ""},
		{"priority: 5\nschedule: {days: [fri], hours: \"22:00-02:00\"}", "priority: 5\nschedule: {days: [sat], hours: \"02:00-22:00\"}", ""},
		{"priority: 5\nschedule: {days: [fri], hours: \"22:00-02:00\"}", "priority: 5\nschedule: {days: [sat]}", "tie"},
		{"priority: 5\nwhen: now.hour == 21\nschedule: {timezone: Asia/Tokyo}", "priority: 5\nwhen: now.hour == 12", "tie"}, // the same hour
	} {
		doc := func(id, keys string) string {
			if !strings.Contains(keys, "status:") {
				keys += "\nstatus: live"
			}
			return fmt.Sprintf("id: %s\nslot: bar\n%s\nvariants: [{id: control, weight: 1}, {id: hi, weight: 1, action: {type: banner, title: ようこそ}}]", id, keys)
		}
		_, _, found := lookAt(t, "", doc("upper", c.upper), doc("lower", c.lower))
		var got []string
		for _, f := range found {
			got = append(got, f.Code)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q above %q: %v, want %s\n%s", c.upper, c.lower, got, c.want, found)
		}
	}
}
