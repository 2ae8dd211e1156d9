package stats

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"time"
)

func about() Subject {
	return Subject{Campaign: "cart-rescue", Phase: "p1", Goal: "purchase", Window: "72h",
		AsOf: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Status: "live"}
}

// two is a campaign of equal weights.
func two(nControl, control, nTreatment, treatment uint64) []Arm {
	return []Arm{
		{Variant: "control", Control: true, Weight: 1, N: nControl, Converted: control},
		{Variant: "b", Weight: 1, N: nTreatment, Converted: treatment},
	}
}

// TestCookieCats judges the published A/B test of 90,189 players: the later gate
// keeps fewer on day 7, nothing significant on day 1, and the split is p = 0.0086.
func TestCookieCats(t *testing.T) {
	t.Parallel()
	gate := func(back30, back40 uint64) []Arm {
		return []Arm{
			{Variant: "gate_30", Control: true, Weight: 1, N: 44_700, Converted: back30},
			{Variant: "gate_40", Weight: 1, N: 45_489, Converted: back40},
		}
	}
	day1, day7 := Judge(about(), gate(20_034, 20_119), 0), Judge(about(), gate(8_502, 8_279), 0)
	for _, c := range []struct {
		what      string
		got, want float64
		within    float64
	}{
		{"day-1 rate of gate_30", day1.Arms[0].Rate.Value, 0.4482, 0.00005},
		{"day-1 rate of gate_40", day1.Arms[1].Rate.Value, 0.4423, 0.00005},
		{"day-7 rate of gate_30", day7.Arms[0].Rate.Value, 0.1902, 0.00005},
		{"day-7 rate of gate_40", day7.Arms[1].Rate.Value, 0.1820, 0.00005},
		{"day-1 p", day1.Arms[1].PValue.Value, 0.0744, 0.00005},
		{"day-7 p", day7.Arms[1].PValue.Value, 0.00155, 0.00001},
		{"split p", day7.SRM.PValue.Value, 0.0086, 0.00005},
	} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%s = %v, published %v", c.what, c.got, c.want)
		}
	}
	if !day7.SRM.OK {
		t.Error("a split of p = 0.0086 is no alarm at 0.001")
	}
	if day7.Verdict != Loss || day1.Verdict != LikelyLoss {
		t.Errorf("verdicts %s and %s, want loss on day 7 and likely_loss (not significant) on day 1", day7.Verdict, day1.Verdict)
	}
	if want := "gate_40 is likely to lose, but this is not significant yet. 44.23% of its visitors converted against 44.82% of control's, −1.3% (95% interval −2.7% to +0.1%, p = 0.074). Watch it, or revise it."; day1.Sentence.En != want {
		t.Errorf("day 1:\n got %s\nwant %s", day1.Sentence.En, want)
	}
}

