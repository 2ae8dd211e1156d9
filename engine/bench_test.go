package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

const matching = 2 // c50 and c70

// hundred live campaigns of four conditions each; two of them match the
// visitor of the benchmark.
func hundred() []string {
	var out []string
	for i := range 100 {
		out = append(out, fmt.Sprintf("id: c%02d\nstatus: live\nslot: s%d\npriority: %d\nfrequency: {max: 100000, per: session}\n"+
			"when: device.type == %q && visitor.visits >= %d && page.path startsWith %q && %s\n"+
			"variants: [{id: control, weight: 1}, {id: a, weight: 1, action: %s}]",
			i, i%3, i, []string{"mobile", "desktop"}[i%2], 1+i%5, []string{"/cart", "/", "/items", "/ranking", "/category", "/account", "/help"}[i%7],
			[]string{`visitor.rank == "gold"`, `geo.country != "JP"`, `now.hour < 12`, `now.hour < 18`, `visitor.rank in ["silver", "diamond"]`}[i/20], banner))
	}
	return out
}

// One visit: a page view folded, a hundred campaigns of four conditions
// decided with two that match, all committed to a real ledger.
func BenchmarkVisit(b *testing.B) {
	l := newLedger(b)
	e := started(b, l, hundred()...)
	visitors := make([]string, 1000)
	for i := range visitors {
		visitors[i] = fmt.Sprintf("018f3b1e-7a00-7d10-9b1a-%012d", i)
		if _, err := e.Visit(asked(e, visitors[i], dawn), dawn); err != nil {
			b.Fatal(err)
		}
	}
	before, n := l.Last(), 0
	b.ReportAllocs()
	for b.Loop() {
		now := dawn.Add(time.Duration(n) * time.Second / 10)
		answer, err := e.Visit(asked(e, visitors[n%len(visitors)], now), now)
		if err != nil {
			b.Fatal(err)
		}
		if answer.Decision == nil || len(answer.Decision.Outcomes) != matching || answer.New {
			b.Fatalf("%+v", answer.Decision)
		}
		n++
	}
	if got := int(l.Last() - before); got != n {
		b.Fatalf("%d visits are in the ledger, want %d", got, n)
	}
}

// The decision alone, without fold and commit.
func BenchmarkDecide(b *testing.B) {
	e := started(b, newLedger(b), hundred()...)
	v := asked(e, "018f3b1e-7a00-7d10-9b1a-000000000001", dawn)
	if _, err := e.Visit(v, dawn); err != nil {
		b.Fatal(err)
	}
	p, err := e.Profile(v.Visitor)
	if err != nil {
		b.Fatal(err)
	}
	r := *v.Decide
	b.ReportAllocs()
	for b.Loop() {
		if d := engine.Decide(e.Live(), p, r, dawn); len(d.Outcomes) != matching {
			b.Fatalf("%+v", d)
		}
	}
}

// A batch of five events of one visitor, none seen before.
func BenchmarkVisitOfFiveEvents(b *testing.B) {
	l := newLedger(b)
	e := started(b, l, hundred()...)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		v := engine.Visit{Visitor: fmt.Sprintf("visitor-%d", n%10_000), Events: make([]ingest.Event, 5)}
		for i := range v.Events {
			v.Events[i] = ingest.Event{ID: e.NewID(), Name: "search", Time: dawn.UnixMilli(), Received: dawn.UnixMilli(), Properties: []byte(`{"search_term":"knit"}`)}
		}
		answer, err := e.Visit(v, dawn)
		if err != nil || answer.Duplicates != 0 || answer.Seq == 0 {
			b.Fatalf("%+v, %v", answer, err)
		}
		n++
	}
}
