package rules

import (
	"fmt"
	"testing"
)

// 1,000 campaigns that count, 1,000 distinct conditions over 50 counters, of
// which every 20th is true.
func BenchmarkMatchCounting(b *testing.B) {
	var texts []string
	for i := range 1000 {
		texts = append(texts, live(fmt.Sprintf("c%03d", i), fmt.Sprintf(`count("purchase", "%dd") >= %d`, i%50+1, i/50)))
	}
	set := load(b, "", texts...)
	env := somebody()
	env.Counters = oftenAs(0)
	m := set.Matcher()
	dst := set.Match(m, env, noon, nil)
	b.ReportAllocs()
	for b.Loop() {
		dst = set.Match(m, env, noon, dst[:0])
	}
	if len(dst) != 50 || len(set.predicates) != 1000 || len(set.Counters) != 50 {
		b.Fatalf("%d match by %d predicates over %d counters", len(dst), len(set.predicates), len(set.Counters))
	}
}

// One event judged for a derived event, by a field and by a property.
func BenchmarkCounts(b *testing.B) {
	set := folder(b, map[string]string{
		"segments.yaml":    "derived: {f: {event: view_item, where: 'event.item_category == \"shoes\"'}, p: {event: view_item, where: 'event.prop(\"size\") == \"24\"'}}",
		"campaigns/x.yaml": live("x", `count("f") > 1 && count("p") > 1`),
	})
	m := set.Matcher()
	event := Event{Name: "view_item", ItemCategory: "shoes", Props: map[string]any{"size": "24"}}
	for i, stream := range set.Streams {
		b.Run(stream.where[0].text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !set.Counts(m, i, event) {
					b.Fatal("the event does not count")
				}
			}
		})
	}
}
