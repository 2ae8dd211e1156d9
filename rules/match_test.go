package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// load makes a set of campaign documents, and of segments when there are any.
func load(t testing.TB, segments string, campaigns ...string) *Set {
	t.Helper()
	folder := fstest.MapFS{"campaigns/all.yaml": {Data: []byte(strings.Join(campaigns, "\n---\n"))}}
	if segments != "" {
		folder["segments.yaml"] = &fstest.MapFile{Data: []byte(segments)}
	}
	set, found := Load(folder)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

// live is a live campaign with a rule; more are further keys, a line each.
func live(id, rule string, more ...string) string {
	return fmt.Sprintf("id: %s\nstatus: live\nwhen: '%s'\n%s\nvariants: [{id: control, weight: 1}]",
		id, strings.ReplaceAll(rule, "'", "''"), strings.Join(more, "\n"))
}

func matched(s *Set, env Env, now time.Time) []string {
	m := s.Matcher()
	defer s.Release(m)
	var ids []string
	for _, c := range s.Match(m, env, now, nil) {
		ids = append(ids, c.ID)
	}
	return ids
}

var noon = time.Date(2026, 12, 4, 12, 0, 0, 0, time.UTC) // a Friday; 21:00 in Tokyo

// somebody is a woman of 34 on her third visit, with a cart, on a page for shoes.
func somebody() Env {
	return Env{
		Visitor: Visitor{Visits: 3, Pageviews: 20, Age: 34, Gender: "female", Rank: "gold", DaysSincePurchase: Unknown, Traits: map[string]any{"plan": "pro", "points": 120.0, "member": true}},
		Session: Session{Pageviews: 2, Channel: "search"},
		Page:    Page{URL: "https://shop.example/items/7?utm=a&q=%E9%9D%B4", Path: "/items/7", Title: "靴", Item: Item{ID: "7", Price: 9800}},
		Device:  Device{Type: "mobile"},
		Cart:    Cart{Value: 6800, Quantity: 2, SKUs: []string{"sku-1"}},
		Geo:     Geo{Country: "JP"},
	}
}

// The language, sentence by sentence: what each rule answers for somebody, at noon.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule string
		want bool
	}{
		{`true`, true},
		{`visitor.visits >= 3 && !visitor.new`, true},
		{`visitor.visits == 3.0 and visitor.age == 34`, true},
		{`cart.value > 6799 && cart.value < 6800.5`, true},
		{`visitor.age in 30..49`, true},
		{`visitor.age in 35..49`, false},
		{`visitor.visits in 1..3`, true},
		{`visitor.age in [33, 34]`, true},
		{`visitor.age not in [33, 34]`, false},
		{`visitor.rank in ["gold", "diamond"]`, true},
		{`visitor.rank not in ["gold", "diamond"]`, false},
		{`visitor.gender == "female" && visitor.rank != "silver"`, true},
		{`visitor.trait("plan") == "pro"`, true},
		{`visitor.trait("points") == "" && visitor.trait("gone") == ""`, true},
		{`visitor.trait_number("points") >= 100`, true},
		{`visitor.trait_number("gone") >= 0 || visitor.trait_number("gone") < 0`, false},
		{`page.query("q") == "靴" && page.query("none") == ""`, true},
		{`page.item.price > 9000 && page.item.id == "7"`, true},
		{`page.path startsWith "/items/" && page.path matches "^/items/[0-9]+$"`, true},
		{`page.title contains "靴"`, true},
		{`cart.has("sku-1") && !cart.has("sku-2")`, true},
		{`any(["jp", "us"], # == lower(geo.country))`, true},
		{`visitor.new ? visitor.visits > 9 : visitor.visits > 2`, true},
		{`now.hour == 12 && now.weekday == "fri" && now.date >= "2026-12-01" && now.month == 12 && now.day == 4`, true},
		// Unknown is not small, not large, not equal and not unequal.
		{`visitor.days_since_purchase < 30`, false},
		{`visitor.days_since_purchase >= 30`, false},
		{`visitor.days_since_purchase == 30`, false},
		{`visitor.days_since_purchase != 30`, false},
		{`30 != visitor.days_since_purchase`, false},
		{`visitor.days_since_purchase + 1 != 30`, false},
		{`visitor.days_since_purchase in 1..30`, false},
		{`visitor.days_since_purchase in [1, 30]`, false},
		{`visitor.days_since_purchase not in [1, 30]`, false},
		{`not (visitor.days_since_purchase in 1..30)`, false},
		{`visitor.days_since_purchase != visitor.age`, false},
		{`known(visitor.days_since_purchase)`, false},
		{`!known(visitor.days_since_purchase)`, true},
		{`known(visitor.age) && known(visitor.rank) && !known(page.lang) && known(visitor.visits)`, true},
	} {
		set := load(t, "", live("x", c.rule))
		m := set.Matcher()
		reason, detail := set.Why(m, set.Campaigns[0], somebody(), noon)
		if got := reason == ""; got != c.want || !got && reason != "rule_false" {
			t.Errorf("%s: %t (%s %s), want %t", c.rule, got, reason, detail, c.want)
		}
		set.Release(m)
	}
}

