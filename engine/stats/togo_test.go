package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestHowFarTheVerdictIs: visitors and days, or why they cannot be told.
func TestHowFarTheVerdictIs(t *testing.T) {
	t.Parallel()
	pace := func(perDay float64) Subject {
		s := about()
		s.PerDay = perDay
		return s
	}
	three := append(two(1_000, 30, 1_000, 31), Arm{Variant: "c", Weight: 1, N: 1_000, Converted: 25})
	for _, c := range []struct {
		name           string
		got            ToGo
		visitors, days float64
		why, whyDays   Reason
	}{
		// 4 of 100 against 4 of 100 wait for ten expected conversions: 2.5 times the data.
		{"few conversions", Judge(pace(100), two(100, 4, 100, 4), 0).ToGo, 0, 0, "", ""},
		{"99 units each wait for one more, and then for nothing", Judge(pace(10), two(99, 10, 99, 60), 0).ToGo, 2, 0.2, "", ""},
		{"no pace", Judge(about(), two(99, 10, 99, 60), 0).ToGo, 2, 0, "", NoPace},
		{"a win", Judge(pace(100), two(10_000, 300, 10_000, 400), 0).ToGo, 0, 0, Decided, Decided},
		{"nobody", Judge(pace(100), two(0, 0, 0, 0), 0).ToGo, 0, 0, NoVisitorsInControl, NoVisitorsInControl},
		{"no conversion", Judge(pace(100), two(500, 0, 500, 0), 0).ToGo, 0, 0, NoConversions, NoConversions},
		{"all converted", Judge(pace(100), two(500, 500, 500, 500), 0).ToGo, 0, 0, NoVariation, NoVariation},
		{"a broken split", Judge(pace(100), two(10_000, 300, 9_000, 400), 0).ToGo, 0, 0, SplitFirst, SplitFirst},
		{"no control", Judge(pace(100), []Arm{{Variant: "a", Weight: 1, N: 500}, {Variant: "b", Weight: 1, N: 500}}, 0).ToGo, 0, 0, NoControl, NoControl},
		{"nothing but control", Judge(pace(100), two(500, 3, 0, 0)[:1], 0).ToGo, 0, 0, NoTreatment, NoTreatment},
		{"three arms: a third comes to the one that is not asked about", Judge(pace(300), three, 0).ToGo, 0, 0, "", ""},
	} {
		switch {
		case c.why != "" && (c.got.Visitors.Known || c.got.Reasons["visitors"] != c.why):
			t.Errorf("%s: visitors %+v because of %q, want %q", c.name, c.got.Visitors, c.got.Reasons["visitors"], c.why)
		case c.why == "" && !c.got.Visitors.Known:
			t.Errorf("%s: no visitors because of %q", c.name, c.got.Reasons["visitors"])
		case c.whyDays != c.got.Reasons["days"] || c.got.Days.Known != (c.whyDays == ""):
			t.Errorf("%s: days %+v because of %q, want %q", c.name, c.got.Days, c.got.Reasons["days"], c.whyDays)
		case c.visitors > 0 && math.Abs(c.got.Visitors.Value-c.visitors) > 0.01:
			t.Errorf("%s: %v visitors, want %v", c.name, c.got.Visitors.Value, c.visitors)
		case c.days > 0 && math.Abs(c.got.Days.Value-c.days) > 0.001:
			t.Errorf("%s: %v days, want %v", c.name, c.got.Days.Value, c.days)
		}
	}
	// Two of three arms' visitors count: 200 of the 300 a day.
	if g := Judge(pace(300), three, 0).ToGo; !near(g.Days.Value*200, g.Visitors.Value) {
		t.Errorf("%v visitors in %v days at 200 a day", g.Visitors.Value, g.Days.Value)
	}
	// After Holm a difference must be clearer: at 3.0 % against 3.4 % one of two arms waits longer.
	alone := unitsToGo(two(5_000, 150, 5_000, 170)[0], two(5_000, 150, 5_000, 170)[1], 1)
	ofTwo := unitsToGo(two(5_000, 150, 5_000, 170)[0], two(5_000, 150, 5_000, 170)[1], 2)
	if !(ofTwo.Value > 1.1*alone.Value) {
		t.Errorf("alone %v visitors to go, as one of two arms %v", alone.Value, ofTwo.Value)
	}
}

// TestAfterThatManyVisitorsThereIsAVerdict: with so many times the data that nobody is
// left to be waited for there is one, at the same rates, and with less there is none.
func TestAfterThatManyVisitorsThereIsAVerdict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(50, 20_000).Draw(t, "n")
		control := rapid.Uint64Range(1, n/3).Draw(t, "control")
		treatment := rapid.Uint64Range(1, n/3).Draw(t, "treatment")
		r := Judge(about(), two(n, control, n, treatment), 0)
		if r.ToGo.Visitors.Known != (r.Verdict == Collecting || r.Verdict == LikelyWin || r.Verdict == LikelyLoss) {
			t.Fatalf("%s, to go %+v", r.Verdict, r.ToGo)
		}
		if !r.ToGo.Visitors.Known || r.ToGo.Visitors.Value > 1e12 {
			return
		}
		times := func(k float64) Verdict {
			v := uint64(k) // whole, so that the rates stay as they are
			return Judge(about(), two(v*n, v*control, v*n, v*treatment), 0).Verdict
		}
		decided := func(v Verdict) bool { return v == Win || v == Loss || v == NoDifference }
		need := 1 + r.ToGo.Visitors.Value/float64(2*n)
		// "No difference" may be over again by the next whole multiple, where a small
		// one is about to show: then it is there at the units themselves, rounded.
		near := func(k float64) Verdict {
			all := func(n uint64) uint64 { return uint64(math.Round(k * float64(n))) }
			return Judge(about(), two(all(n), all(control), all(n), all(treatment)), 0).Verdict
		}
		end := near(1.02 * need)
		if v := times(math.Ceil(1.02 * need)); !decided(v) && !decided(end) {
			t.Fatalf("%d and %d of %d, %v to go, and then %s", control, treatment, n, r.ToGo.Visitors.Value, v)
		}
		if v := times(math.Floor(0.98 * need)); need > 1.02 && decided(v) && (v != NoDifference || end == NoDifference) {
			t.Fatalf("%d and %d of %d, %v to go, and before that %s", control, treatment, n, r.ToGo.Visitors.Value, v)
		}
	})
}
