package rules

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// visitedSeven is a visitor from Japan on her third visit, on a phone, at noon.
func visitedSeven() Env {
	env := somebody()
	env.Page.Path = "/items/7"
	return env
}

// shared is n rules of four conditions over device, visits, path, rank, country
// and hour, 1 to 2 in 100 of which match visitedSeven. The conditions recur.
func shared(n int) []string {
	draw := rand.New(rand.NewPCG(3, 5))
	one := func(of ...string) string { return of[draw.IntN(len(of))] }
	rules := make([]string, n)
	for i := range rules {
		conditions := []string{
			fmt.Sprintf("device.type == %q", one("mobile", "tablet", "desktop")),
			fmt.Sprintf("visitor.visits >= %d", 1+draw.IntN(10)),
			fmt.Sprintf("page.path startsWith %q", one("/items", "/cart", "/guide", "/sale", "/brand")),
			fmt.Sprintf("visitor.rank in [%q, %q]", one("gold", "silver"), one("bronze", "diamond")),
			fmt.Sprintf("geo.country == %q", one("JP", "US", "TW")),
			fmt.Sprintf("now.hour >= %d", draw.IntN(24)),
		}
		draw.Shuffle(len(conditions), func(i, j int) { conditions[i], conditions[j] = conditions[j], conditions[i] })
		rules[i] = strings.Join(conditions[:4], " && ")
	}
	return rules
}

// own is shared with one of the four conditions replaced by one that no other
// rule has: a page, a segment's value or an amount.
func own(n int) []string {
	rules := shared(n)
	for i, rule := range rules {
		_, rest, _ := strings.Cut(rule, " && ")
		switch i % 3 {
		case 0:
			rest += fmt.Sprintf(` && page.path == "/items/%d"`, i)
		case 1:
			rest += fmt.Sprintf(` && visitor.rank == "seg%d"`, i)
		case 2:
			rest += fmt.Sprintf(` && cart.value == %d`, i)
		}
		rules[i] = rest
	}
	// Of those that are about the visitor's own page, segment and amount some match.
	rules[n/2] = `page.path == "/items/7" && device.type == "mobile" && visitor.visits >= 2 && geo.country == "JP"`
	return rules
}

// crowded is n rules of four conditions, much of it shared, about half of which
// match: a shop whose campaigns leave it to priority who is shown.
func crowded(n int) []string {
	rules := make([]string, n)
	for i := range rules {
		rules[i] = strings.Join([]string{
			[]string{`!visitor.new`, `visitor.visits >= 2`, `visitor.purchases == 0`, `device.type == "mobile"`}[i%4],
			[]string{`visitor.gender == "female"`, `visitor.age in 30..49`, `visitor.rank in ["gold", "diamond"]`, `geo.country == "JP"`, `session.channel == "search"`}[i%5],
			fmt.Sprintf("cart.value >= %d", 1000*(i%10)),
			[]string{`visitor.trait("plan") == "pro"`, `page.item.price > 5000`, fmt.Sprintf(`page.item.id == "%d"`, i%20)}[i%3],
		}, " && ")
	}
	return rules
}

func documentsOf(rules []string) []string {
	texts := make([]string, len(rules))
	for i, rule := range rules {
		texts[i] = live(fmt.Sprintf("c%05d", i), rule)
	}
	return texts
}

// folderOf is a folder of one file a campaign.
func folderOf(documents []string) fstest.MapFS {
	folder := fstest.MapFS{}
	for i, text := range documents {
		folder[fmt.Sprintf("campaigns/c%05d.yaml", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}

// All campaigns of a set against one visit; the answer is checked against expr
// running each whole rule.
func BenchmarkMatch(b *testing.B) {
	for _, kind := range []struct {
		name  string
		rules func(int) []string
		sizes []int
	}{
		{"", shared, []int{100, 1000, 10_000}},
		{"own/", own, []int{100, 1000, 10_000}},
		{"crowded/", crowded, []int{100, 1000}},
	} {
		for _, n := range kind.sizes {
			b.Run(fmt.Sprintf("%s%d", kind.name, n), func(b *testing.B) {
				rules := kind.rules(n)
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				set, found := Load(folderOf(documentsOf(rules)))
				if err := found.Err(); err != nil {
					b.Fatal(err)
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				var want []string
				plain := strings.NewReplacer("visitor.trait(", "visitor.Trait(", "visitor.age in 30..49", "visitor.age >= 30 && visitor.age <= 49")
				judge, visit := expression{}, visitedSeven()
				visit.Now = NowIn(noon, noon.Location())
				for i, rule := range rules {
					if holds, err := judge.holds(b, plain.Replace(rule), visit); err != nil {
						b.Fatal(err)
					} else if holds {
						want = append(want, fmt.Sprintf("c%05d", i))
					}
				}
				env, m := visitedSeven(), set.Matcher()
				dst := set.Match(m, env, noon, nil)
				b.ReportAllocs()
				for b.Loop() {
					dst = set.Match(m, env, noon, dst[:0])
				}
				var got []string
				for _, c := range dst {
					got = append(got, c.ID)
				}
				if len(want) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
					b.Fatalf("%v match, expr alone says %v", got, want)
				}
				b.ReportMetric(float64(len(dst)), "matches")
				b.ReportMetric(float64(len(set.predicates)), "predicates")
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/campaign")
			})
		}
	}
}

// The same as BenchmarkMatch/1000, by expr alone: every whole rule, compiled once.
func BenchmarkPlainExpr(b *testing.B) {
	b.Run("1000", func(b *testing.B) {
		rules := shared(1000)
		set := load(b, "", documentsOf(rules)...)
		want := len(matched(set, visitedSeven(), noon))
		env := visitedSeven()
		env.Now = NowIn(noon, noon.Location())
		var visit any = env
		programs := make([]*vm.Program, len(rules))
		for i, rule := range rules {
			var err error
			if programs[i], err = expr.Compile(rule, expr.Env(Env{}), expr.AsBool()); err != nil {
				b.Fatal(err)
			}
		}
		var machine vm.VM
		got := 0
		b.ReportAllocs()
		for b.Loop() {
			got = 0
			for _, p := range programs {
				if result, err := machine.Run(p, visit); err != nil {
					b.Fatal(err)
				} else if result.(bool) {
					got++
				}
			}
		}
		if got != want || got == 0 {
			b.Fatalf("%d match, the index says %d", got, want)
		}
	})
}

// A folder of so many files, in each a campaign as marketers write them, with a
// condition of its own.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			documents := make([]string, n)
			for i, rule := range own(n) {
				documents[i] = fmt.Sprintf(`id: c%05d
name: カゴ落ちクーポン %[1]d
status: live
when: '%[2]s'
pages: ["/cart", "/items/**", "!/items/sale/**"]
on: exit_intent
schedule: {from: 2026-12-01, until: 2026-12-25, days: [mon, fri], hours: ["20:00-02:00"], timezone: Asia/Tokyo}
frequency: [{max: 1, per: session}, {max: 3, per: 7d}, {after: {closes: 2, clicks: 1, conversions: 1}}]
slot: modal
priority: %[1]d
goal: {event: purchase, window: 72h, value: value}
variants:
  - {id: control, weight: 20}
  - id: coupon10
    weight: 80
    action: {type: coupon, code: WELCOME10, title: "今だけ10%%OFF", body: "ご注文前にどうぞ", expires: 24h, cost: 10%%}
`, i, rule)
			}
			folder := folderOf(documents)
			for b.Loop() {
				if set, found := Load(folder); found.Err() != nil || len(set.Campaigns) != n {
					b.Fatal(found)
				}
			}
		})
	}
}
