package replay_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

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
			i, i%3, i, []string{"mobile", "desktop"}[i%2], 1+i%5, []string{"/cart", "/items/1", "/items/2", "/ranking", "/category", "/account", "/help"}[i%7],
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
	id := s.ledger.ID()
	sets, parsed := split(b, s.ledger.ID(), s.records())
	type raw struct {
		seq   uint64
		texts []string
	}
	visitors := map[string][]raw{} // as a source hands them over: nothing is parsed yet
	for visitor, visits := range parsed {
		for _, visit := range visits {
			r := raw{seq: visit[0].Event.Seq}
			for i := range visit {
				r.texts = append(r.texts, string(visit[i].Raw))
			}
			visitors[visitor] = append(visitors[visitor], r)
		}
	}
	s, parsed = nil, nil
	events, decisions, outcomes := 0, 0, 0
	var again []ingest.Record
	began := worked(b)
	for b.Loop() {
		player := replay.NewPlayer(sets, sets.Since(dawn)...)
		events, decisions, outcomes = 0, 0, 0
		for visitor, visits := range visitors {
			player.Begin(id, visitor)
			for _, visit := range visits {
				again = slices.Grow(again[:0], len(visit.texts))[:len(visit.texts)]
				for i, text := range visit.texts {
					if err := ingest.ParseInto(&again[i].Event, text); err != nil {
						b.Fatal(err)
					}
					again[i].Event.Seq, again[i].Event.Idx = visit.seq, uint16(i)
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
		if decisions < events/4 || outcomes < decisions {
			b.Fatalf("%d events, %d decisions, %d outcomes: not what this measures", events, decisions, outcomes)
		}
	}
	// Of processor time: what else runs on the machine is not replay's cost.
	b.ReportMetric(float64(events)*float64(b.N)/(worked(b)-began).Seconds(), "events/cpu-s")
	b.ReportMetric(float64(outcomes)/float64(decisions), "outcomes/decision")
	b.ReportMetric(float64(decisions)/float64(events), "decisions/event")
}

// worked is the processor time that this process has used.
func worked(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
