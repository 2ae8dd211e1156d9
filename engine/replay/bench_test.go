package replay_test

import (
	"fmt"
	"testing"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// hundred campaigns of four conditions each; of those, some match each page.
func hundred() []string {
	var out []string
	for i := range 100 {
		out = append(out, fmt.Sprintf("id: c%02d\nstatus: live\nslot: s%d\npriority: %d\nfrequency: {max: 3, per: session}\n"+
			"when: device.type == %q && visitor.visits >= %d && page.path startsWith %q && %s\n"+
			"variants: [{id: control, weight: 1}, {id: a, weight: 1, action: %s}]",
			i, i%3, i, []string{"mobile", "desktop"}[i%2], 1+i%5, []string{"/cart", "/", "/items", "/ranking", "/category", "/account", "/help"}[i%7],
			[]string{`visitor.rank == "gold"`, `geo.country != "JP"`, `now.hour < 12`, `now.hour < 18`, `visitor.rank in ["silver", "diamond"]`}[i/20], banner))
	}
	return out
}

// Recorded traffic of a shop with a hundred campaigns, of which one in four
// events are decisions: read from its canonical JSON, folded, and every
// decision made again and compared with the logged one.
func BenchmarkReplay(b *testing.B) {
	s := newShop(b, 200, 11)
	s.use(load(b, hundred()...))
	for range 20_000 {
		s.step()
	}
	sets, visitors := split(b, s.ledger.ID(), s.records())
	events, decisions, outcomes := 0, 0, 0
	for b.Loop() {
		player := replay.NewPlayer(sets)
		events, decisions, outcomes = 0, 0, 0
		for visitor, visits := range visitors {
			player.Begin(s.ledger.ID(), visitor)
			for _, visit := range visits {
				again := make([]ingest.Record, len(visit))
				for i, r := range visit {
					event, err := ingest.Parse(r.Raw)
					if err != nil {
						b.Fatal(err)
					}
					event.Seq, event.Idx = r.Event.Seq, r.Event.Idx
					again[i] = ingest.Record{Event: event, Raw: r.Raw}
				}
				events += len(again)
				err := player.Visit(again, func(m *replay.Moment) error {
					decisions++
					outcomes += len(m.Logged.Props.Outcomes)
					if d := replay.Compare(m.Logged.Props.Outcomes, m.Again().Outcomes); d != nil {
						return fmt.Errorf("%s at %d: %+v", visitor, m.Seq, d[0])
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		if decisions < events/4 || outcomes < decisions/2 {
			b.Fatalf("%d events, %d decisions, %d outcomes: not what this measures", events, decisions, outcomes)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(decisions)/float64(events), "decisions/event")
}
