package stats

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// money is often nothing, mostly some, and sometimes no amount at all.
var money = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(-1e3, 1e6), rapid.Float64(), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)))

func anyArm(variant string, control bool) *rapid.Generator[Arm] {
	return rapid.Custom(func(t *rapid.T) Arm {
		n := rapid.OneOf(rapid.Uint64Range(0, 5), rapid.Uint64Range(0, 1_000_000), rapid.Uint64()).Draw(t, "n")
		return Arm{
			Variant: variant, Control: control, N: n,
			Weight:     rapid.IntRange(-1, 100).Draw(t, "weight"),
			Converted:  rapid.OneOf(rapid.Uint64Range(0, n), rapid.Just(uint64(0)), rapid.Just(n), rapid.Uint64()).Draw(t, "converted"),
			Sum:        rapid.OneOf(rapid.Float64(), rapid.Just(math.NaN()), rapid.Just(math.Inf(-1))).Draw(t, "sum"),
			SumSquares: rapid.Float64().Draw(t, "sum of squares"),
			Cost:       Cost{Sum: money.Draw(t, "cost"), SumSquares: money.Draw(t, "cost squared"), WithValue: money.Draw(t, "cost with value")},
			Past:       Moments{money.Draw(t, "past"), money.Draw(t, "past squared")},
			PastCross:  money.Draw(t, "past with value"),
		}
	})
}

// TestWhateverComesInNoNaNComesOut: JSON cannot hold NaN or infinity, so that
// encoding is the check; and every null has its reason in words.
func TestWhateverComesInNoNaNComesOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		arms := []Arm{anyArm("control", true).Draw(t, "control"), anyArm("b", false).Draw(t, "b"), anyArm("c", false).Draw(t, "c")}
		arms = arms[:rapid.IntRange(0, 3).Draw(t, "arms")]
		subject := about()
		subject.PerDay = rapid.SampledFrom([]float64{0, 300, -1, 1e-300, math.Inf(1)}).Draw(t, "per day")
		r := Judge(subject, arms, rapid.Uint64().Draw(t, "crossovers"))
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("results cannot be encoded: %v", err)
		}
		var out struct {
			Arms        []map[string]any
			ToGo        map[string]any `json:"to_go"`
			Incremental map[string]any
		}
		if err := json.Unmarshal(data, &out); err != nil {
			t.Fatal(err)
		}
		explained := func(part map[string]any) {
			reasons, _ := part["reasons"].(map[string]any)
			for name, v := range part {
				reason, _ := reasons[name].(map[string]any)
				if v == nil && (reason == nil || reason["code"] == "" || reason["ja"] == "") {
					t.Fatalf("%s is null without a reason: %s", name, data)
				}
			}
		}
		explained(out.ToGo)
		if out.Incremental != nil && (out.Incremental["value"] == nil || out.Incremental["ci"] == nil) && out.Incremental["reason"] == nil {
			t.Fatalf("incremental is null without a reason: %s", data)
		}
		for _, arm := range out.Arms {
			explained(arm)
			if value, ok := arm["value"].(map[string]any); ok {
				explained(value)
			}
		}
		if r.Verdict.rank() > 5 && r.Verdict != BrokenSplit || r.Sentence.Ja == "" || r.Sentence.En == "" {
			t.Fatalf("verdict %q, sentence %+v", r.Verdict, r.Sentence)
		}
		sane(t, r)
	})
}

// sane holds what is true of every known figure.
func sane(t *rapid.T, r Results) {
	share := func(name string, n Number) {
		if n.Known && (n.Value < 0 || n.Value > 1) {
			t.Fatalf("%s = %v", name, n.Value)
		}
	}
	share("split p", r.SRM.PValue)
	share("crossovers", r.Crossovers.Share)
	for _, a := range r.Arms {
		share("rate", a.Rate)
		share("p", a.PValue)
		share("chance to win", a.ChanceToWin)
		share("expected loss", a.ExpectedLoss)
		share("chance to be best", a.ChanceBest)
		if v := a.Value; v != nil {
			share("p of money", v.PValue)
			share("chance to win money", v.ChanceToWin)
			share("chance to bring most", v.ChanceBest)
			if v.ExpectedLoss.Known && v.ExpectedLoss.Value < 0 {
				t.Fatalf("expected loss of money %v", v.ExpectedLoss.Value)
			}
			if i := v.IncrementalCI; i.Known && (i.Low > v.Incremental.Value || i.High < v.Incremental.Value) {
				t.Fatalf("incremental %v is outside %+v", v.Incremental.Value, i)
			}
		}
		if a.RateCI.Known && (a.RateCI.Low > a.Rate.Value || a.RateCI.High < a.Rate.Value) {
			t.Fatalf("rate %v is outside %+v", a.Rate.Value, a.RateCI)
		}
		if a.LiftCI.Known && (a.LiftCI.Low < -1 || a.LiftCI.Low > a.Lift.Value || a.LiftCI.High < a.Lift.Value) {
			t.Fatalf("lift %v is outside %+v", a.Lift.Value, a.LiftCI)
		}
		if s := a.SequentialCI; s.Known && a.LiftCI.Known && (s.Low > a.LiftCI.Low || s.High < a.LiftCI.High) {
			t.Fatalf("sequential interval %+v is narrower than %+v", s, a.LiftCI)
		}
	}
}

