package stats

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sold is an arm of n units of which some bought, each at this average with this
// deviation between buyers.
func sold(variant string, n, bought uint64, average, deviation float64) Arm {
	b := float64(bought)
	return Arm{Variant: variant, Control: variant == "control", Weight: 1, N: n, Converted: bought,
		Sum: b * average, SumSquares: b * (average*average + deviation*deviation)}
}

// redeemed takes off a coupon of this many yen for each of so many buyers.
func redeemed(a Arm, units uint64, each float64) Arm {
	a.Cost = FixedCost(units, each, float64(units)*a.Sum/float64(a.Converted))
	return a
}

// TestMoneyIsWhatItIsByHand: four visitors against four, every figure on paper.
func TestMoneyIsWhatItIsByHand(t *testing.T) {
	t.Parallel()
	// Control brings 0, 0, 100, 300. The arm brings 0, 200, 400, 600, and the last two redeem 100 each.
	control := Arm{Variant: "control", Control: true, Weight: 1, N: 4, Converted: 2, Sum: 400, SumSquares: 100_000}
	arm := Arm{Variant: "b", Weight: 1, N: 4, Converted: 3, Sum: 1200, SumSquares: 560_000, Cost: FixedCost(2, 100, 1000)}
	r := Judge(about(), []Arm{control, arm}, 0)
	c, b := r.Arms[0].Value, r.Arms[1].Value
	// The arm's net is 0, 200, 300, 500: mean 250, variance 130000/3; control's mean 100, variance 60000/3.
	e := math.Sqrt((130_000.0/3 + 60_000.0/3) / 4)
	for _, x := range []struct {
		what      string
		got, want float64
	}{
		{"control's value per visitor", c.PerVisitor.Value, 100},
		{"cost", b.Cost.Value, 200},
		{"value per visitor less cost", b.PerVisitor.Value, 250},
		{"value per visitor before it", r.Arms[1].ValuePerVisitor.Value, 300},
		{"lift", b.Lift.Value, 1.5},
		{"incremental per visitor", b.IncrementalPerVisitor.Value, 150},
		{"incremental", b.Incremental.Value, 600},
		{"the campaign's", r.Incremental.Value.Value, 600},
		{"the campaign's interval is the arm's", r.Incremental.Interval.Low, b.IncrementalCI.Low},
		{"the total's interval is four times a visitor's", b.IncrementalCI.High, 4 * b.IncrementalPerVisitorCI.High},
		{"half of that is t times the error", b.IncrementalPerVisitorCI.High - 150, e * Effect{Error: 1, Freedom: 1083.0 / 205}.Margin(0.025).Value},
		{"p", b.PValue.Value, Welch(Sample{N: 4, Mean: 100, Variance: 20_000}, Sample{N: 4, Mean: 250, Variance: 130_000.0 / 3}).Value},
	} {
		if !near(x.got, x.want) {
			t.Errorf("%s = %v, want %v", x.what, x.got, x.want)
		}
	}
	if b.Verdict != Collecting || r.Arms[0].Value.Verdict != "" {
		t.Errorf("four visitors are judged %q", b.Verdict)
	}
}

