package stats

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"
)

// update rewrites the golden files: go test ./engine/stats -update
var update = flag.Bool("update", false, "rewrite the golden files of this package")

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// TestVerdictsAndSentences: the rule of the package comment at its edges, and
// the exact words that a marketer reads (testdata/sentences.txt).
func TestVerdictsAndSentences(t *testing.T) {
	t.Parallel()
	three := func(n, c, a, b uint64) []Arm {
		arms := append(two(n, c, n, a), Arm{Variant: "c", Weight: 1, N: n, Converted: b})
		return arms
	}
	weighted := func(arms []Arm, weights ...int) []Arm {
		for i, w := range weights {
			arms[i].Weight = w
		}
		return arms
	}
	var text bytes.Buffer
	for _, c := range []struct {
		name string
		arms []Arm
		want Verdict
	}{
		{"a clear win", two(10_000, 300, 10_000, 400), Win},
		{"a clear loss", two(10_000, 400, 10_000, 300), Loss},
		{"p just below 0.10", two(10_000, 300, 10_000, 342), LikelyWin},
		{"the same downwards", two(10_000, 342, 10_000, 300), LikelyLoss},
		{"a high p with a narrow interval", two(100_000, 10_000, 100_000, 10_050), NoDifference},
		{"a high p with a wide interval", two(1_000, 30, 1_000, 31), Collecting},
		{"99 units", two(99, 10, 99, 40), Collecting},
		{"100 units", two(100, 10, 100, 40), Win},
		{"19 conversions, 9.5 expected", two(5_000, 0, 5_000, 19), Collecting},
		{"20 conversions, none of control's", two(5_000, 0, 5_000, 20), Win},
		{"20 conversions, all of control's", two(5_000, 20, 5_000, 0), Loss},
		{"all but 19 converted", two(5_000, 4_981, 5_000, 5_000), Collecting},
		{"all but 20 converted", two(5_000, 4_980, 5_000, 5_000), Win},
		{"a small control that expects 9.9", weighted(two(1_000, 1, 9_000, 98), 1, 9), Collecting},
		{"a small control that expects 10", weighted(two(1_000, 1, 9_000, 99), 1, 9), Win},
		{"an interval that ends within ten percent and begins outside", two(10_000, 1_000, 10_000, 940), Collecting},
		{"an arm without weight is no comparison for Holm", weighted(append(two(10_000, 300, 10_000, 354), Arm{Variant: "c", N: 10_000, Converted: 310}), 1, 1, 0), Win},
		{"no conversion", two(5_000, 0, 5_000, 0), Collecting},
		{"nobody", two(0, 0, 0, 0), Collecting},
		{"all converted", two(5_000, 5_000, 5_000, 5_000), Collecting},
		{"all against none", two(5_000, 0, 5_000, 5_000), Collecting},
		{"a broken split", two(10_000, 300, 9_000, 400), BrokenSplit},
		{"an arm that never shows", two(5_000, 300, 0, 0), BrokenSplit},
		{"the split fits 20:80", weighted(two(2_000, 60, 8_000, 400), 20, 80), Win},
		{"the same counts at 50:50", two(2_000, 60, 8_000, 400), BrokenSplit},
		{"three arms, the best wins", three(10_000, 300, 310, 400), Win},
		{"three arms, p = 0.046 is not enough for one of two", three(10_000, 300, 350, 300), LikelyWin},
		{"three arms, both lose", three(10_000, 400, 300, 290), Loss},
		{"three arms, one still open", three(2_000, 400, 300, 398), Collecting},
		{"an arm without weight is out of it", weighted(three(10_000, 400, 300, 600), 1, 1, 0), Loss},
		{"only control has weight", weighted(two(10_000, 300, 0, 0), 1, 0), Collecting},
		{"no control", []Arm{{Variant: "a", Weight: 1, N: 500, Converted: 30}, {Variant: "b", Weight: 1, N: 500, Converted: 30}}, Collecting},
		{"rare conversions", two(1_000_000, 30, 1_000_000, 70), Win},
	} {
		got := Judge(about(), c.arms, 0)
		if got.Verdict != c.want {
			t.Errorf("%s: %s, want %s (%s)", c.name, got.Verdict, c.want, got.Sentence.En)
		}
		fmt.Fprintf(&text, "# %s: %s\n%s\n%s\n\n", c.name, got.Verdict, got.Sentence.Ja, got.Sentence.En)
	}
	golden(t, "testdata/sentences.txt", text.Bytes())
}

// TestArmsAreJudgedOneByOne: in a campaign of three each arm has its own word.
func TestArmsAreJudgedOneByOne(t *testing.T) {
	t.Parallel()
	r := Judge(about(), []Arm{
		{Variant: "control", Control: true, Weight: 1, N: 10_000, Converted: 300},
		{Variant: "good", Weight: 1, N: 10_000, Converted: 400},
		{Variant: "bad", Weight: 1, N: 10_000, Converted: 200},
	}, 0)
	if r.Arms[0].Verdict != "" || r.Arms[1].Verdict != Win || r.Arms[2].Verdict != Loss {
		t.Errorf("verdicts %q, %q, %q", r.Arms[0].Verdict, r.Arms[1].Verdict, r.Arms[2].Verdict)
	}
	// Holm: the p-value shown is the adjusted one; the larger of the two is left as it is.
	alone := Judge(about(), two(10_000, 300, 10_000, 400), 0).Arms[1].PValue.Value
	if got := r.Arms[1].PValue.Value; !same(got, alone) {
		t.Errorf("the larger of two p-values was changed from %v to %v", alone, got)
	}
	alone = Judge(about(), two(10_000, 300, 10_000, 200), 0).Arms[1].PValue.Value
	if got := r.Arms[2].PValue.Value; !same(got, 2*alone) {
		t.Errorf("the smaller of two p-values is %v, want twice %v", got, alone)
	}
}

func TestSplitAlarmWaitsForEightExpectedUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first, second uint64
		ok            bool
	}{
		{15, 0, true},  // 7.5 each: p = 0.0001, and too few to say so
		{16, 0, false}, // 8 each
		{5_000, 4_700, true},
		{5_000, 4_600, false},
	} {
		got := CheckSplit(two(c.first, 0, c.second, 0))
		if got.OK != c.ok || !got.PValue.Known {
			t.Errorf("%d : %d gives %+v, want ok = %t", c.first, c.second, got, c.ok)
		}
	}
	arms := append(two(5_000, 0, 5_000, 0), Arm{Variant: "off", N: 300})
	if got, want := CheckSplit(arms), CheckSplit(arms[:2]); got != want || !got.OK {
		t.Errorf("an arm without weight counts: %+v, want %+v", got, want)
	}
}

func TestCrossoversAreRedFromOnePercentAndTen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		crossovers, kept uint64
		red              bool
	}{{10, 990, true}, {10, 991, false}, {9, 91, false}, {0, 0, false}} {
		got := countCrossovers([]Arm{{N: c.kept}}, c.crossovers)
		if got.Red() != c.red {
			t.Errorf("%d crossovers beside %d kept: red = %t (%+v)", c.crossovers, c.kept, got.Red(), got)
		}
	}
}
