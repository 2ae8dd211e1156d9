package rules

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// 1,000 campaigns of four conditions each, all in one slot and without any
// frequency, so that each must be compared with all above it: the worst there is.
// Ten repeat a wider one's rule below it and are found.
func BenchmarkLint(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%d_campaigns", n), func(b *testing.B) {
			var texts []string
			for i := range n - 10 {
				texts = append(texts, live(fmt.Sprintf("c%03d", i), strings.Join([]string{
					[]string{`!visitor.new`, `visitor.visits >= 2`, `visitor.purchases == 0`, `device.type == "mobile"`}[i%4],
					[]string{`visitor.gender == "female"`, `visitor.age in 30..49`, `visitor.rank in ["gold", "diamond"]`, `geo.country == "JP"`, `session.channel == "search"`}[i%5],
					fmt.Sprintf("cart.value >= %d", 1000*(i%10)),
					[]string{`visitor.trait("plan") == "pro"`, `page.item.price > 5000`, fmt.Sprintf(`page.item.id == "%d"`, i%20)}[i%3],
				}, " && "), "slot: bar", fmt.Sprintf("priority: %d", 10+i)))
			}
			for i := range 10 {
				texts = append(texts, live(fmt.Sprintf("low%d", i), "visitor.purchases == 0 && visitor.rank == \"gold\" && cart.value >= 9500 && page.item.id == \"2\"", "slot: bar", fmt.Sprintf("priority: %d", i)))
			}
			folder := fstest.MapFS{
				"campaigns/all.yaml": {Data: []byte(strings.Join(texts, "\n---\n"))},
				"site.yaml":          {Data: []byte("traits: {rank: {type: string}, gender: {type: string}, age: {type: number}, plan: {type: string}}")},
			}
			for b.Loop() {
				_, found, err := Lint(folder, LintOptions{Now: noon})
				beaten := 0
				for _, f := range found {
					if f.Code == "always_beaten" && strings.Contains(f.Excerpt, "low") {
						beaten++
					}
				}
				if beaten != 10 || err != nil {
					b.Fatalf("%d of 10 are found beaten: %v", beaten, err)
				}
			}
		})
	}
}
