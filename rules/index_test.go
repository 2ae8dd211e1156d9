package rules

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the index holds of a campaign, and what is asked after it, by what its
// author wrote.
func TestIndexed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ written, attributes, left string }{
		{`visitor.visits >= 2`, "visits", ""},
		{`visitor.new && !visitor.identified`, "identified new", ""},
		{`visitor.visits in 2..4 && visitor.visits != 3`, "visits", ""},
		{`visitor.age < 30 || visitor.age >= 60 || !known(visitor.age)`, "age", ""},
		{`visitor.rank in ["gold", "diamond"]`, "rank", ""},
		{`visitor.trait("plan") == "pro" && visitor.trait_number("points") > 9`, "plan points", ""},
		{`page.path startsWith "/items/" && page.item.id != ""`, "id path", ""},
		{`cart.value > -1`, "value", ""},
		{`now.hour >= 18 && now.date >= "2026-12-01"`, "hour in UTC, date in UTC", ""},
		{`true`, "", "true"},
		{`page.title contains "靴" && visitor.new`, "new", `page.title contains "靴"`},
		{`visitor.new || visitor.visits < 3`, "", `visitor.new || visitor.visits < 3`},
		{`page.path matches "^/a" && cart.has("x")`, "x", `page.path matches "^/a"`},
		{`event.prop("size") == "L" && event.prop_number("stock") < 3`, "size stock", ""},
		{`count("purchase", "30d") == 0 && did("login") && visitor.new`, "new", `count("purchase", "30d") == 0, did("login")`},
		{`visitor.visits < visitor.purchases`, "", `visitor.visits < visitor.purchases`},
	} {
		set := load(t, "", live("x", c.written))
		var attributes []string
		for _, a := range set.index.attributes {
			attributes = append(attributes, a.on.key)
		}
		for _, want := range strings.FieldsFunc(c.attributes, func(r rune) bool { return r == ' ' || r == ',' }) {
			if !strings.Contains(strings.Join(attributes, " "), want) {
				t.Errorf("%s: attributes %q, want one of %s", c.written, attributes, want)
			}
		}
		var left []string
		if l := set.index.columns[0].left; l != nil {
			for _, i := range l.when {
				left = append(left, set.predicates[i].text)
			}
		}
		if got := strings.Join(left, ", "); got != c.left || c.attributes == "" && attributes != nil {
			t.Errorf("%s: attributes %q, left %q, want %q", c.written, attributes, got, c.left)
		}
	}
}

// Pages and page.path are one attribute; a pattern with a star in the middle and
// a bound finer than the index's clock are asked again.
func TestIndexedGates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		keys, attributes string
		left             *left
	}{
		{"pages: [/items/**, '!/items/sale/**']", `(. page "path")`, nil},
		{"pages: /items/*", `(. page "path")`, &left{pages: true}},
		{"schedule: {from: 2026-12-01, until: 2026-12-24}", `(. page "path"), the moment`, nil},
		{`schedule: {hours: "20:00-02:00", timezone: Asia/Tokyo}`, `(. page "path"), the week in Asia/Tokyo`, nil},
		{`schedule: {from: "2026-12-01T00:00:00.0000001"}`, `(. page "path")`, &left{schedule: true}},
	} {
		set := load(t, "", live("x", `page.path != "/"`, c.keys))
		var attributes []string
		for _, a := range set.index.attributes {
			attributes = append(attributes, a.on.key)
		}
		if got := strings.Join(attributes, ", "); got != c.attributes {
			t.Errorf("%s: attributes %s, want %s", c.keys, got, c.attributes)
		}
		if got := set.index.columns[0].left; fmt.Sprint(got) != fmt.Sprint(c.left) {
			t.Errorf("%s: left %v, want %v", c.keys, got, c.left)
		}
	}
}

// A subject that few of many campaigns are about is no attribute: it would cost
// each visit more than asking those few.
func TestFewAreAsked(t *testing.T) {
	t.Parallel()
	var texts []string
	for i := range 200 { // four words
		rule := `visitor.visits == 3`
		if i < 3 {
			rule += ` && geo.country == "JP"`
		} else if i < 7 {
			rule += ` && geo.city == "Kyoto"`
		}
		texts = append(texts, live(fmt.Sprintf("c%03d", i), rule))
	}
	set := load(t, "", texts...)
	var attributes []string
	for _, a := range set.index.attributes {
		attributes = append(attributes, a.on.key)
	}
	if got, want := fmt.Sprint(attributes), `[(. geo "city") (. visitor "visits")]`; got != want {
		t.Errorf("attributes %s, want %s", got, want)
	}
	if got := matched(set, somebody(), noon); len(got) != 196 || got[2] != "c002" || got[3] != "c007" {
		t.Errorf("%d match, want all but the four of Kyoto: %v", len(got), got)
	}
}

