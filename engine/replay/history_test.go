package replay_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse/clickhousetest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// loaded moves the shop's ledger to a real warehouse, as far as it goes now.
func (s *shop) loaded() (*warehouse.Warehouse, *loader.Loader) {
	s.Helper()
	return s.loadedInto(clickhousetest.DSN(s))
}

func (s *shop) loadedInto(dsn string) (*warehouse.Warehouse, *loader.Loader) {
	s.Helper()
	w, err := warehouse.Open(context.Background(), dsn)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := w.Close(); err != nil {
			s.Error(err)
		}
	})
	if err := s.ledger.Sync(); err != nil {
		s.Fatal(err)
	}
	l := loader.New(s.ledger, w, loader.Config{Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	running, end := context.WithCancel(ctx)
	var run sync.WaitGroup
	run.Go(func() {
		if err := l.Run(running); err != nil {
			s.Error(err)
		}
	})
	if err := l.Flush(ctx); err != nil {
		s.Error(err)
	}
	end()
	run.Wait()
	return w, l
}

// The whole way: engine, ledger, loader, a real ClickHouse, and back. A day of
// traffic with caps, slots, holds, browser triggers, late events, duplicates,
// identifies and two reloads in it is reproduced from the warehouse.
func TestADayIsReproducedFromTheWarehouse(t *testing.T) {
	t.Parallel()
	s := played(t, 80, 8_000, 21)
	w, _ := s.loaded()
	sets := replay.NewSets()
	if err := w.RuleSets(t.Context(), sets.Add); err != nil {
		t.Fatal(err)
	}
	present, err := sets.Latest()
	if err != nil {
		t.Fatal(err)
	}
	span := warehouse.Span{From: s.now.Add(-24 * time.Hour), To: s.now, Sample: 10_000, Part: 1000}
	history, err := w.History(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	b := replay.NewBacktest(replay.Plan{Sets: sets, Changed: present.Set, Present: present.Set, From: span.From, To: span.To})
	if err := history.Read(t.Context(), b.Record); err != nil {
		t.Fatal(err)
	}
	report, err := b.Report()
	if err != nil {
		t.Fatal(err)
	}
	if report.Decisions < 1000 || *report.Reproduced.Share < 0.999 || int(history.Visitors) != report.Visitors || int(history.Rows) != report.Events {
		t.Errorf("%d visitors, %d events, %d decisions, reproduced %d: %v", report.Visitors, report.Events, report.Decisions, report.Reproduced.Equal, report.Reproduced.Causes)
	}
	for _, d := range report.Reproduced.Differences {
		t.Errorf("%s: %s", d.Cause, asJSON(t, d))
	}
}

// A moment ago is in the ledger, not yet in the warehouse: both together are
// the past, each record once.
func TestThePastReachesToThisMoment(t *testing.T) {
	t.Parallel()
	s := newShop(t, 5, 5)
	s.use(load(t, before...))
	for range 300 {
		s.step()
	}
	w, l := s.loaded()
	s.use(load(t, after()...))
	for range 300 {
		s.step()
	}
	h := replay.History{Warehouse: w, Ledger: s.ledger, Loaded: l.Position}
	if l.Position() == 0 || l.Position() >= s.ledger.Last() {
		t.Fatalf("%d of %d are loaded", l.Position(), s.ledger.Last())
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, visit := range s.decisions() {
		if r.IntN(8) > 0 || !lastOf(s, visit) {
			continue
		}
		e := visit.Event
		past, err := h.Of(t.Context(), e.Visitor)
		if err != nil {
			t.Fatal(err)
		}
		a, err := past.Explain(replay.Question{Seq: e.Seq})
		if err != nil {
			t.Fatal(err)
		}
		if a.Seq != e.Seq || !*a.AsLogged || a.Decision != e.ID || a.Cause != "" || len(a.Campaigns) < len(before) {
			t.Errorf("%s", asJSON(t, a))
		}
	}
}

// lastOf says whether no other decision of its visit comes after this one.
func lastOf(s *shop, one ingest.Record) bool {
	for _, r := range s.decisions() {
		if r.Event.Seq == one.Event.Seq && r.Event.Idx > one.Event.Idx {
			return false
		}
	}
	return true
}

func (s *shop) decisions() []ingest.Record {
	var out []ingest.Record
	for _, r := range s.records() {
		if r.Event.Name == ingest.Decision {
			out = append(out, r)
		}
	}
	return out
}

// nothing is a warehouse that has nothing yet.
type nothing struct{}

func (nothing) RuleSets(context.Context, func(string, *ingest.Record) error) error { return nil }
func (nothing) Past(context.Context, string, string, uint64, func(string, *ingest.Record) error) error {
	return nil
}

// One question after the other about one visitor, in the words of the contract.
func TestExplain(t *testing.T) {
	t.Parallel()
	const (
		bar    = "id: bar\nname: 帯\nstatus: live\nslot: bar\nfrequency: {max: 1}\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		gold   = "id: gold\nstatus: live\npriority: 2\nwhen: visitor.rank == \"gold\"\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		paused = "id: resting\nstatus: paused\npriority: 1\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	)
	s, p := scene(t, bar, gold, paused)
	s.open(p, "/cart") // 00:01
	s.send(p, s.about(ingest.Exposure, p.offers[0]))
	s.open(p, "/cart") // 00:02:01
	first, second := s.decisions()[0].Event, s.decisions()[1].Event
	page := func(at time.Time) *ingest.Event {
		return &ingest.Event{Name: ingest.PageView, Time: at.UnixMilli(), Page: &ingest.Page{URL: "https://shop.example/items/1", Path: "/items/1"}}
	}
	h := replay.History{Warehouse: nothing{}, Ledger: s.ledger, Loaded: func() uint64 { return 0 }}
	for _, c := range []struct {
		what     string
		question replay.Question
		want     string
	}{
		{"at the first decision's seq", replay.Question{Seq: first.Seq}, "logged as it was: gold rule_false (visitor.rank == \"gold\"), resting not_live (paused), bar offered a"},
		{"at the second's", replay.Question{Seq: second.Seq}, "logged as it was: gold rule_false (visitor.rank == \"gold\"), resting not_live (paused), bar frequency (1 of 1 per lifetime)"},
		{"between the two", replay.Question{Until: time.UnixMilli(second.Time - 1)}, "logged as it was: gold rule_false (visitor.rank == \"gold\"), resting not_live (paused), bar offered a"},
		{"one campaign", replay.Question{Seq: second.Seq, Campaign: "bar"}, "logged as it was: bar frequency (1 of 1 per lifetime)"},
		{"another page then", replay.Question{Until: time.UnixMilli(second.Time - 1), Page: page(time.UnixMilli(second.Time)), Campaign: "bar"}, "would be: bar frequency (1 of 1 per lifetime)"},
		{"before the exposure", replay.Question{Seq: first.Seq - 1, Page: page(dawn), Campaign: "bar"}, "the moment is before the visitor's first event: that came at 2026-11-02T00:01:00Z"},
		{"before anything", replay.Question{Until: dawn}, "the moment is before the visitor's first event: that came at 2026-11-02T00:01:00Z"},
		{"now", replay.Question{Page: page(s.now.Add(time.Hour)), Campaign: "bar"}, "would be: bar frequency (1 of 1 per lifetime)"},
	} {
		past, err := h.Of(t.Context(), p.id)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		a, err := past.Explain(c.question)
		switch {
		case err != nil:
			got = err.Error()
		case a.AsLogged == nil:
			got = "would be"
		case *a.AsLogged:
			got = "logged as it was"
		}
		if err == nil {
			for i, v := range a.Campaigns {
				got += []string{", ", ": "}[min(1, max(0, 1-i))] + v.Campaign + " " + v.Reason
				if v.Detail != "" {
					got += " (" + v.Detail + ")"
				}
				if v.Variant != "" {
					got += " " + v.Variant
				}
			}
		}
		if got != c.want {
			t.Errorf("%s\n     %s\nwant %s", c.what, got, c.want)
		}
	}
	past, err := h.Of(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	then, err := past.Explain(replay.Question{Seq: first.Seq, Campaign: "gold"})
	if err != nil {
		t.Fatal(err)
	}
	if c := then.Campaigns[0].Conditions; c == nil || strings.Join(c.Lines(), "\n") != `✗ visitor.rank == "gold" – visitor.rank is "", "gold" would match` {
		t.Errorf("%s", strings.Join(c.Lines(), "\n"))
	}
	if past, err = h.Of(t.Context(), p.id); err != nil {
		t.Fatal(err)
	}
	a, err := past.Explain(replay.Question{Seq: second.Seq, Campaign: "bar"})
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, g := range a.Campaigns[0].Gates {
		want += fmt.Sprint(g.Gate, " ", g.State, "; ")
	}
	if want != "consent passed; bot passed; erased passed; not_live passed; backfilling passed; out_of_schedule passed; page passed; rule_false passed; trigger passed; holdout passed; frequency stopped; stopped not_reached; budget not_reached; layer not_reached; traffic not_reached; coupon_out not_reached; slot_taken not_reached; error not_reached; " {
		t.Errorf("gates: %s", want)
	}
}

// A set that is not what it was is said to be so, and the log told instead.
func TestADecisionWhoseRulesAreGone(t *testing.T) {
	t.Parallel()
	s, p := scene(t, "id: bar\nstatus: live\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	s.open(p, "/cart")
	past := replay.Past{Ledger: s.ledger.ID(), Visitor: p.id, Sets: replay.NewSets()}
	_, visitors := split(t, s.ledger.ID(), s.records())
	past.Keep(visitors[p.id])
	a, err := past.Explain(replay.Question{})
	if err != nil {
		t.Fatal(err)
	}
	if *a.AsLogged || a.Cause == "" || len(a.Campaigns) != 1 || a.Campaigns[0].Reason != "offered" {
		t.Errorf("%s", asJSON(t, a))
	}
}