// Match lists what fits, highest priority first; Why names the first gate that does not.
func TestWhy(t *testing.T) {
	t.Parallel()
	set := load(t, "segments: {young: visitor.age < 30}",
		live("low", "visitor.visits == 3", "priority: 1"),
		live("high", "visitor.visits == 3", "priority: 9"),
		strings.Replace(live("shown-to-nobody", "true"), "live", "shadow", 1),
		strings.Replace(live("rests", "true"), "live", "paused", 1),
		live("later", "true", "schedule: {from: 2026-12-05}"),
		live("elsewhere", "true", "pages: [/cart]"),
		live("young", `visitor.visits == 3 && in_segment("young")`),
		live("breaks", `visitor.visits == 3 && split(page.path, "/")[5] == "x"`),
		live("breaks-too", `split(page.path, "/")[5] == "x"`),
	)
	if got, want := fmt.Sprint(matched(set, somebody(), noon)), "[high low shown-to-nobody]"; got != want {
		t.Errorf("matched %s, want %s", got, want)
	}
	m := set.Matcher()
	defer set.Release(m)
	for id, want := range map[string]string{
		"high": " ", "rests": "not_live paused", "later": "out_of_schedule ", "elsewhere": "page /items/7",
		"young":  "rule_false visitor.age < 30",
		"breaks": `error split(page.path, "/")[5] == "x": index out of range: 5 (array length is 3)`,
	} {
		c := set.Campaigns[slices.IndexFunc(set.Campaigns, func(c *Campaign) bool { return c.ID == id })]
		reason, detail := set.Why(m, c, somebody(), noon)
		if got := reason + " " + detail; got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	set.Match(m, somebody(), noon, nil)
	var failed []string
	for _, e := range m.Errors() {
		failed = append(failed, e.Campaign.ID)
	}
	if fmt.Sprint(failed) != "[breaks breaks-too]" {
		t.Errorf("failed rules are told of %v, want of both campaigns that share the condition", failed)
	}
	deep := somebody()
	deep.Page.Path = "/a/b/c/d/x"
	if got := matched(set, deep, noon); !slices.Contains(got, "breaks") {
		t.Errorf("matched %v: a failure must be forgotten with its visit", got)
	}
	if got := m.Errors(); len(set.Match(m, deep, noon, nil)) == 0 || len(m.Errors()) != 0 {
		t.Errorf("errors of an earlier visit are still told: %v", got)
	}
}

// Each campaign reads the clock of its own time zone, whatever it shares with others.
func TestClocks(t *testing.T) {
	t.Parallel()
	set := load(t, "",
		live("tokyo", "now.hour == 21", "schedule: {timezone: Asia/Tokyo}"),
		live("utc", "now.hour == 12"),
		live("new-york", "now.hour == 7 && visitor.visits == 3", "schedule: {timezone: America/New_York}"),
		live("nobody", "now.hour == 21"),
	)
	if got, want := fmt.Sprint(matched(set, somebody(), noon)), "[new-york tokyo utc]"; got != want {
		t.Errorf("matched %s, want %s", got, want)
	}
}
