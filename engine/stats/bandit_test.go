package stats

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// simpson is a campaign in which b is a fifth better in each of two weeks, and got
// most of its visitors in the bad one.
func simpson() []Period {
	week := func(wC, wB int, nC, convC, nB, convB uint64) Period {
		arm := func(variant string, weight int, n, converted uint64) Arm {
			a := sold(variant, n, converted, 5_000, 2_000)
			a.Weight = weight
			return a
		}
		return Period{[]Arm{arm("control", wC, nC, convC), arm("b", wB, nB, convB)}}
	}
	return []Period{week(50, 50, 10_000, 1_000, 10_000, 1_200), week(10, 90, 2_000, 40, 18_000, 432)}
}

// TestPooledSumsWouldCallTheWinnerALoser: by hand, and what a reader is told.
func TestPooledSumsWouldCallTheWinnerALoser(t *testing.T) {
	t.Parallel()
	periods := simpson()
	r := JudgePeriods(about(), periods, 0)
	c, b := r.Arms[0], r.Arms[1]
	// Both weeks have 20,000 units: a half each. Twenty units of both arms lean on each variance.
	lean := func(rate, n, together float64) float64 {
		return (n*rate*(1-rate) + 20*together*(1-together)) / (n + 20) / n
	}
	for _, x := range []struct {
		what      string
		got, want float64
	}{
		{"control's rate", c.Rate.Value, (0.10 + 0.02) / 2},
		{"b's rate", b.Rate.Value, (0.12 + 0.024) / 2},
		{"lift", b.Lift.Value, 0.2},
		{"value per visitor", b.ValuePerVisitor.Value, 5_000 * 0.072},
		{"incremental per visitor", b.Value.IncrementalPerVisitor.Value, 5_000 * 0.012},
		{"p", b.PValue.Value, Welch(
			Sample{N: 12_000, Mean: 0.06, Variance: 12_000 * (lean(0.1, 10_000, 0.11) + lean(0.02, 2_000, 0.0236)) / 4},
			Sample{N: 28_000, Mean: 0.072, Variance: 28_000 * (lean(0.12, 10_000, 0.11) + lean(0.024, 18_000, 0.0236)) / 4}).Value},
		{"split", r.SRM.PValue.Value, 1},
		{"chances to be best", c.ChanceBest.Value + b.ChanceBest.Value, 1},
	} {
		if !near(x.got, x.want) {
			t.Errorf("%s = %v, want %v", x.what, x.got, x.want)
		}
	}
	if r.Verdict != Win || b.Weight != 90 || b.Exposed != 28_000 || r.Periods != 2 || r.LeftOut != 0 {
		t.Errorf("verdict %s, weight %d, exposed %d, periods %d, left out %d", r.Verdict, b.Weight, b.Exposed, r.Periods, r.LeftOut)
	}
	pooled := Judge(about(), []Arm{sold("control", 12_000, 1_040, 5_000, 2_000), sold("b", 28_000, 1_632, 5_000, 2_000)}, 0)
	if pooled.Arms[1].Lift.Value > -0.3 {
		t.Errorf("the example is blind: pooled, b's lift is %v", pooled.Arms[1].Lift.Value)
	}
	if got := Judge(about(), periods[0].Arms, 0); got.Arms[1].PValue != JudgePeriods(about(), periods[:1], 0).Arms[1].PValue {
		t.Errorf("one period is not judged as it is")
	}
}