// TestTheControlIsCountedOnceForSeveralArms: what a campaign of three brings is
// the sum of its arms', and the shared control makes it less sure than separate ones would.
func TestTheControlIsCountedOnceForSeveralArms(t *testing.T) {
	t.Parallel()
	arms := []Arm{sold("control", 5_000, 150, 6_000, 3_000), sold("b", 5_000, 170, 6_000, 3_000), sold("c", 2_500, 90, 6_000, 3_000),
		{Variant: "retired", N: 500, Converted: 20, Sum: 1e6, SumSquares: 1e11}}
	r := Judge(about(), arms, 0)
	sum := r.Arms[1].Value.Incremental.Value + r.Arms[2].Value.Incremental.Value
	if got := r.Incremental.Value.Value; !near(got, sum) || !near(got, 5_000*(204-180)+2_500*(216-180)) {
		t.Errorf("the campaign brought %v, its arms %v", got, sum)
	}
	// Two comparisons: Holm doubles the smaller p, and the larger is not below it.
	control := arms[0].worth()
	b, c := Welch(control, arms[1].worth()).Value, Welch(control, arms[2].worth()).Value
	if got := [2]float64{r.Arms[1].Value.PValue.Value, r.Arms[2].Value.PValue.Value}; c > b || !same(got[0], max(b, 2*c)) || !same(got[1], 2*c) {
		t.Errorf("p of money %v, unadjusted %v and %v", got, b, c)
	}
	half := func(i Interval) float64 { return (i.High - i.Low) / 2 }
	apart := math.Hypot(half(r.Arms[1].Value.IncrementalCI), half(r.Arms[2].Value.IncrementalCI))
	if got := half(r.Incremental.Interval); got < apart*1.05 || got > 1.42*apart {
		t.Errorf("half-width %v, of separate controls %v", got, apart)
	}
	if v := r.Arms[3].Value; v.ChanceBest.Known || v.Reasons["chance_best"] != NoWeight || v.Verdict != "" {
		t.Errorf("an arm without weight takes part: %+v", v)
	}
	best := r.Arms[0].ChanceBest.Value + r.Arms[1].ChanceBest.Value + r.Arms[2].ChanceBest.Value
	if !near(best, 1) || r.Arms[2].ChanceBest.Value < r.Arms[1].ChanceBest.Value {
		t.Errorf("chances to be best: %v, %v, %v", r.Arms[0].ChanceBest, r.Arms[1].ChanceBest, r.Arms[2].ChanceBest)
	}
}

// TestMoneySentences holds the words about money (testdata/money.txt).
func TestMoneySentences(t *testing.T) {
	t.Parallel()
	dollars := about()
	dollars.Currency = "USD"
	slow := about()
	slow.PerDay = 850
	var text bytes.Buffer
	for _, c := range []struct {
		name        string
		about       Subject
		arms        []Arm
		rate, money Verdict
	}{
		{"both win", about(), []Arm{sold("control", 10_000, 300, 6_000, 3_000), sold("b", 10_000, 400, 6_000, 3_000)}, Win, Win},
		{"the coupon costs more than it brings", about(), []Arm{sold("control", 10_000, 300, 6_000, 3_000), redeemed(sold("b", 10_000, 400, 6_000, 3_000), 400, 3_000)}, Win, Loss},
		{"the coupon costs what it brings", about(), []Arm{sold("control", 10_000, 300, 6_000, 3_000), redeemed(sold("b", 10_000, 400, 6_000, 3_000), 400, 1_500)}, Win, Collecting},
		{"perhaps a little more than it brings", about(), []Arm{sold("control", 10_000, 300, 6_000, 3_000), redeemed(sold("b", 10_000, 400, 6_000, 3_000), 400, 2_160)}, Win, LikelyLoss},
		{"fewer buy, and more each", about(), []Arm{sold("control", 10_000, 400, 6_000, 3_000), sold("b", 10_000, 300, 11_000, 3_000)}, Loss, Win},
		{"in dollars", dollars, []Arm{sold("control", 10_000, 300, 60, 30), sold("b", 10_000, 400, 60, 30)}, Win, Win},
		{"no difference", about(), []Arm{sold("control", 400_000, 40_000, 6_000, 3_000), sold("b", 400_000, 40_050, 6_000, 3_000)}, NoDifference, NoDifference},
		{"forty-nine and a half sales expected are too few for money", about(), []Arm{sold("control", 10_000, 20, 6_000, 3_000), sold("b", 10_000, 79, 6_000, 3_000)}, Win, Collecting},
		{"fifty are not", about(), []Arm{sold("control", 10_000, 20, 6_000, 3_000), sold("b", 10_000, 80, 6_000, 3_000)}, Win, Win},
		{"collecting, at a pace that is known", slow, []Arm{sold("control", 1_000, 30, 6_000, 3_000), sold("b", 1_000, 31, 6_000, 3_000)}, Collecting, Collecting},
		{"a broken split", about(), []Arm{sold("control", 10_000, 300, 6_000, 3_000), sold("b", 9_000, 400, 6_000, 3_000)}, BrokenSplit, BrokenSplit},
	} {
		r := Judge(c.about, c.arms, 0)
		if r.Verdict != c.rate || r.Arms[1].Value.Verdict != c.money {
			t.Errorf("%s: %s, in money %s, want %s and %s", c.name, r.Verdict, r.Arms[1].Value.Verdict, c.rate, c.money)
		}
		fmt.Fprintf(&text, "# %s: %s, in money %s\n%s\n%s\n\n", c.name, r.Verdict, r.Arms[1].Value.Verdict, r.Sentence.Ja, r.Sentence.En)
	}
	golden(t, "testdata/money.txt", text.Bytes())
}

