package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"pgregory.net/rapid"
)

// sentence is a condition, the same in plain expr, and its negation where that is not `!(…)`.
type sentence struct{ ours, plain, negated string }

// atoms are conditions in our language and the same in plain expr, the oracle. The
// negation of `in` is false, too, for an unknown number.
var atoms = []sentence{
	{`visitor.new`, `visitor.new`, ``},
	{`visitor.visits >= 2`, `visitor.visits >= 2`, ``},
	{`visitor.visits != 3`, `visitor.visits != 3`, ``},
	{`visitor.age != 34`, `(visitor.age == visitor.age && visitor.age != 34)`, ``},
	{`visitor.age in 30..49`, `(visitor.age >= 30 && visitor.age <= 49)`, `(visitor.age < 30 || visitor.age > 49)`},
	{`visitor.age not in [34, 35]`, `(visitor.age == visitor.age && not (visitor.age in [34, 35]))`, ``},
	{`known(visitor.age)`, `(visitor.age == visitor.age)`, ``},
	{`visitor.rank in ["gold", "diamond"]`, `visitor.rank in ["gold", "diamond"]`, ``},
	{`visitor.trait("plan") == "pro"`, `visitor.Trait("plan") == "pro"`, ``},
	{`visitor.trait_number("points") > 100`, `visitor.TraitNumber("points") > 100`, ``},
	{`cart.has("sku-1")`, `cart.Has("sku-1")`, ``},
	{`page.query("q") == "a"`, `page.Query("q") == "a"`, ``},
	{`page.path matches "^/items/"`, `page.path matches "^/items/"`, ``},
	{`now.hour >= 18`, `now.hour >= 18`, ``},
	{`now.weekday in ["sat", "sun"]`, `now.weekday in ["sat", "sun"]`, ``},
	{`visitor.visits in [1, 2.0, 3]`, `visitor.visits in [1, 2.0, 3]`, ``},
	{`visitor.age in [30, 34.0]`, `visitor.age in [30, 34.0]`, `(visitor.age == visitor.age && !(visitor.age in [30, 34.0]))`},
	{`visitor.visits <= 2.5`, `visitor.visits <= 2.5`, ``},
	{`visitor.age > 34`, `visitor.age > 34`, ``},
	{`visitor.age < visitor.visits * 12`, `visitor.age < visitor.visits * 12`, ``},
	{`page.path startsWith "/items"`, `page.path startsWith "/items"`, ``},
	{`page.path endsWith "7" `, `page.path endsWith "7"`, ``},
	{`page.item.id == "7"`, `page.item.id == "7"`, ``},
	{`visitor.rank == page.item.id`, `visitor.rank == page.item.id`, ``},
	{`visitor.new == true`, `visitor.new == true`, ``},
	{`in_segment("vip")`, `(visitor.rank == "gold" && cart.value > 5000)`, ``},
	{`split(page.path, "/")[2] == "7"`, `split(page.path, "/")[2] == "7"`, ``},                 // fails on short paths
	{`visitor.visits % visitor.purchases == 0`, `visitor.visits % visitor.purchases == 0`, ``}, // and where nobody bought
}

func ruleOf(depth int) *rapid.Generator[sentence] {
	return rapid.Custom(func(t *rapid.T) sentence {
		form := rapid.IntRange(0, 4).Draw(t, "form")
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
		return sentence{ours: "(" + a.ours + ")" + op + "(" + b.ours + ")", plain: "(" + a.plain + ")" + op + "(" + b.plain + ")"}
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
		env.Page.Path = rapid.SampledFrom([]string{"/", "/cart", "/items/7", "/items/8"}).Draw(t, "path")
		env.Page.URL = rapid.SampledFrom([]string{"/?q=a", "%zz", "https://shop.example/items/7?q=b"}).Draw(t, "url")
		env.Cart.Value = rapid.SampledFrom([]float64{0, 5000, 6000}).Draw(t, "value")
		env.Cart.SKUs = rapid.SampledFrom([][]string{nil, {"sku-1"}, {"sku-2"}}).Draw(t, "skus")
		return env
	})
}

// Whatever the rules and the visitor, the shared, memoised answer is that of
// each whole rule given to expr by itself; a rule that fails does not match.
func TestMatchEqualsExpr(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Asia/Tokyo"}
	rapid.Check(t, func(rt *rapid.T) {
		rules := rapid.SliceOfN(ruleOf(3), 1, 6).Draw(rt, "rules")
		var texts []string
		for i, r := range rules {
			texts = append(texts, live(fmt.Sprintf("c%d", i), r.ours, "schedule: {timezone: "+zones[i%2]+"}"))
		}
		set := load(t, `segments: {vip: 'visitor.rank == "gold" && cart.value > 5000'}`, texts...)
		m := set.Matcher()
		defer set.Release(m)
		for range 3 {
			env := envOf().Draw(rt, "env")
			now := noon.Add(time.Duration(rapid.IntRange(0, 72).Draw(rt, "hours")) * time.Hour)
			var got, want []string
			for _, c := range set.Match(m, env, now, nil) {
				got = append(got, c.ID)
			}
			for i, r := range rules {
				if naive(rt, r.plain, env, now, zones[i%2]) {
					want = append(want, fmt.Sprintf("c%d", i))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				rt.Fatalf("matched %v, expr alone says %v", got, want)
			}
		}
	})
}

func naive(t rapid.TB, rule string, env Env, now time.Time, zone string) bool {
	program, err := expr.Compile(rule, expr.Env(Env{}), expr.AsBool())
	if err != nil {
		t.Fatal(err)
	}
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	env.Now = NowIn(now, z)
	result, err := expr.Run(program, env)
	return err == nil && result.(bool)
}
