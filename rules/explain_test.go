package rules

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// testdata/explain/rules.txtar holds rules, one a file, and behind "=>" what
// Explain says of each for somebody on a Friday at 21:00 in Tokyo.
func TestExplainSaysEachCondition(t *testing.T) {
	t.Parallel()
	const file = "testdata/explain/rules.txtar"
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	segments := string(archive.Comment)
	segments = segments[strings.Index(segments, "segments:"):]
	for i, f := range archive.Files {
		rule, want, _ := strings.Cut(string(f.Data), "=>\n")
		set := load(t, segments, live("c", strings.TrimSpace(rule), "schedule: {timezone: Asia/Tokyo}"))
		clause, err := set.Explain(set.Campaigns[0], somebody(), noon)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		got := strings.Join(clause.Lines(), "\n") + "\n"
		if *update {
			archive.Files[i].Data = []byte(rule + "=>\n" + got)
		} else if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", f.Name, got, want)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A campaign without a rule is for everybody.
func TestExplainNoRule(t *testing.T) {
	t.Parallel()
	set := load(t, "", "id: c\nstatus: live\nvariants: [{id: control, weight: 1}]")
	clause, err := set.Explain(set.Campaigns[0], somebody(), noon)
	if err != nil || fmt.Sprint(clause.Lines()) != "[✓ everybody]" || len(clause.Leaves()) != 0 {
		t.Errorf("%v, %v", clause.Lines(), err)
	}
}

// Whatever the rule and the visitor, the root says what Match says of the rule,
// and every leaf what its text says as a rule of its own.
func TestExplainEqualsMatch(t *testing.T) {
	t.Parallel()
	const segments = `segments: {vip: 'visitor.rank == "gold" && cart.value > 5000', middle: 'visitor.age in 30..49', inner: 'in_segment("middle")', one_of: 'visitor.new || visitor.visits >= 2', not_new: '!visitor.new'}`
	more := []sentence{
		{ours: `in_segment("middle")`}, {ours: `in_segment("inner")`}, {ours: `in_segment("one_of")`}, {ours: `in_segment("not_new")`},
		{ours: `visitor.new ? in_segment("vip") : visitor.age > 30`},
		{ours: `count("purchase", "30d") >= 2`}, {ours: `count("purchase") in [0, 12]`}, {ours: `sum("purchase.value") > 100`}, {ours: `last("view_item.item_category") == "shoes"`},
		{ours: `did("view_item", "session")`}, {ours: `seconds_since("purchase") < 60`}, {ours: `seconds_since("login") not in [60]`}, {ours: `operators_online() > 0`}, {ours: `event.value != 300`},
	}
	rapid.Check(t, func(rt *rapid.T) {
		rule := conditionOf(3, append(more, atoms...)).Draw(rt, "rule")
		zone := rapid.SampledFrom([]string{"UTC", "Asia/Tokyo"}).Draw(rt, "zone")
		env := envOf().Draw(rt, "env")
		now := noon.Add(time.Duration(rapid.IntRange(0, 72).Draw(rt, "hours")) * time.Hour)
		zoned := "schedule: {timezone: " + zone + "}"
		set := load(t, segments, live("c", rule, zoned))
		told := map[string]any{`count("purchase", "30d")`: 2.0, `count("purchase")`: 12.0, `sum("purchase.value")`: 300.0, `last("view_item.item_category")`: "shoes", `did("view_item", "session")`: 1.0, `seconds_since("purchase")`: 90.0}
		env.Counters = nil
		if rapid.Bool().Draw(rt, "past") {
			env.Counters = &past{set: set, tells: told, asked: make([]int, len(set.Counters))}
		}
		env.Facts.OperatorsOnline = rapid.IntRange(0, 1).Draw(rt, "operators")
		env.Event.Value = rapid.SampledFrom([]float64{Unknown, 300, 400}).Draw(rt, "event value")
		clause, err := set.Explain(set.Campaigns[0], env, now)
		if err != nil {
			rt.Fatalf("%s: %v", rule, err)
		}
		value, failed := said(set, env, now)
		if clause.Value != value || (clause.Failed != "") != failed {
			rt.Fatalf("%s is %t (failed %t), explained as\n%s", rule, value, failed, strings.Join(clause.Lines(), "\n"))
		}
		var texts []string
		leaves := clause.Leaves()
		for i, leaf := range leaves {
			texts = append(texts, live(fmt.Sprintf("leaf%d", i), leaf.Text, zoned))
		}
		alone := load(t, segments, texts...)
		if env.Counters != nil {
			env.Counters = &past{set: alone, tells: told, asked: make([]int, len(alone.Counters))}
		}
		m := alone.Matcher()
		defer alone.Release(m)
		for _, c := range alone.Campaigns {
			var i int
			if _, err := fmt.Sscanf(c.ID, "leaf%d", &i); err != nil {
				rt.Fatal(err)
			}
			reason, _ := alone.Why(m, c, env, now)
			if leaf := leaves[i]; leaf.Value != (reason == "") || (leaf.Failed != "") != (reason == "error") {
				rt.Fatalf("%s: %s by itself gives %q, as a leaf %t %s", rule, leaf.Text, reason, leaf.Value, leaf.Failed)
			}
		}
	})
}

// said is what Match says of a set's only rule.
func said(s *Set, env Env, now time.Time) (value, failed bool) {
	m := s.Matcher()
	defer s.Release(m)
	value = len(s.Match(m, env, now, nil)) == 1
	return value, len(m.Errors()) == 1
}

// conditionOf joins atoms with &&, ||, and and !.
func conditionOf(depth int, atoms []sentence) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		form := rapid.IntRange(0, 5).Draw(t, "form")
		if depth == 0 || form == 0 {
			return rapid.SampledFrom(atoms).Draw(t, "atom").ours
		}
		a := conditionOf(depth-1, atoms).Draw(t, "a")
		if form == 1 || form == 2 {
			return map[int]string{1: "!(", 2: "not ("}[form] + a + ")"
		}
		op := map[int]string{3: " || ", 4: " && ", 5: " or "}[form]
		return "(" + a + ")" + op + "(" + conditionOf(depth-1, atoms).Draw(t, "b") + ")"
	})
}

// A set is explained by many at once.
func TestExplainConcurrently(t *testing.T) {
	t.Parallel()
	var texts []string
	for i := range 20 {
		texts = append(texts, live(fmt.Sprintf("c%d", i), fmt.Sprintf(`visitor.visits >= %d && count("purchase", "%dd") > 1 && page.path startsWith "/items" && now.hour > 3`, i, i+1)))
	}
	set := load(t, "", texts...)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for _, c := range set.Campaigns {
				clause, err := set.Explain(c, somebody(), noon)
				if err != nil || len(clause.Leaves()) != 4 {
					t.Errorf("%s: %d leaves, %v", c.ID, len(clause.Leaves()), err)
				}
			}
		})
	}
	workers.Wait()
}
