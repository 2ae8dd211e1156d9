package rules

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// shopful is n campaigns of four conditions each, much of it shared, as in a
// shop whose campaigns differ in one condition or two.
func shopful(n int) []string {
	var texts []string
	for i := range n {
		texts = append(texts, live(fmt.Sprintf("c%03d", i), strings.Join([]string{
			[]string{`!visitor.new`, `visitor.visits >= 2`, `visitor.purchases == 0`, `device.type == "mobile"`}[i%4],
			[]string{`visitor.gender == "female"`, `visitor.age in 30..49`, `visitor.rank in ["gold", "diamond"]`, `geo.country == "JP"`, `session.channel == "search"`}[i%5],
			fmt.Sprintf("cart.value >= %d", 1000*(i%10)),
			[]string{`visitor.trait("plan") == "pro"`, `page.item.price > 5000`, fmt.Sprintf(`page.item.id == "%d"`, i%20)}[i%3],
		}, " && ")))
	}
	return texts
}

// Campaigns of four conditions each, 41 distinct, all live: about half match. The
// answer is checked against expr running each whole rule.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%d_campaigns", n), func(b *testing.B) {
			set := load(b, "", shopful(n)...)
			env, want := somebody(), 0
			for _, c := range set.Campaigns {
				var whole []string
				for _, i := range c.when {
					whole = append(whole, set.predicates[i].text)
				}
				rule := strings.NewReplacer("visitor.trait(", "visitor.Trait(", "visitor.age in 30..49", "visitor.age >= 30 && visitor.age <= 49").Replace(strings.Join(whole, " && "))
				if naive(b, rule, env, noon, "UTC") {
					want++
				}
			}
			m := set.Matcher()
			dst := set.Match(m, env, noon, nil)
			b.ReportAllocs()
			for b.Loop() {
				dst = set.Match(m, env, noon, dst[:0])
			}
			if len(dst) != want || want == 0 {
				b.Fatalf("%d match, expr alone says %d", len(dst), want)
			}
			b.ReportMetric(float64(len(set.predicates)), "predicates")
			b.ReportMetric(float64(len(dst)), "matches")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	folder := fstest.MapFS{"campaigns/all.yaml": {Data: []byte(strings.Join(shopful(100), "\n---\n"))}}
	for b.Loop() {
		if set, found := Load(folder); len(found) > 0 || len(set.Campaigns) != 100 {
			b.Fatal(found)
		}
	}
}
