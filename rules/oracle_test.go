package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
	"pgregory.net/rapid"
)

// sentence is a condition, the same in plain expr, and its negation where that is not `!(…)`.
type sentence struct {
	ours, plain, negated string
	parts                []string // in plain expr, what && joins at the top; none: plain
}

func (s sentence) conjuncts() []string {
	if s.parts == nil {
		return []string{s.plain}
	}
	return s.parts
}

func alike(rule string) sentence { return sentence{ours: rule, plain: rule} }

// allOf is all of the sentences.
func allOf(sentences []sentence) sentence {
	if len(sentences) == 1 {
		return sentences[0] // brackets do not change what is negated
	}
	var all sentence
	for i, s := range sentences {
		if i > 0 {
			all.ours, all.plain = all.ours+" && ", all.plain+" && "
		}
		all.ours, all.plain, all.parts = all.ours+"("+s.ours+")", all.plain+"("+s.plain+")", slices.Concat(all.parts, s.conjuncts())
	}
	return all
}

// atoms are conditions in our language and the same in plain expr, the oracle. The
// negation of `in` is false, too, for an unknown number.
var atoms = []sentence{
	alike(`visitor.new`),
	alike(`visitor.visits >= 2`),
	alike(`visitor.visits != 3`),
	{ours: `visitor.age != 34`, plain: `(visitor.age == visitor.age && visitor.age != 34)`},
	{ours: `visitor.age in 30..49`, plain: `(visitor.age >= 30 && visitor.age <= 49)`, negated: `(visitor.age < 30 || visitor.age > 49)`},
	{ours: `visitor.age not in [34, 35]`, plain: `(visitor.age == visitor.age && not (visitor.age in [34, 35]))`},
	{ours: `known(visitor.age)`, plain: `(visitor.age == visitor.age)`},
	alike(`visitor.rank in ["gold", "diamond"]`),
	{ours: `visitor.trait("plan") == "pro"`, plain: `visitor.Trait("plan") == "pro"`},
	{ours: `visitor.trait_number("points") > 100`, plain: `visitor.TraitNumber("points") > 100`},
	{ours: `cart.has("sku-1")`, plain: `cart.Has("sku-1")`},
	{ours: `page.query("q") == "a"`, plain: `page.Query("q") == "a"`},
	alike(`page.path matches "^/items/"`),
	alike(`now.hour >= 18`),
	alike(`now.weekday in ["sat", "sun"]`),
	alike(`visitor.visits in [1, 2.0, 3]`),
	{ours: `visitor.age in [30, 34.0]`, plain: `visitor.age in [30, 34.0]`, negated: `(visitor.age == visitor.age && !(visitor.age in [30, 34.0]))`},
	alike(`visitor.visits <= 2.5`),
	alike(`visitor.age > 34`),
	alike(`visitor.age < visitor.visits * 12`),
	alike(`page.path startsWith "/items"`),
	{ours: `page.path endsWith "7" `, plain: `page.path endsWith "7"`},
	alike(`page.item.id == "7"`),
	alike(`visitor.rank == page.item.id`),
	alike(`visitor.new == true`),
	{ours: `in_segment("vip")`, plain: `(visitor.rank == "gold" && cart.value > 5000)`},
	alike(`split(page.path, "/")[2] == "7"`),         // fails on short paths
	alike(`visitor.visits % visitor.purchases == 0`), // and where nobody bought
	alike(`event.name == "purchase"`),
	{ours: `event.value != 3`, plain: `(event.value == event.value && event.value != 3)`},
	{ours: `event.prop("q") == "a"`, plain: `event.Prop("q") == "a"`},
	{ours: `count("purchase", "7d") >= 2`, plain: `cart.quantity >= 2`}, // see envOf
	{ours: `count("purchase", "7d") in 1..2`, plain: `(cart.quantity >= 1 && cart.quantity <= 2)`},
	{ours: `sum("purchase.value") > 1 || seconds_since("login") < 1`, plain: `cart.quantity != 1`},
	{ours: `did("purchase", "session")`, plain: `cart.quantity > 0`},
	{ours: `operators_online() == 3`, plain: `cart.quantity == 3`},
	alike(`visitor.rank == ""`),
	alike(`visitor.rank < "gold"`),
	alike(`visitor.rank >= ""`),
	alike(`visitor.rank != "gold"`),
	alike(`visitor.rank == visitor.rank`),
	alike(`"gold" == visitor.rank`),
	alike(`visitor.new != true`),
	alike(`visitor.identified || visitor.new == false`),
	alike(`page.path == "/items/7"`),
	alike(`page.path startsWith "/items/"`),
	alike(`page.path startsWith ""`),
	alike(`page.title contains "靴" && page.title startsWith "靴"`),
	alike(`page.title > "靴"`),
	alike(`now.date >= "2026-12-05"`),
	alike(`now.minute == 0`),
	alike(`cart.value > -1`),
	alike(`cart.value in [0, -5, 5000]`),
	alike(`visitor.visits >= 2 && visitor.visits < 4`),
	alike(`visitor.visits == 1 || visitor.visits > 3 || visitor.visits == 3`),
	{ours: `known(visitor.trait_number("points"))`, plain: `visitor.TraitNumber("points") == visitor.TraitNumber("points")`},
	{ours: `event.prop("size") != "L"`, plain: `event.Prop("size") != "L"`},
	{ours: `event.prop_number("stock") < 3`, plain: `event.PropNumber("stock") < 3`},
	{ours: `visitor.trait("plan") in ["", "free"]`, plain: `visitor.Trait("plan") in ["", "free"]`},
}