// TestResultsJSON holds the shape that the contract promises, nulls and reasons included.
func TestResultsJSON(t *testing.T) {
	t.Parallel()
	arms := []Arm{
		{Variant: "control", Control: true, Weight: 80, N: 8100, Converted: 250, Sum: 1.2e6, SumSquares: 9e9},
		{Variant: "coupon10", Weight: 20, N: 1900, Converted: 0},
	}
	data, err := json.MarshalIndent(Judge(about(), arms, 3), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/results.json", append(rounded(data), '\n'))
	var back Results
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(back, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(data) {
		t.Errorf("results do not survive being read back:\n%s", again)
	}
	if got := back.Arms[1].Reasons["lift_ci"]; got != NoConversions {
		t.Errorf("the reason read back is %q, want %q", got, NoConversions)
	}
}

// rounded keeps six digits of each fraction: the last ones differ between processors.
func rounded(data []byte) []byte {
	return regexp.MustCompile(`[0-9]+\.[0-9]+(e-[0-9]+)?`).ReplaceAllFunc(data, func(n []byte) []byte {
		v, err := strconv.ParseFloat(string(n), 64)
		if err != nil {
			return n
		}
		return strconv.AppendFloat(nil, v, 'g', 6, 64)
	})
}

func TestEveryReasonHasItsText(t *testing.T) {
	t.Parallel()
	for _, r := range []Reason{IsControl, NoControl, NoTreatment, NoVisitors, NoVisitorsInControl, NoConversions, NoConversionsInControl,
		NoVariation, TooFewVisitors, TooFewConversions, TooMany, NotPositive, NothingToDivideBy, TooFewUnits, NoValue, NoValueInControl,
		NoWeight, AnEmptyArm, Decided, SplitFirst, NoPace, Inconsistent, NotFinite, OneArm, NobodyAccepted, NobodyAnswered} {
		if s := r.Sentence(); s.Ja == string(r) || s.En == string(r) || s.Ja == "" || s.En == "" {
			t.Errorf("reason %s has no text: %+v", r, s)
		}
	}
}

// TestWhatCannotBeGiven: bad input becomes null with a reason.
func TestWhatCannotBeGiven(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		arms []Arm
		want map[string]Reason // of the second arm
	}{
		{"nobody yet", two(0, 0, 0, 0), map[string]Reason{"rate": NoVisitors, "rate_ci": NoVisitors, "value_per_visitor": NoVisitors,
			"lift": NoVisitorsInControl, "lift_ci": NoVisitorsInControl, "p_value": NoVisitorsInControl,
			"chance_to_win": NoVisitorsInControl, "expected_loss": NoVisitorsInControl, "sequential_ci": NoVisitorsInControl, "chance_best": AnEmptyArm}},
		{"one arm empty", two(500, 20, 0, 0), map[string]Reason{"rate": NoVisitors, "rate_ci": NoVisitors, "value_per_visitor": NoVisitors,
			"lift": NoVisitors, "lift_ci": NoVisitors, "p_value": NoVisitors, "chance_to_win": NoVisitors, "expected_loss": NoVisitors, "sequential_ci": NoVisitors, "chance_best": AnEmptyArm}},
		{"no conversions", two(500, 0, 500, 0), map[string]Reason{"lift": NoConversionsInControl, "lift_ci": NoConversionsInControl,
			"p_value": NoVariation, "sequential_ci": NoConversionsInControl}},
		{"all converted", two(500, 500, 500, 500), map[string]Reason{"lift_ci": NoVariation, "p_value": NoVariation, "sequential_ci": NoVariation}},
		{"control without conversions", two(500, 0, 500, 30), map[string]Reason{"lift": NoConversionsInControl,
			"lift_ci": NoConversionsInControl, "sequential_ci": NoConversionsInControl}},
		{"treatment without conversions", two(500, 30, 500, 0), map[string]Reason{"lift_ci": NoConversions, "sequential_ci": NoConversions}},
		{"treatment without the few conversions it should have", two(500, 10, 100, 0), map[string]Reason{"lift_ci": NoConversions,
			"sequential_ci": NoConversions, "p_value": TooFewConversions}},
		{"more converted than exposed", two(500, 30, 500, 501), map[string]Reason{"rate": Inconsistent, "rate_ci": Inconsistent, "lift": Inconsistent,
			"lift_ci": Inconsistent, "p_value": Inconsistent, "chance_to_win": Inconsistent, "expected_loss": Inconsistent, "sequential_ci": Inconsistent, "chance_best": Inconsistent}},
		{"more than a thousand million", two(2_000_000_000, 2_000_000, 500, 30), map[string]Reason{"chance_to_win": TooMany, "expected_loss": TooMany, "chance_best": TooMany}},
		{"a value that is not finite", []Arm{{Variant: "control", Control: true, Weight: 1, N: 500, Converted: 30},
			{Variant: "b", Weight: 1, N: 500, Converted: 30, Sum: math.Inf(1)}}, map[string]Reason{"value_sum": NotFinite, "value_per_visitor": NotFinite}},
		{"a refund surplus is a value", []Arm{{Variant: "control", Control: true, Weight: 1, N: 500, Converted: 30},
			{Variant: "b", Weight: 1, N: 500, Converted: 30, Sum: -4000, SumSquares: 1e6}}, map[string]Reason{}},
		{"no control", []Arm{{Variant: "a", Weight: 1, N: 500, Converted: 30}, {Variant: "b", Weight: 1, N: 500, Converted: 30}},
			map[string]Reason{"lift": NoControl, "lift_ci": NoControl, "p_value": NoControl, "chance_to_win": NoControl, "expected_loss": NoControl, "sequential_ci": NoControl}},
	} {
		if got := Judge(about(), c.arms, 0).Arms[1].Reasons; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %v\nwant %v", c.name, got, c.want)
		}
	}
	if r := Judge(about(), nil, 0); r.Verdict != Collecting || r.Crossovers.Share.Known || r.SRM.PValue.Known {
		t.Errorf("no arms at all: %+v", r)
	}
}

// TestMeanKeepsImpossibleSumsOut: negative revenue is fine, an impossible sum of squares is not.
func TestMeanKeepsImpossibleSumsOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		n               uint64
		sum, sumSquares float64
		want            Sample
	}{
		{"two refunds", 2, -30, 500, Sample{N: 2, Mean: -15, Variance: 50}},
		{"all alike", 3, 0.3, 0.03, Sample{N: 3, Mean: 0.3 / 3, Variance: 0}},
		{"nobody", 0, 0, 0, Sample{Why: NoVisitors}},
		{"one", 1, 5, 25, Sample{Why: TooFewVisitors}},
		{"squares below the least possible", 2, 30, 400, Sample{Why: Inconsistent}},
		{"negative squares", 2, 0, -1, Sample{Why: Inconsistent}},
		{"overflow", 2, math.MaxFloat64, math.MaxFloat64, Sample{Why: NotFinite}},
		{"NaN", 2, math.NaN(), 1, Sample{Why: NotFinite}},
	} {
		got := Mean(c.n, c.sum, c.sumSquares)
		if got.Why != c.want.Why || !near(got.Mean, c.want.Mean) || !near(got.Variance, c.want.Variance) || got.N != c.want.N {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := Lift(Sample{N: 9, Mean: -1, Variance: 1}, Sample{N: 9, Mean: 1, Variance: 1}); got.Known || got.Why != NotPositive {
		t.Errorf("lift over a negative mean: %+v", got)
	}
	if got := LogRatio(Sample{N: 9, Mean: 1, Variance: 1}, Sample{N: 9, Mean: -1, Variance: 1}); got.Why != NotPositive {
		t.Errorf("log ratio of a negative mean: %+v", got)
	}
}

// BenchmarkJudgeThreeArms judges a campaign of three arms, and checks the verdict.
func BenchmarkJudgeThreeArms(b *testing.B) {
	arms := append(two(9_000, 279, 9_100, 330), Arm{Variant: "c", Weight: 1, N: 9_050, Converted: 300})
	var r Results
	for b.Loop() {
		r = Judge(about(), arms, 3)
	}
	if r.Verdict != LikelyWin {
		b.Fatalf("verdict %s, want %s", r.Verdict, LikelyWin)
	}
}