// TestPeriodsThatTellNothingAreLeftOutAndCounted: one with a single unit in an arm,
// and one with other arms.
func TestPeriodsThatTellNothingAreLeftOutAndCounted(t *testing.T) {
	t.Parallel()
	periods := simpson()
	lone := Period{[]Arm{{Variant: "control", Control: true, Weight: 10, N: 1}, {Variant: "b", Weight: 90, N: 30, Converted: 3}}}
	other := Period{[]Arm{{Variant: "control", Control: true, Weight: 10, N: 500}}}
	with, without := JudgePeriods(about(), append(periods, lone, other), 0), JudgePeriods(about(), periods, 0)
	if with.LeftOut != 531 || with.Arms[1].Rate != without.Arms[1].Rate {
		t.Errorf("left out %d, rate %+v, want 531 and %+v", with.LeftOut, with.Arms[1].Rate, without.Arms[1].Rate)
	}
	// Whoever came is counted, and beside it who is compared.
	if b, was := with.Arms[1], without.Arms[1]; b.Exposed != 28_030 || b.Converted != was.Converted+3 || *b.Judged != (Judged{28_000, was.Converted}) || was.Judged != nil || b.ValueSum != was.ValueSum {
		t.Errorf("%d exposed, %d converted, of which %+v are judged; without the others %d, %d, %+v", b.Exposed, b.Converted, b.Judged, was.Exposed, was.Converted, was.Judged)
	}
	r := JudgePeriods(about(), []Period{lone, lone}, 0)
	if r.Verdict != Collecting || r.LeftOut != 62 || r.Arms[1].Reasons["rate"] != NoVisitors {
		t.Errorf("nothing tells: %s, left out %d, %v", r.Verdict, r.LeftOut, r.Arms[1].Reasons)
	}
	if r := JudgePeriods(about(), nil, 0); r.Verdict != Collecting {
		t.Errorf("no periods at all: %s", r.Verdict)
	}
}

// TestWhateverPeriodsComeInNoNaNComesOut: as of arms, so of periods and allocations.
func TestWhateverPeriodsComeInNoNaNComesOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var periods []Period
		for range rapid.IntRange(0, 4).Draw(t, "periods") {
			arms := []Arm{anyArm("control", true).Draw(t, "control"), anyArm("b", false).Draw(t, "b"), anyArm("c", false).Draw(t, "c")}
			periods = append(periods, Period{arms[:rapid.IntRange(2, 3).Draw(t, "arms")]})
		}
		if _, err := json.Marshal(JudgePeriods(about(), periods, 0)); err != nil {
			t.Fatal(err)
		}
		a := Thompson(periods, rapid.Bool().Draw(t, "money"))
		sum, some := 0, false
		for i, n := range a.Parts {
			sum += n
			weight := periods[len(periods)-1].Arms
			if i < len(weight) && weight[i].Weight > 0 {
				if some = true; n < 100 {
					t.Fatalf("arm %d has %d parts: %+v", i, n, a)
				}
			}
		}
		if sum != parts && (some || sum != 0) {
			t.Fatalf("parts add up to %d: %+v", sum, a)
		}
		if _, err := json.Marshal(a); err != nil {
			t.Fatal(err)
		}
	})
}

func TestThompsonFollowsTheChances(t *testing.T) {
	t.Parallel()
	even := func(arms ...Arm) []Period { return []Period{{arms}} }
	for _, c := range []struct {
		name    string
		periods []Period
		money   bool
		want    []int
		reason  Reason
	}{
		{"99 visitors in one arm", even(two(100, 5, 99, 30)...), false, []int{5_000, 5_000}, TooFewUnits},
		{"100 in each", even(two(100, 5, 100, 30)...), false, []int{100, 9_900}, ""},
		{"the same in both", even(two(1_000, 50, 1_000, 50)...), false, []int{5_000, 5_000}, ""},
		{"three alike", even(append(two(1_000, 50, 1_000, 50), Arm{Variant: "c", Weight: 1, N: 1_000, Converted: 50})...), false, []int{3_334, 3_333, 3_333}, ""},
		{"one without weight", even(append(two(1_000, 50, 1_000, 50), Arm{Variant: "c", N: 1_000, Converted: 500})...), false, []int{5_000, 5_000, 0}, ""},
		{"better in conversion, money not asked", even(sold("control", 1_000, 60, 5_000, 2_000), sold("b", 1_000, 100, 1_000, 400)), false, []int{100, 9_900}, ""},
		{"better in conversion, worse in money", even(sold("control", 1_000, 60, 5_000, 2_000), sold("b", 1_000, 100, 1_000, 400)), true, []int{9_900, 100}, ""},
		{"no money yet", even(two(1_000, 50, 1_000, 50)...), true, []int{5_000, 5_000}, NoVariation},
		{"no conversion yet, of both", even(two(1_000, 0, 1_000, 0)...), false, []int{5_000, 5_000}, ""},
		{"better in each week, though not in sum", simpson(), false, []int{100, 9_900}, ""},
		{"the same in money", simpson(), true, []int{100, 9_900}, ""},
		{"no arm has weight", even(Arm{Variant: "a", N: 500}), false, []int{0}, NoTreatment},
		{"no arms", nil, false, []int{}, NoTreatment},
	} {
		got := Thompson(c.periods, c.money)
		if !slices.Equal(got.Parts, c.want) || got.Reason != c.reason {
			t.Errorf("%s: %v because of %q, want %v because of %q (%v)", c.name, got.Parts, got.Reason, c.want, c.reason, got.Chances)
		}
	}
	for _, v := range vectors(t, "bandit") {
		for i, got := range Floored(v.BestExact, leastShare) {
			if !near(got, v.WeightsExact[i]) {
				t.Errorf("%s: weight %d is %v, gbstats %v", v.ID, i, got, v.WeightsExact[i])
			}
		}
	}
	// What is below the floor is lifted, and the others pay by what they have.
	for i, want := range []float64{0.01, 0.01, 0.245, 0.735} {
		if got := Floored([]float64{0, 0.004, 0.249, 0.747}, 0.01)[i]; !near(got, want) {
			t.Errorf("share %d is %v, want %v", i, got, want)
		}
	}
	if got := divide([]float64{0.10001, 0.49997, 0.40002}); !slices.Equal(got, []int{1_000, 5_000, 4_000}) {
		t.Errorf("the largest remainder gets the last part: %v", got)
	}
	many := Floored(make([]float64, 200), 0.01)
	if !near(many[0], 0.005) || !near(many[199], 0.005) {
		t.Errorf("two hundred arms cannot have 1 %% each: %v, %v", many[0], many[199])
	}
}

