package warehouse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// loaded is a warehouse with the events of an archive, some of them sent twice.
func loaded(t *testing.T, file string) (*warehouse.Warehouse, *txtar.Archive, string) {
	t.Helper()
	dsn := database(t)
	w := openAt(t, dsn)
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows := fixture(t, archive)
	for i, part := range [][]warehouse.Row{rows[:len(rows)*2/3], rows[len(rows)/3:]} {
		if err := w.Insert(t.Context(), fmt.Sprint("part", i), part); err != nil {
			t.Fatal(err)
		}
	}
	return w, archive, dsn
}

func TestFunnel(t *testing.T) {
	t.Parallel()
	w, archive, dsn := loaded(t, "testdata/funnel.txtar")
	conn := connect(t, dsn)
	for _, file := range archive.Files {
		title, ok := strings.CutPrefix(file.Name, "want: ")
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			asked := query(t, title)
			q := warehouse.FunnelQuery{Campaign: asked.Campaign, Phase: asked.Phase, From: asked.From, To: asked.To, AsOf: asked.AsOf, Zone: zone(title)}
			days, err := w.Funnel(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, d := range days {
				fmt.Fprintln(&b, strings.TrimSpace("day "+d.Day))
				for _, s := range d.Steps {
					fmt.Fprintf(&b, "%-20s %d %d\n", strings.TrimSpace(s.Name+" "+s.Reason), s.Decisions, s.Visitors)
				}
				addsUp(t, d)
			}
			if got, want := b.String(), string(file.Data); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			printed := strings.Split(ask(t, conn, warehouse.FunnelSQL(q)), "\n")
			for _, s := range days[0].Steps {
				n := uint64(0)
				for _, d := range days[1:] {
					n += step(d, s.Name, s.Reason).Decisions
				}
				if n != s.Decisions {
					t.Errorf("%s %s: %d on all days, %d together", s.Name, s.Reason, n, s.Decisions)
				}
				line := fmt.Sprint(" ", s.Name, " ", s.Reason, " ", s.Decisions, " ", s.Visitors)
				if s.Decisions > 0 && !slices.Contains(printed, line) {
					t.Errorf("the printed query lacks %q:\n%s", line, strings.Join(printed, "\n"))
				}
			}
		})
	}
}

