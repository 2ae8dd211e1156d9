package replay_test

import (
	"fmt"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse/clickhousetest"
)

// Every bucket that the engine drew in some days of a shop with a holdout, a
// layer, traffic, people with two browsers, phases that change, a harm stop and a
// bandit is drawn again in ClickHouse from what was logged, by the view bucketing:
// none comes out otherwise. What is not by hash is left out, and counted.
func TestBucketingIsRecomputedInSQL(t *testing.T) {
	t.Parallel()
	s := played(t, 80, 6_000, 33)
	s.overridden()
	dsn := clickhousetest.DSN(t)
	s.loadedInto(dsn)
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	outcomes := 0
	for _, d := range s.decisions() {
		if err := d.Event.ParseProperties(); err != nil {
			t.Fatal(err)
		}
		outcomes += len(d.Event.Props.Outcomes)
	}
	judged, rows := map[string]int{}, 0
	harmed := s.engine.Live().Phases["hello"]
	each(t, conn, `SELECT reason, left_out, agrees, unit != visitor_id, period > 0, phase, count() FROM bucketing GROUP BY ALL`, func(r driver.Rows) {
		var reason, left, phase string
		var agrees *bool
		var adopted, moved bool
		var count uint64
		scan(t, r, &reason, &left, &agrees, &adopted, &moved, &phase, &count)
		n := int(count)
		rows += n
		switch {
		case left != "" && agrees != nil || left == "" && agrees == nil:
			t.Errorf("%s left out %q: agrees %v", reason, left, agrees)
		case left != "":
			judged["left out: "+left] += n
		case !*agrees:
			t.Errorf("%d decisions %s of phase %s disagree", n, reason, phase)
		default:
			judged[reason] += n
			if adopted {
				judged["by an adopted unit"] += n
			}
			if moved && (reason == engine.Offered || reason == engine.Control) {
				judged["by moved weights"] += n
			}
			if phase == harmed && reason == engine.Control {
				judged["stopped for harm"] += n
			}
		}
	})
	if rows != outcomes {
		t.Errorf("%d rows of %d outcomes", rows, outcomes)
	}
	for _, kind := range []string{"holdout", "layer", "traffic", "offered", "control", "shadow", "armed", "by an adopted unit", "by moved weights",
		"stopped for harm", "left out: gate", "left out: layer", "left out: bandit"} {
		if judged[kind] == 0 {
			t.Errorf("no %s among %v", kind, judged)
		}
	}

	// A log that says otherwise is seen: the same decisions, with other outcomes.
	forged := map[string]string{
		"variant":     "outcome.reason, arrayMap(v -> if(v = 'a', 'control', 'a'), outcome.variant), visitor_id",
		"held out":    "arrayMap(r -> if(r = 'offered', 'holdout', r), outcome.reason), outcome.variant, visitor_id",
		"let in":      "arrayMap(r -> if(r = 'holdout', 'offered', r), outcome.reason), outcome.variant, visitor_id",
		"kept out":    "arrayMap(r -> if(r = 'shadow', 'traffic', r), outcome.reason), outcome.variant, visitor_id",
		"not kept":    "arrayMap(r -> if(r = 'traffic', 'shadow', r), outcome.reason), outcome.variant, visitor_id",
		"out of turn": "arrayMap(r -> if(r = 'layer', 'coupon_out', r), outcome.reason), outcome.variant, concat(visitor_id, 'x')",
	}
	for what, other := range forged {
		if err := conn.Exec(t.Context(), `INSERT INTO event_log (event_id, decision_id, ledger, seq, idx, received, time, name, rules, outcome.campaign, outcome.phase, outcome.reason, outcome.variant, visitor_id)
			SELECT generateUUIDv4(), '`+what+`', ledger, seq, idx, received, time, name, rules, outcome.campaign, outcome.phase, `+other+`
			FROM event_log WHERE name = 'omo_decision' AND decision_id = toString(event_id) LIMIT 2000`); err != nil {
			t.Fatal(err)
		}
	}
	each(t, conn, "SELECT DISTINCT decision_id FROM bucketing WHERE agrees = false", func(r driver.Rows) {
		var what string
		scan(t, r, &what)
		if forged[what] == "" {
			t.Errorf("decision %q disagrees", what)
		}
		delete(forged, what)
	})
	if len(forged) > 0 {
		t.Errorf("not seen: %v", forged)
	}
}

func scan(t *testing.T, r driver.Rows, into ...any) {
	t.Helper()
	if err := r.Scan(into...); err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, conn driver.Conn, query string, row func(driver.Rows)) {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer rows.Close()
	for rows.Next() {
		row(rows)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// overridden lets a bandit's weights move twice, with new visitors each time, and
// stops a campaign for harm.
func (s *shop) overridden() {
	s.Helper()
	s.use(load(s, append([]string{"id: lucky\nstatus: live\nallocation: bandit\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: " + banner + "}]"}, before...)...))
	for i, parts := range [][]int{nil, {1000, 9000}, {7000, 3000}} {
		if parts != nil {
			if err := s.engine.Allocate("lucky", s.engine.Live().Phases["lucky"], parts, s.now); err != nil {
				s.Fatal(err)
			}
		}
		for j := range 20 {
			s.crowd = append(s.crowd, &person{id: fmt.Sprintf("018f3b1e-7a00-7d10-9b1a-1%05d%06d", i, j), user: fmt.Sprint("late-", i, "-", j)})
		}
		for range 800 {
			s.step()
		}
	}
	if err := s.engine.StopHarm("hello", s.engine.Live().Phases["hello"], engine.HarmStop{Variant: "a", Guardrail: "value"}, s.now); err != nil {
		s.Fatal(err)
	}
	for range 500 {
		s.step()
	}
}
