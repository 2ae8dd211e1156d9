package replay_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// A changed campaign: in how many decisions its rule matches, what each came to,
// and how it was before.
func TestWhatCameOfDecisions(t *testing.T) {
	t.Parallel()
	const (
		modal = "id: modal\nstatus: live\nslot: modal\npriority: 1\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
		rival = "id: rival\nstatus: live\nslot: modal\npriority: 2\nfrequency: {max: 1}\nwhen: page.path == \"/cart\"\nvariants: [{id: b, weight: 1, action: " + banner + "}]"
	)
	s, p := scene(t, modal)
	for _, path := range []string{"/", "/cart", "/cart"} {
		s.open(p, path)
	}
	report := s.backtest(load(t, modal, rival), load(t, modal), dawn)
	want := `[{"campaign":"modal","matched":{"decisions":{"present":3,"changed":3},"visitors":{"present":1,"changed":1}},"came":[` +
		`{"reason":"offered","variant":"a","decisions":{"present":3,"changed":2},"visitors":{"present":1,"changed":1}},` +
		`{"reason":"slot_taken","decisions":{"present":0,"changed":1},"visitors":{"present":0,"changed":1}}]},` +
		`{"campaign":"rival","matched":{"decisions":{"present":0,"changed":2},"visitors":{"present":0,"changed":1}},"came":[` +
		`{"reason":"offered","variant":"b","decisions":{"present":0,"changed":1},"visitors":{"present":0,"changed":1}},` +
		`{"reason":"frequency","decisions":{"present":0,"changed":1},"visitors":{"present":0,"changed":1}}]}]`
	if got := asJSON(t, report.Funnels); got != want {
		t.Errorf("\n     %s\nwant %s", got, want)
	}
}

// Over days of traffic what came of the decisions adds up to those in which the
// rule matched, and the same rules come to the same.
func TestWhatCameAddsUp(t *testing.T) {
	t.Parallel()
	s := played(t, 20, 2_000, 5)
	report := s.backtest(load(t, before...), load(t, before...), dawn)
	if len(report.Funnels) < 5 {
		t.Errorf("%d campaigns matched", len(report.Funnels))
	}
	for _, f := range report.Funnels {
		sum := replay.Pair{}
		for _, c := range f.Came {
			if sum.Present, sum.Changed = sum.Present+c.Decisions.Present, sum.Changed+c.Decisions.Changed; c.Decisions.Present != c.Decisions.Changed || c.Visitors.Present != c.Visitors.Changed {
				t.Errorf("%s: %+v", f.Campaign, c)
			}
			if c.Visitors.Changed > f.Matched.Visitors.Changed || c.Visitors.Changed > c.Decisions.Changed {
				t.Errorf("%s has more visitors than it matched: %+v of %+v", f.Campaign, c, f.Matched)
			}
		}
		if sum != f.Matched.Decisions {
			t.Errorf("%s: %+v of %+v", f.Campaign, sum, f.Matched.Decisions)
		}
	}
}

// One that is ended on the way tells of what was replayed until then; what the
// reader or the teller says ends it too, as an error.
func TestABacktestThatIsEnded(t *testing.T) {
	t.Parallel()
	s := played(t, 20, 2_000, 5)
	sets, visitors := split(t, s.ledger.ID(), s.records())
	set, broken := load(t, before...), errors.New("broken")
	run := func(ctx context.Context, say func(uint64) error) (*replay.Report, bool, error) {
		traffic := replay.Traffic{Read: func(_ context.Context, each func(ledger, person string, r *ingest.Record) error) error {
			for _, visitor := range slices.Sorted(maps.Keys(visitors)) {
				for _, visit := range visitors[visitor] {
					for i := range visit {
						r := visit[i]
						if err := each(s.ledger.ID(), visitor, &r); err != nil {
							return err
						}
					}
				}
			}
			return nil
		}}
		return traffic.Through(ctx, replay.NewBacktest(replay.Plan{Sets: sets, Changed: set, Present: set, From: dawn, To: s.now.Add(time.Hour)}), say)
	}
	all, whole, err := run(t.Context(), func(uint64) error { return nil })
	if err != nil || !whole || all.Visitors < 10 {
		t.Fatalf("%+v, %v, %v", all, whole, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	some, whole, err := run(ctx, func(done uint64) error {
		if done >= 640 {
			cancel()
		}
		return nil
	})
	if err != nil || whole || some.Events != 640-1 || some.Visitors >= all.Visitors || some.Visitors == 0 {
		t.Errorf("%+v, %v, %v", some, whole, err)
	}
	if report, _, err := run(t.Context(), func(uint64) error { return broken }); report != nil || !errors.Is(err, broken) {
		t.Errorf("%+v, %v", report, err)
	}
}