func TestAGoalWithoutValueHasNoMoney(t *testing.T) {
	t.Parallel()
	r := Judge(about(), two(10_000, 300, 10_000, 400), 0)
	if r.Incremental != nil || r.Arms[0].Value != nil || r.Arms[1].Value != nil {
		t.Errorf("money of a goal without value: %+v", r.Incremental)
	}
}

// TestMoneyThatCannotBeGiven: null with a reason, in the words of money.
func TestMoneyThatCannotBeGiven(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		arms   []Arm
		figure string
		want   Reason
	}{
		{"nobody in the arm", []Arm{sold("control", 500, 20, 6_000, 3_000), sold("b", 0, 0, 0, 0)}, "incremental", NoVisitors},
		{"one visitor in the arm", []Arm{sold("control", 500, 20, 6_000, 3_000), sold("b", 1, 1, 6_000, 0)}, "incremental", TooFewVisitors},
		{"nothing sold in control", []Arm{sold("control", 500, 0, 0, 0), sold("b", 500, 20, 6_000, 0)}, "lift", NoValueInControl},
		{"nothing sold in the arm", []Arm{sold("control", 500, 20, 6_000, 0), sold("b", 500, 0, 0, 0)}, "lift_ci", NoValue},
		{"more refunded than sold in control", []Arm{sold("control", 500, 20, -6_000, 0), sold("b", 500, 20, 6_000, 0)}, "lift", NotPositive},
		{"squares that cannot be", []Arm{sold("control", 500, 20, 6_000, 0), {Variant: "b", Weight: 1, N: 500, Converted: 20, Sum: 1e6, SumSquares: 1}}, "p_value", Inconsistent},
		{"a cost that is no number", []Arm{sold("control", 500, 20, 6_000, 0), {Variant: "b", Weight: 1, N: 500, Cost: Cost{Sum: math.NaN()}}}, "cost", NotFinite},
	} {
		r := Judge(about(), c.arms, 0)
		if got := r.Arms[1].Value.Reasons[c.figure]; got != c.want {
			t.Errorf("%s: %s is missing because of %q, want %q (%v)", c.name, c.figure, got, c.want, r.Arms[1].Value.Reasons)
		}
	}
	refunds := Judge(about(), []Arm{sold("control", 500, 20, 6_000, 0), sold("b", 500, 20, -6_000, 0)}, 0)
	if v := refunds.Arms[1].Value; !near(v.Incremental.Value, -240_000) || !v.IncrementalCI.Known || v.Reasons["lift_ci"] != NotPositive {
		t.Errorf("refunds are amounts: %+v", v)
	}
}