func ruleOf(depth int) *rapid.Generator[sentence] {
	return rapid.Custom(func(t *rapid.T) sentence {
		form := rapid.IntRange(0, 5).Draw(t, "form")
		if form == 5 { // as rules mostly are
			return allOf(rapid.SliceOfN(rapid.SampledFrom(atoms), 1, 4).Draw(t, "all of"))
		}
		if depth == 0 || form == 0 {
			return rapid.SampledFrom(atoms).Draw(t, "atom")
		}
		a := ruleOf(depth-1).Draw(t, "a")
		if form == 1 {
			plain := a.negated
			if plain == "" {
				plain = "!(" + a.plain + ")"
			}
			return sentence{ours: "!(" + a.ours + ")", plain: plain}
		}
		b := ruleOf(depth-1).Draw(t, "b")
		op := map[int]string{2: " || ", 3: " && ", 4: " and "}[form]
		both := sentence{ours: "(" + a.ours + ")" + op + "(" + b.ours + ")", plain: "(" + a.plain + ")" + op + "(" + b.plain + ")"}
		if form != 2 {
			both.parts = slices.Concat(a.conjuncts(), b.conjuncts())
		}
		return both
	})
}

func envOf() *rapid.Generator[Env] {
	return rapid.Custom(func(t *rapid.T) Env {
		env := somebody()
		env.Visitor.New = rapid.Bool().Draw(t, "new")
		env.Visitor.Visits = rapid.IntRange(0, 4).Draw(t, "visits")
		env.Visitor.Purchases = rapid.IntRange(0, 2).Draw(t, "purchases")
		env.Visitor.Age = rapid.SampledFrom([]float64{Unknown, 29, 30, 34, 49, 50}).Draw(t, "age")
		env.Visitor.Rank = rapid.SampledFrom([]string{"", "gold", "diamond"}).Draw(t, "rank")
		env.Visitor.Traits = rapid.SampledFrom([]map[string]any{nil, {"plan": "pro", "points": 50.0}, {"points": 150.0}}).Draw(t, "traits")
		env.Page.Path = rapid.SampledFrom([]string{"", "/", "/cart", "/items", "/items/", "/items/7", "/items/8", "/items/sale/7", "/itemsx"}).Draw(t, "path")
		env.Event.Props = rapid.SampledFrom([]map[string]any{nil, {"size": "L", "stock": 2.0}, {"size": 3.0, "stock": 3.0}}).Draw(t, "props")
		env.Page.Title = rapid.SampledFrom([]string{"", "靴", "靴 2"}).Draw(t, "title")
		env.Page.URL = rapid.SampledFrom([]string{"/?q=a", "%zz", "https://shop.example/items/7?q=b"}).Draw(t, "url")
		env.Cart.Value = rapid.SampledFrom([]float64{0, 5000, 6000}).Draw(t, "value")
		env.Event.Name = rapid.SampledFrom([]string{"page_view", "purchase"}).Draw(t, "event")
		env.Event.Value = rapid.SampledFrom([]float64{Unknown, 3, 4}).Draw(t, "event value")
		env.Event.Props = rapid.SampledFrom([]map[string]any{nil, {"q": "a"}, {"q": 1.0}}).Draw(t, "event props")
		env.Cart.Quantity = rapid.IntRange(0, 3).Draw(t, "quantity")
		env.Counters, env.Facts.OperatorsOnline = oftenAs(env.Cart.Quantity), env.Cart.Quantity
		env.Cart.SKUs = rapid.SampledFrom([][]string{nil, {"sku-1"}, {"sku-2"}}).Draw(t, "skus")
		return env
	})
}

// oftenAs is a past in which every counter has one value, that of a field which
// expr alone can read as well.
type oftenAs int

func (o oftenAs) Number(int) float64 { return float64(o) }
func (o oftenAs) Text(int) string    { return "" }