// busy is a pair of samples that can be compared in every way.
func busy(t *rapid.T) (control, treatment Sample) {
	one := func(name string) Sample {
		n := rapid.Uint64Range(2, 1_000_000).Draw(t, name+" n")
		return Proportion(n, rapid.Uint64Range(1, n-1).Draw(t, name+" converted"))
	}
	return one("control"), one("treatment")
}

func close(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

// TestSwappingTheArmsMirrorsTheResult: same p, the lift's interval inverted.
func TestSwappingTheArmsMirrorsTheResult(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, tr := busy(t)
		if a, b := Welch(c, tr), Welch(tr, c); a.Known != b.Known || !close(a.Value, b.Value) {
			t.Fatalf("p = %v, swapped %v", a, b)
		}
		a, b := LogRatio(c, tr).Interval(), LogRatio(tr, c).Interval()
		if !close(math.Log1p(a.Low), -math.Log1p(b.High)) || !close(math.Log1p(a.High), -math.Log1p(b.Low)) {
			t.Fatalf("interval %+v, swapped %+v", a, b)
		}
		// The mirror: counting those who did not convert changes the sign and no more.
		not := func(s Sample) Sample { return Sample{N: s.N, Mean: 1 - s.Mean, Variance: s.Variance} }
		if a, b := Welch(c, tr), Welch(not(c), not(tr)); math.Abs(a.Value-b.Value) > 1e-6*max(1e-3, a.Value) {
			t.Fatalf("p = %v, of the opposite %v", a, b)
		}
	})
}

// TestTheUnitOfMoneyDoesNotMatter: yen or thousands of yen give one p and one lift.
func TestTheUnitOfMoneyDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.Float64Range(1e-3, 1e6).Draw(t, "scale")
		one := func(name string) (Sample, Sample) {
			values := rapid.SliceOfN(rapid.Float64Range(-1000, 50_000), 2, 40).Draw(t, name)
			sum, squares := 0.0, 0.0
			for _, v := range values {
				sum, squares = sum+v, squares+v*v
			}
			n := uint64(len(values))
			return Mean(n, sum, squares), Mean(n, scale*sum, scale*scale*squares)
		}
		c, cScaled := one("control")
		tr, trScaled := one("treatment")
		if c.Variance < 1 || tr.Variance < 1 {
			return // all but alike: what is left is rounding
		}
		a, b := Welch(c, tr), Welch(cScaled, trScaled)
		if a.Known != b.Known || math.Abs(a.Value-b.Value) > 1e-6 {
			t.Fatalf("p = %+v, scaled %+v", a, b)
		}
		l, m := Lift(c, tr), Lift(cScaled, trScaled)
		if l.Known != m.Known || math.Abs(l.Value-m.Value) > 1e-6*max(1, math.Abs(l.Value)) {
			t.Fatalf("lift %+v, scaled %+v", l, m)
		}
	})
}

// TestMoreOfTheSameIsSurer: k times the data of a real difference never raises p nor widens an interval.
func TestMoreOfTheSameIsSurer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, tr := busy(t)
		k := rapid.Float64Range(1, 50).Draw(t, "k")
		more := func(s Sample) Sample { s.N *= k; return s }
		if a, b := Welch(c, tr), Welch(more(c), more(tr)); b.Value > a.Value+1e-9 {
			t.Fatalf("p = %v, with %v times the data %v", a.Value, k, b.Value)
		}
		if a, b := LogRatio(c, tr).Interval(), LogRatio(more(c), more(tr)).Interval(); b.Low < a.Low-1e-9 || b.High > a.High+1e-9*(1+a.High) {
			t.Fatalf("interval %+v, with %v times the data %+v", a, k, b)
		}
	})
}

// TestPosteriorKeepsItsIdentities proves the quadrature at every size, a tiny arm
// beside a huge one included: the two chances to win add up to one, and the two
// expected losses differ by the difference of the posterior means.
func TestPosteriorKeepsItsIdentities(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		one := func(name string) Arm {
			n := rapid.OneOf(rapid.Uint64Range(1, 20), rapid.Uint64Range(1, 5_000_000), rapid.Uint64Range(1, mostPosterior)).Draw(t, name+" n")
			return Arm{N: n, Converted: rapid.OneOf(rapid.Uint64Range(0, n), rapid.Uint64Range(0, min(n, 10))).Draw(t, name+" converted")}
		}
		c, tr := one("control"), one("treatment")
		there, back := CompareRates(c, tr), CompareRates(tr, c)
		if sum := there.ChanceToWin.Value + back.ChanceToWin.Value; math.Abs(sum-1) > 1e-6 {
			t.Fatalf("chances to win add up to %v", sum)
		}
		means := c.posterior().Mean() - tr.posterior().Mean()
		if off := there.ExpectedLoss.Value - back.ExpectedLoss.Value - means; math.Abs(off) > 1e-6 {
			t.Fatalf("expected losses are off by %v", off)
		}
	})
}