// TestMoneyIntervalsAndAlarms: orders as uneven as a shop's (lognormal, the mean
// twice the median). With equal arms 95 of 100 intervals hold the truth and at most
// five in a hundred verdicts of money are false; with a small control, whose mean is
// low where its few large orders are missing, up to eight in a hundred.
func TestMoneyIntervalsAndAlarms(t *testing.T) {
	t.Parallel()
	const trials = 3_000
	conversions := draw(31)
	random := rand.New(rand.NewPCG(31, 20261122))
	arm := func(variant string, n uint64, rate float64) Arm {
		a := Arm{Variant: variant, Control: variant == "control", Weight: int(n), N: n, Converted: conversions(n, rate)}
		for range a.Converted {
			order := 3_000 * math.Exp(1.18*random.NormFloat64())
			a.Sum, a.SumSquares = a.Sum+order, a.SumSquares+order*order
		}
		return a
	}
	for _, c := range []struct {
		control, treatment uint64
		rate, most         float64 // of false verdicts and of intervals that miss
	}{{2_000, 2_000, 0.03, 0.05}, {10_000, 40_000, 0.01, 0.075}, {10_000, 90_000, 0.01, 0.08}, {90_000, 10_000, 0.01, 0.08}} {
		missed, wins, losses := 0, 0, 0
		for range trials {
			control, treatment := arm("control", c.control, c.rate), arm("b", c.treatment, c.rate)
			var v ArmValue
			v.compare(control, treatment)
			if ci := v.IncrementalCI; ci.Low > 0 || ci.High < 0 {
				missed++
			}
			switch judgeMoney(control, treatment, v) {
			case Win:
				wins++
			case Loss:
				losses++
			}
		}
		t.Logf("money, %d against %d at %g: %d wins and %d losses in %d, %d intervals miss", c.control, c.treatment, c.rate, wins, losses, trials, missed)
		most := c.most*trials + 3*math.Sqrt(c.most*trials)
		if float64(wins+losses) > most || float64(missed) > most || missed < trials*3/100 {
			t.Errorf("%d against %d: %d false wins and %d false losses in %d, %d intervals miss, want at most %g", c.control, c.treatment, wins, losses, trials, missed, most)
		}
	}
}

// TestThePastNarrowsTheMoney: visitors who always bought much are taken off, in
// Results too: the same estimate within its error, on a narrower interval.
func TestThePastNarrowsTheMoney(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(61, 20261122))
	arm := func(variant string, more float64) Arm {
		a := Arm{Variant: variant, Control: variant == "control", Weight: 1, N: 4_000}
		for range a.N {
			past := 5_000 * random.Float64()
			value := 0.8*past + more + 400*random.NormFloat64()
			a.Converted++
			a.Sum, a.SumSquares = a.Sum+value, a.SumSquares+value*value
			a.Past.Sum, a.Past.SumSquares = a.Past.Sum+past, a.Past.SumSquares+past*past
			a.PastCross += past * value
		}
		a.Converted-- // one did not, or there would be no rate to judge
		return a
	}
	arms := []Arm{arm("control", 0), arm("b", 50)}
	with := Judge(about(), arms, 0)
	// A coupon that costs a tenth of everything leaves nine tenths of everything.
	tenth := slices.Clone(arms)
	for i, a := range tenth {
		tenth[i].Cost = Cost{Sum: a.Sum / 10, SumSquares: a.SumSquares / 100, WithValue: a.SumSquares / 10, WithPast: a.PastCross / 10}
	}
	if got, want := Judge(about(), tenth, 0).Arms[1].Value.IncrementalCI, with.Arms[1].Value.IncrementalCI.times(0.9); !near(got.Low, want.Low) || !near(got.High, want.High) {
		t.Errorf("nine tenths of the money are %+v, want %+v", got, want)
	}
	for i := range arms {
		arms[i].Past, arms[i].PastCross = Moments{}, 0
	}
	without := Judge(about(), arms, 0)
	a, b := with.Arms[1].Value, without.Arms[1].Value
	width := func(i Interval) float64 { return i.High - i.Low }
	if !a.Adjusted || b.Adjusted {
		t.Errorf("adjusted %t and %t", a.Adjusted, b.Adjusted)
	}
	if share := width(a.IncrementalPerVisitorCI) / width(b.IncrementalPerVisitorCI); share > 0.4 || share < 0.2 { // 400 of 1,221
		t.Errorf("the interval is %v of what it was, want about 0.33", share)
	}
	if ci := a.IncrementalPerVisitorCI; ci.Low > 50 || ci.High < 50 || ci.Low < 0 {
		t.Errorf("the difference of 50 reads %+v", ci)
	}
	if !near(with.Incremental.Interval.Low, a.IncrementalCI.Low) {
		t.Errorf("the campaign's interval %+v is not its only arm's %+v", with.Incremental.Interval, a.IncrementalCI)
	}
}