// Thousands of campaigns, each with a value of its own: what the index keeps and
// what a visit passes over grow with the conditions and not with their square.
func TestIndexGrowsWithTheRules(t *testing.T) {
	t.Parallel()
	var texts []string
	const n = 5000
	for i := range n {
		rule := fmt.Sprintf(`page.path == "/items/%d"`, i)
		if i%2 == 0 {
			rule = fmt.Sprintf(`cart.value > %d && device.type == "mobile"`, i)
		}
		texts = append(texts, live(fmt.Sprintf("c%d", i), rule))
	}
	set, found := Load(folderOf(texts))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	words := len(set.index.all)
	for _, a := range set.index.attributes {
		bitmaps := map[*uint64]bool{}
		for _, c := range a.cells {
			bitmaps[&c.start[0]] = true
			if int(c.until-c.from) > words {
				t.Fatalf("%s: a cell is %d changes away from its bitmap of %d words", a.on.key, c.until-c.from, words)
			}
		}
		if kept := len(bitmaps) * words; kept > len(a.changes)+words {
			t.Errorf("%s: %d words of bitmaps for %d changes", a.on.key, kept, len(a.changes))
		}
	}
	env := somebody()
	env.Page.Path, env.Cart.Value = "/items/4711", 8
	if got, want := fmt.Sprint(matched(set, env, noon)), "[c0 c2 c4 c4711 c6]"; got != want {
		t.Errorf("matched %s, want %s", got, want)
	}
}

// A visit that asks nothing but the index takes no memory.
func TestMatchAllocatesNothing(t *testing.T) {
	texts := documentsOf(append(shared(300), own(300)...))
	for i := range texts {
		if i%3 == 0 {
			texts[i] += fmt.Sprintf("\npages: [/items/**, '!/items/%d']\nschedule: {days: [thu, fri], hours: '09:00-18:00', until: 2027-01-%02d}", i, 1+i%30)
		}
	}
	set := load(t, "", texts...)
	m, env := set.Matcher(), somebody()
	dst := set.Match(m, env, noon, nil)
	if len(dst) == 0 {
		t.Fatal("nothing matches")
	}
	if n := testing.AllocsPerRun(100, func() { dst = set.Match(m, env, noon, dst[:0]) }); n != 0 {
		t.Errorf("%v allocations a visit, want none", n)
	}
}

// A false condition makes a rule false, also behind one that fails; among those
// that fail the first is told.
func TestFalseIsNotAnError(t *testing.T) {
	t.Parallel()
	const fails, too, no, yes = `split(page.path, "/")[7] == "a"`, `split(page.path, "/")[8] == "b"`, `page.title contains "hat"`, `page.title contains "靴"`
	for _, c := range []struct{ rule, reason, detail string }{
		{fails, "error", fails},
		{fails + " && " + no, "rule_false", no},
		{no + " && " + fails, "rule_false", no},
		{fails + " && visitor.new", "rule_false", "visitor.new"},
		{yes + " && " + too + " && " + fails, "error", too},
	} {
		set := load(t, "", live("x", c.rule))
		m := set.Matcher()
		reason, detail := set.Why(m, set.Campaigns[0], somebody(), noon)
		if reason != c.reason || !strings.HasPrefix(detail, c.detail) {
			t.Errorf("%s: %s %s, want %s %s", c.rule, reason, detail, c.reason, c.detail)
		}
		set.Match(m, somebody(), noon, nil)
		if got := len(m.Errors()) == 1; got != (c.reason == "error") {
			t.Errorf("%s: errors %v", c.rule, m.Errors())
		}
	}
}

// Workers that share a set and see different visitors keep them apart.
func TestVisitorsConcurrently(t *testing.T) {
	t.Parallel()
	rules := append(own(150), shared(150)...)
	rules = append(rules, `page.title contains "靴" && split(page.path, "/")[2] == "7"`, `cart.has("sku-1") && now.minute < 30`)
	set := load(t, "", documentsOf(rules)...)
	type visit struct {
		env  Env
		now  time.Time
		want string
	}
	var visits []visit
	for i := range 40 {
		v := visit{env: somebody(), now: noon.Add(time.Duration(i*17) * time.Minute)}
		v.env.Page.Path = []string{"", "/", "/items", "/items/7", "/items/42"}[i%5]
		v.env.Visitor.Rank, v.env.Cart.Value = []string{"gold", "seg7", ""}[i%3], float64(i)
		v.want = fmt.Sprint(matched(set, v.env, v.now))
		visits = append(visits, v)
	}
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for i := range visits {
				v := visits[(i+worker*5)%len(visits)]
				if got := fmt.Sprint(matched(set, v.env, v.now)); got != v.want {
					t.Errorf("matched %s, want %s", got, v.want)
					return
				}
			}
		})
	}
	workers.Wait()
}

// The clock that is kept for a minute shows what a fresh one does, in any order
// of visits.
func TestWall(t *testing.T) {
	t.Parallel()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	var clock wall
	for _, after := range []time.Duration{
		0, 1, 59 * time.Second, time.Minute, time.Hour, time.Hour + time.Second, 25 * time.Hour, 49*time.Hour + 59*time.Minute,
		0, 365 * 24 * time.Hour, 2 * 365 * 24 * time.Hour, -time.Minute,
	} {
		now := noon.Add(after).In(tokyo)
		if got, want := clock.read(now), NowIn(now, tokyo); got != want {
			t.Errorf("after %s the clock shows %+v, want %+v", after, got, want)
		}
	}
}