// Whatever the campaigns and the visitor, the index and what is asked after it
// answer as each whole rule does that expr is given by itself, and Why names the
// first gate that stopped. A rule with a false condition is false: it is in error
// only when a condition fails and none is false, in whatever order they stand.
func TestMatchEqualsExpr(t *testing.T) {
	t.Parallel()
	judge := expression{}
	rapid.Check(t, func(rt *rapid.T) {
		rules := rapid.SliceOfN(ruleOf(3), 4, 16).Draw(rt, "rules")
		// With more than 64 campaigns a bitmap has several words, and what few of
		// them ask is not indexed.
		n := rapid.SampledFrom([]int{1, 5, 70, 200}).Draw(rt, "n")
		written := rapid.SliceOfN(campaignOf(len(rules)), n, n).Draw(rt, "campaigns")
		var texts []string
		for i, w := range written {
			texts = append(texts, w.text(fmt.Sprintf("c%03d", i), rules[w.rule].ours))
		}
		set := load(t, `segments: {vip: 'visitor.rank == "gold" && cart.value > 5000'}`, texts...)
		m := set.Matcher()
		defer set.Release(m)
		var dst []*Campaign
		for range 3 {
			env := envOf().Draw(rt, "env")
			now := noon.Add(time.Duration(rapid.IntRange(0, 72).Draw(rt, "hours")) * time.Hour).
				Add(rapid.SampledFrom([]time.Duration{0, 1, 400, 600, time.Minute}).Draw(rt, "more"))
			dst = set.Match(m, env, now, dst[:0])
			var got, gotFailed, want, wantFailed []string
			for _, c := range dst {
				got = append(got, c.ID)
			}
			for _, failed := range m.Errors() {
				gotFailed = append(gotFailed, failed.Campaign.ID)
			}
			for _, c := range set.Campaigns {
				var place int
				if _, err := fmt.Sscanf(c.ID, "c%d", &place); err != nil {
					rt.Fatal(err)
				}
				reason := judge.first(rt, c, rules[written[place].rule].conjuncts(), env, now)
				switch reason {
				case "":
					want = append(want, c.ID)
				case "error":
					wantFailed = append(wantFailed, c.ID)
				}
				if why, detail := set.Why(m, c, env, now); why != reason {
					rt.Fatalf("%s: %q (%s), expr alone says %q", c.ID, why, detail, reason)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(gotFailed) != fmt.Sprint(wantFailed) {
				rt.Fatalf("matched %v, failed %v; expr alone says %v and %v", got, gotFailed, want, wantFailed)
			}
		}
	})
}

// writing is what a campaign of the property test holds beside its rule.
type writing struct {
	rule, priority          int
	status, pages, schedule string
}

func (w writing) text(id, rule string) string {
	text := live(id, rule, fmt.Sprintf("priority: %d", w.priority), w.pages, w.schedule)
	return strings.Replace(text, "status: live", "status: "+w.status, 1)
}

func campaignOf(rules int) *rapid.Generator[writing] {
	return rapid.Custom(func(t *rapid.T) writing {
		return writing{
			rule:     rapid.IntRange(0, rules-1).Draw(t, "rule"),
			priority: rapid.IntRange(0, 3).Draw(t, "priority"),
			status:   rapid.SampledFrom([]string{"live", "live", "live", "live", "shadow", "paused", "ended"}).Draw(t, "status"),
			pages: rapid.SampledFrom([]string{
				"", "", "", "pages: [/cart]", "pages: /**", "pages: /items/**", `pages: ["/items/**", "!/items/sale/**"]`, `pages: ["!/cart", "!/items/7"]`,
				`pages: ["!/items/**", /items/7, "!/cart"]`, "pages: /", `pages: "!/"`, `pages: "/items/*"`, `pages: ["/*/7", /cart]`, `pages: ["/**", "!/items/*/7"]`,
			}).Draw(t, "pages"),
			schedule: rapid.SampledFrom([]string{
				"", "", "", "schedule: {timezone: Asia/Tokyo}", "schedule: {timezone: America/New_York, days: fri}", "schedule: {from: 2026-12-05}",
				"schedule: {until: 2026-12-04, timezone: Asia/Tokyo}", `schedule: {hours: "20:00-02:00"}`, `schedule: {hours: "20:00-02:00", days: [fri, sat], timezone: Asia/Tokyo}`,
				`schedule: {hours: ["09:00-12:00", "13:00-24:00"], from: "2026-12-04T12:00", until: "2026-12-06T12:00"}`, `schedule: {from: "2026-12-04T15:00:00.0000005"}`,
			}).Draw(t, "schedule"),
		}
	})
}

// expression judges by plain expr; programs are kept by their text.
type expression map[string]*vm.Program

// first is the reason code of the first gate that stops a campaign, "" for none.
func (e expression) first(t rapid.TB, c *Campaign, conjuncts []string, env Env, now time.Time) string {
	env.Now = NowIn(now, c.Zone)
	switch {
	case c.Status != Live && c.Status != Shadow:
		return "not_live"
	case !c.Schedule.Open(now, c.Zone):
		return "out_of_schedule"
	case !c.pages.match(env.Page.Path):
		return "page"
	}
	reason := ""
	for _, rule := range conjuncts {
		holds, err := e.holds(t, rule, env)
		switch {
		case err != nil && reason == "":
			reason = "error"
		case err == nil && !holds:
			reason = "rule_false"
		}
	}
	return reason
}

func (e expression) holds(t rapid.TB, rule string, env Env) (bool, error) {
	if e[rule] == nil {
		program, err := expr.Compile(rule, expr.Env(Env{}), expr.AsBool())
		if err != nil {
			t.Fatal(err)
		}
		e[rule] = program
	}
	result, err := expr.Run(e[rule], env)
	return err == nil && result.(bool), err
}
