package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestAdjustTakesOffThePast: of a unit's value a part is what it always spends.
// With a correlation of 0.8 the variance falls to 36 %, the estimate stays right,
// and 95 of 100 intervals hold the truth.
func TestAdjustTakesOffThePast(t *testing.T) {
	t.Parallel()
	const trials, n, truth = 2_000, 150, 5.0
	random := rand.New(rand.NewPCG(21, 20261122))
	arm := func(more float64) Paired {
		p := Paired{N: n}
		for range n {
			habit := random.NormFloat64()
			pre, post := 100+20*habit, 50+more+10*(0.8*habit+0.6*random.NormFloat64())
			p.Pre.Sum, p.Pre.SumSquares = p.Pre.Sum+pre, p.Pre.SumSquares+pre*pre
			p.Post.Sum, p.Post.SumSquares = p.Post.Sum+post, p.Post.SumSquares+post*post
			p.Cross += pre * post
		}
		return p
	}
	missed, sum, kept := 0, 0.0, 0.0
	for range trials {
		control, treatment := arm(0), arm(truth)
		c, tr := Adjust(control, treatment)
		e := Absolute(c, tr)
		if ci := e.Interval(alpha); ci.Low > truth || ci.High < truth {
			missed++
		}
		plain := Absolute(control.post(), treatment.post())
		sum, kept = sum+e.Estimate, kept+e.Error*e.Error/(plain.Error*plain.Error)
	}
	if !within(missed, trials, alpha) {
		t.Errorf("%d of %d intervals miss the truth, want about %g", missed, trials, alpha*trials)
	}
	if mean := sum / trials; math.Abs(mean-truth) > 4*0.7/math.Sqrt(trials) {
		t.Errorf("the estimate is %v on average, the truth %v", mean, truth)
	}
	if share := kept / trials; math.Abs(share-0.37) > 0.03 { // 0.36, and a little as both arms differ
		t.Errorf("%v of the variance is left, want about 0.37", share)
	}
}

// TestQuotientCoversTheTruth: the average order of visitors who order several
// times, in amounts that go together; orders are not independent, visitors are.
func TestQuotientCoversTheTruth(t *testing.T) {
	t.Parallel()
	const trials, n, truth = 2_000, 400, 1_000.0
	random := rand.New(rand.NewPCG(22, 20261122))
	missed := 0
	for range trials {
		var top, bottom Moments
		cross := 0.0
		for range n {
			orders := float64(random.IntN(4)) // 0 to 3
			amount := orders * truth * (1 + 0.5*random.NormFloat64())
			top.Sum, top.SumSquares = top.Sum+amount, top.SumSquares+amount*amount
			bottom.Sum, bottom.SumSquares = bottom.Sum+orders, bottom.SumSquares+orders*orders
			cross += amount * orders
		}
		s := Quotient(n, top, bottom, cross)
		if math.Abs(s.Mean-truth) > z95*math.Sqrt(s.squaredError()) {
			missed++
		}
	}
	if !within(missed, trials, alpha) {
		t.Errorf("%d of %d intervals miss the truth, want about %g", missed, trials, alpha*trials)
	}
}

func TestRatiosAndPastsThatCannotBeGiven(t *testing.T) {
	t.Parallel()
	some := Moments{Sum: 30, SumSquares: 500}
	good := Paired{N: 10, Post: some, Pre: some, Cross: 200}
	for _, c := range []struct {
		name string
		got  Reason
		want Reason
	}{
		{"nobody", Quotient(0, some, some, 0).Why, NoVisitors},
		{"one visitor", Quotient(1, some, some, 0).Why, TooFewVisitors},
		{"no orders", Quotient(10, some, Moments{}, 0).Why, NothingToDivideBy},
		{"fewer orders than none", Quotient(10, some, Moments{-3, 9}, 0).Why, NothingToDivideBy},
		{"impossible products", Quotient(10, some, some, 1e6).Why, Inconsistent},
		{"products that are not finite", Quotient(10, some, some, math.Inf(1)).Why, NotFinite},
		{"the same figure twice", Quotient(10, some, some, 500).Why, ""},
		{"no control", Absolute(Adjust(Paired{}, good)).Why, NoVisitorsInControl},
		{"no treatment", Absolute(Adjust(good, Paired{})).Why, NoVisitors},
		{"impossible past", Absolute(Adjust(good, Paired{N: 10, Post: some, Pre: Moments{30, -4}})).Why, Inconsistent},
		{"a past that is not finite", Absolute(Adjust(good, Paired{N: 10, Post: some, Pre: Moments{math.NaN(), 4}})).Why, NotFinite},
		{"nothing sold in control", RelativeAdjusted(Paired{N: 10, Pre: some}, good).Why, NoConversionsInControl},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
	fresh := Paired{N: 10, Post: some} // nobody has a past: nothing is adjusted
	if c, _ := Adjust(fresh, fresh); c != fresh.post() {
		t.Errorf("without a past %+v, want %+v", c, fresh.post())
	}
}

// TestWhateverSumsComeInEffectsAreNumbersOrReasons: no NaN, no infinity, no panic.
func TestWhateverSumsComeInEffectsAreNumbersOrReasons(t *testing.T) {
	t.Parallel()
	figure := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-100, 1e6), rapid.Just(0.0), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)))
	moments := rapid.Custom(func(t *rapid.T) Moments { return Moments{figure.Draw(t, "sum"), figure.Draw(t, "squares")} })
	rapid.Check(t, func(t *rapid.T) {
		arm := func(name string) Paired {
			return Paired{N: rapid.Uint64Range(0, 1000).Draw(t, name), Post: moments.Draw(t, "post"), Pre: moments.Draw(t, "pre"), Cross: figure.Draw(t, "cross")}
		}
		a, b := arm("control"), arm("treatment")
		qa, qb := Quotient(a.N, a.Post, a.Pre, a.Cross), Quotient(b.N, b.Post, b.Pre, b.Cross)
		for _, e := range []Effect{Absolute(Adjust(a, b)), RelativeAdjusted(a, b), Absolute(qa, qb), Relative(qa, qb)} {
			numbers := []Number{e.PValue(), e.PBelow(), e.Margin(alpha), e.SequentialP(alpha, tuned), e.SequentialPBelow(alpha, tuned),
				e.Belief(0).ChanceToWin(), e.Belief(0.3).ExpectedLoss()}
			for _, i := range []Interval{e.Interval(alpha), e.Sequential(alpha, tuned), e.Belief(1).Interval()} {
				if i.Known {
					numbers = append(numbers, Number{i.Low, true, ""}, Number{i.High, true, ""})
				} else {
					numbers = append(numbers, unknown(i.Why))
				}
			}
			for i, n := range numbers {
				if n.Known && (math.IsNaN(n.Value) || math.IsInf(n.Value, 0)) || !n.Known && n.Why == "" {
					t.Fatalf("figure %d of %+v is %+v", i, e, n)
				}
			}
		}
	})
}