// TestABanditIsReportedHonestly: 400 campaigns of fourteen days, reweighted daily by
// Thompson, while the shop's rate falls from 12 % to 4 % as a sale ends. b is better by
// two points throughout. The estimate by period is right on average and its interval
// holds the truth in 95 of 100; the pooled one is far off.
func TestABanditIsReportedHonestly(t *testing.T) {
	t.Parallel()
	const campaigns, days, perDay, truth = 400, 14, 1_000, 0.02
	conversions := draw(41)
	var sum, squares, pooledSum float64
	missed, last, least := 0, 0, parts
	for range campaigns {
		var periods []Period
		weights := []int{5_000, 5_000}
		var total [2]Arm
		for day := range days {
			base := 0.12 - 0.08*float64(day)/(days-1)
			nB := conversions(perDay, float64(weights[1])/parts) // visitors, here
			p := Period{[]Arm{
				{Variant: "control", Control: true, Weight: weights[0], N: perDay - nB, Converted: conversions(perDay-nB, base)},
				{Variant: "b", Weight: weights[1], N: nB, Converted: conversions(nB, base+truth)}}}
			periods = append(periods, p)
			for i := range total {
				total[i].N, total[i].Converted = total[i].N+p.Arms[i].N, total[i].Converted+p.Arms[i].Converted
			}
			weights = Thompson(periods, false).Parts
			least = min(least, weights[0], weights[1])
		}
		arms, _ := Stratify(periods)
		e := Absolute(arms[0].rate(), arms[1].rate())
		if ci := e.Interval(alpha); ci.Low > truth || ci.High < truth {
			missed++
		}
		sum, squares = sum+e.Estimate, squares+e.Estimate*e.Estimate
		pooledSum += total[1].rate().Mean - total[0].rate().Mean
		last += weights[1]
	}
	mean, pooled := sum/campaigns, pooledSum/campaigns
	spread := math.Sqrt((squares/campaigns - mean*mean) / campaigns)
	t.Logf("b is better by %g: by period %.4f ± %.4f on average, pooled %.4f; %d of %d intervals miss; b ends at %d of 10,000, the least share was %d",
		truth, mean, spread, pooled, missed, campaigns, last/campaigns, least)
	if math.Abs(mean-truth) > 4*spread {
		t.Errorf("the estimate by period is %v on average (± %v), the truth %v", mean, spread, truth)
	}
	if math.Abs(pooled-truth) < 0.005 {
		t.Errorf("the simulation is blind: the pooled estimate is %v on average, the truth %v", pooled, truth)
	}
	if !within(missed, campaigns, alpha) {
		t.Errorf("%d of %d intervals miss the truth, want about %g", missed, campaigns, alpha*campaigns)
	}
	if last/campaigns < 8_000 || least < 100 {
		t.Errorf("the better arm ends with %d of 10,000 on average, and an arm had as little as %d", last/campaigns, least)
	}
}