// Converted visitors of the funnel are those of results, and of the views.
func TestTheFunnelConvertsAsResultsDo(t *testing.T) {
	t.Parallel()
	w, _, dsn := loaded(t, "testdata/funnel.txtar")
	conn := connect(t, dsn)
	asOf := start.Add(100 * time.Hour)
	for phase, goal := range map[string]string{"p1": "purchase", "p2": "big"} {
		sums, err := w.Results(t.Context(), warehouse.Query{Campaign: "c", Phase: phase, Goal: goal, Window: time.Second, AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		days, err := w.Funnel(t.Context(), warehouse.FunnelQuery{Campaign: "c", Phase: phase, AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(0)
		for _, a := range sums.Arms {
			n += a.Converted
		}
		if got := ask(t, conn, "SELECT sum(converted) FROM results_by_variant WHERE campaign = 'c' AND phase = '"+phase+"'"); got != fmt.Sprint(n) {
			t.Errorf("%s: by the view %s, results have %d", phase, got, n)
		}
		if got := step(days[0], warehouse.StepConverted, ""); got.Decisions != n || got.Visitors != n || n == 0 {
			t.Errorf("%s: %+v, results have %d", phase, got, n)
		}
	}
}

// addsUp says that every decision is in exactly one step, and that no later step
// is more than the one it is of.
func addsUp(t *testing.T, d warehouse.FunnelDay) {
	t.Helper()
	sum := uint64(0)
	for _, s := range d.Steps {
		switch s.Name {
		case warehouse.StepLost, warehouse.StepArmed, warehouse.StepOffered, warehouse.StepControl, warehouse.StepShadow, warehouse.StepForced:
			sum += s.Decisions
		}
	}
	n := func(name string) uint64 { return step(d, name, "").Decisions }
	if sum != n(warehouse.StepMatched) {
		t.Errorf("day %q: %d decisions matched, their outcomes are %d", d.Day, n(warehouse.StepMatched), sum)
	}
	if n(warehouse.StepTriggered) > n(warehouse.StepMatched) || n(warehouse.StepExposed) > n(warehouse.StepOffered)+n(warehouse.StepControl) ||
		max(n(warehouse.StepClicked), n(warehouse.StepClosed), n(warehouse.StepConverted)) > n(warehouse.StepExposed) {
		t.Errorf("day %q: a step is more than what it is a part of: %+v", d.Day, d.Steps)
	}
}

func step(d warehouse.FunnelDay, name, reason string) warehouse.Step {
	for _, s := range d.Steps {
		if s.Name == name && s.Reason == reason {
			return s
		}
	}
	return warehouse.Step{}
}

func TestReportsRefuseAnUnknownZone(t *testing.T) {
	t.Parallel()
	w, _ := open(t)
	const why = `the time zone "Mars" is not known; name one as Asia/Tokyo or UTC`
	_, err := w.Funnel(t.Context(), warehouse.FunnelQuery{Campaign: "c", Zone: "Mars"})
	if err == nil || err.Error() != "funnel of c: "+why {
		t.Errorf("funnel: %v", err)
	}
	if _, err = w.SiteWide(t.Context(), time.Time{}, time.Time{}, time.Time{}, "Mars"); err == nil || err.Error() != "results of the whole site: "+why {
		t.Errorf("site-wide: %v", err)
	}
	if _, err = w.Usage(t.Context(), 1, time.Time{}, "Mars"); err == nil || err.Error() != "usage: "+why {
		t.Errorf("usage: %v", err)
	}
	if _, err = warehouse.UsageSQL(1, time.Time{}, "Mars"); err == nil || err.Error() != why {
		t.Errorf("the SQL of usage: %v", err)
	}
}

// The staff's decisions are decisions; what the staff were shown and did is in no
// statistics.
func TestStaffAreDecidedAboutAndNotCounted(t *testing.T) {
	t.Parallel()
	w, _, dsn := loaded(t, "testdata/funnel.txtar")
	conn := connect(t, dsn)
	counted := func() (warehouse.FunnelDay, string) {
		days, err := w.Funnel(t.Context(), warehouse.FunnelQuery{Campaign: "c", Phase: "p1", AsOf: start.Add(100 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return days[0], ask(t, conn, "SELECT sum(exposed), sum(converted) FROM results_by_variant") + ", " +
			ask(t, conn, "SELECT sum(exposed) FROM results_daily") + ", " + ask(t, conn, "SELECT count() FROM assignments")
	}
	before, views := counted()
	at := start.Add(time.Second).Format("2006-01-02 15:04:05.000")
	if err := conn.Exec(t.Context(), fmt.Sprintf(`INSERT INTO event_log
		(event_id, visitor_id, name, time, received, seq, ledger, decision_id, outcome.campaign, outcome.reason, outcome.variant, outcome.phase, campaign, variant, phase, staff, raw) VALUES
		('%[2]s', 'clerk', 'omo_decision', '%[1]s', '%[1]s', 900, 'test', 'dc', ['c'], ['offered'], ['a'], ['p1'], '', '', '', false, '{}'),
		('%[3]s', 'clerk', 'omo_exposure', '%[1]s', '%[1]s', 901, 'test', 'dc', [], [], [], [], 'c', 'a', 'p1', true, '{}'),
		('%[4]s', 'clerk', 'purchase', '%[1]s', '%[1]s', 902, 'test', '', [], [], [], [], '', '', '', false, '{}')`, at, id(900), id(901), id(902))); err != nil {
		t.Fatal(err)
	}
	after, now := counted()
	if now != views {
		t.Errorf("the views count %s, before %s", now, views)
	}
	for _, s := range before.Steps {
		want := s.Decisions
		if s.Name == warehouse.StepMatched || s.Name == warehouse.StepOffered {
			want++
		}
		if got := step(after, s.Name, s.Reason).Decisions; got != want {
			t.Errorf("%s %s: %d, want %d", s.Name, s.Reason, got, want)
		}
	}
}
