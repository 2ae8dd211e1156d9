package stats

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// vector is one case of testdata/stats_cases.json, as far as it is used here.
type vector struct {
	ID, Group          string
	Control, Treatment sums
	Gbstats            map[string]gbstats
	Plain              map[string]gbstats `json:"gbstats_without_cuped"`
	Cross              struct {
		WilsonControl   []float64 `json:"wilson95_control"`
		WilsonTreatment []float64 `json:"wilson95_treatment"`
		Posterior       *struct {
			Win  float64 `json:"prob_treatment_better"`
			Loss float64 `json:"expected_loss_if_ship_treatment"`
		} `json:"beta_posterior_exact"`
		Welch *struct {
			P float64 `json:"p_value"`
		} `json:"welch_t_abs"`
	}
	// ratio and cuped
	Ratio         []float64
	RatioVariance []float64 `json:"ratio_variance"`
	Theta         float64
	Covariances   []float64
	Raw           struct{ Control, Treatment [2][]float64 }
	// srm
	Users   []uint64
	Weights []float64
	SRM     float64 `json:"gbstats_srm_p"`
	Flagged bool    `json:"flagged_at_0_001"`
	// multi_arm_proportion and multiple_comparisons
	Variants  []sums
	VsControl []map[string]gbstats `json:"vs_control"`
	PHolm     []float64            `json:"p_holm"`
	SRMP      float64              `json:"srm_p"`
	P, Holm   []float64
	// sequential
	TwoSided []struct {
		Alpha, HalfWidth, SE float64
		NStar                float64 `json:"N_star"`
	} `json:"two_sided"`
	OneSided []struct {
		Alpha float64
		NStar float64 `json:"N_star"`
		Side  string
		CI    []any
		P     float64 `json:"p_value"`
	} `json:"one_sided"`
	// bandit
	PosteriorMean []float64 `json:"posterior_mean"`
	PosteriorSD   []float64 `json:"posterior_sd"`
	MonteCarlo    struct {
		Best []float64 `json:"best_arm_probabilities"`
	} `json:"gbstats_monte_carlo"`
	BestExact    []float64 `json:"exact_best_arm_probabilities"`
	WeightsExact []float64 `json:"exact_weights_floor_1pct"`
	// guardrail
	Watched gbstats `json:"sequential"`
	Fixed   gbstats
}

type sums struct {
	Kind       string
	N          uint64
	Sum        float64
	SumSquares float64 `json:"sum_squares"`
	// cuped
	Post, Pre  moments
	SumPostPre float64 `json:"sum_post_pre"`
	// ratio
	M, D  moments
	SumMD float64 `json:"sum_md"`
}

type moments struct {
	Sum        float64
	SumSquares float64 `json:"sum_squares"`
}

func (s sums) paired() Paired {
	return Paired{N: s.N, Post: Moments(s.Post), Pre: Moments(s.Pre), Cross: s.SumPostPre}
}

// gbstats is what it says of one case under one configuration.
type gbstats struct {
	Expected float64
	SE, SD   *float64
	CI       []any    // "inf" and "-inf" are texts
	P        *float64 `json:"p_value"`
	PTail    *float64 `json:"p_value_sf"` // the same with its last digits
	DOF      *float64
	Win      *float64 `json:"chance_to_win"`
	Closed   *struct {
		Taking  float64 `json:"risk_treatment"`
		Keeping float64 `json:"risk_control"`
	} `json:"closed_form"`
	Error *string
	Harm  bool
}

func (s sums) sample() Sample {
	switch s.Kind {
	case "mean":
		return Mean(s.N, s.Sum, s.SumSquares)
	case "ratio":
		return Quotient(s.N, Moments(s.M), Moments(s.D), s.SumMD)
	}
	return Proportion(s.N, uint64(s.Sum))
}

func (s sums) arm(variant string) Arm {
	return Arm{Variant: variant, Control: variant == "control", Weight: 1, N: s.N, Converted: uint64(s.Sum)}
}

func vectors(t *testing.T, group string) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/stats_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	var found []vector
	for _, v := range file.Cases {
		if v.Group == group {
			found = append(found, v)
		}
	}
	if len(found) == 0 {
		t.Fatalf("testdata/stats_cases.json has no case of group %s", group)
	}
	return found
}

// near is the vectors' own tolerance: absolute 1e-9 or relative 1e-6.
func near(got, want float64) bool {
	return math.Abs(got-want) <= max(1e-9, 1e-6*math.Abs(want))
}

// same additionally holds p-values to their relative tolerance however small they are.
func same(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Abs(want) }

func TestWelchAgreesWithGbstats(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, v := range append(vectors(t, "proportion_2arm"), vectors(t, "mean_2arm")...) {
		got, want := Welch(v.Control.sample(), v.Treatment.sample()), v.Gbstats["freq_abs"]
		switch {
		case want.Error == nil:
			compared++
			if !got.Known || !same(got.Value, *want.PTail) {
				t.Errorf("%s: p = %+v, gbstats %v", v.ID, got, *want.PTail)
			}
		case v.Cross.Welch != nil:
			// One arm without variation: gbstats gives up, scipy's Welch does not, nor do we.
			if !got.Known || !same(got.Value, v.Cross.Welch.P) {
				t.Errorf("%s: p = %+v, scipy %v", v.ID, got, v.Cross.Welch.P)
			}
		case v.ID == "prop_n1":
			if got.Known || got.Why != NoVariation {
				t.Errorf("%s: %+v, want no number because of %s", v.ID, got, NoVariation)
			}
		default: // 1 of 5 against 0 of 5: a number, and nowhere near significant
			if !got.Known || got.Value < 0.3 || got.Value > 0.4 {
				t.Errorf("%s: p = %+v, want about 0.33", v.ID, got)
			}
		}
	}
	if compared < 5 {
		t.Errorf("only %d cases were compared with gbstats", compared)
	}
}

// TestSequentialHalfWidthAgreesWithGbstats also checks the standard error, by the
// half-widths that gbstats builds on it, over all α and N* of the file.
func TestSequentialHalfWidthAgreesWithGbstats(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, v := range vectors(t, "sequential") {
		units := float64(v.Control.N + v.Treatment.N)
		for _, want := range v.TwoSided {
			compared++
			if got := SequentialHalfWidth(want.SE, units, want.Alpha, want.NStar); !near(got, want.HalfWidth) {
				t.Errorf("%s, α %g, N* %g: half-width %v, gbstats %v", v.ID, want.Alpha, want.NStar, got, want.HalfWidth)
			}
		}
	}
	for _, v := range vectors(t, "proportion_2arm") {
		want, ok := v.Gbstats["seq_abs_5000"]
		if !ok || want.Error != nil {
			continue
		}
		compared++
		c, tr := v.Control.sample(), v.Treatment.sample()
		half := SequentialHalfWidth(math.Sqrt(c.squaredError()+tr.squaredError()), c.N+tr.N, 0.05, 5000)
		if low := tr.Mean - c.Mean - half; !near(low, want.CI[0].(float64)) {
			t.Errorf("%s: sequential interval begins at %v, gbstats %v", v.ID, low, want.CI[0])
		}
	}
	if compared < 10 {
		t.Errorf("only %d half-widths were compared", compared)
	}
}

func TestWilsonAgreesWithScipy(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "proportion_2arm") {
		for _, c := range []struct {
			sums
			want []float64
		}{{v.Control, v.Cross.WilsonControl}, {v.Treatment, v.Cross.WilsonTreatment}} {
			got := Wilson(c.N, uint64(c.Sum))
			if !got.Known || !near(got.Low, c.want[0]) || !near(got.High, c.want[1]) {
				t.Errorf("%s: Wilson of %g of %d = %+v, want %v", v.ID, c.Sum, c.N, got, c.want)
			}
		}
	}
}

func TestPosteriorAgreesWithExactBeta(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "proportion_2arm") {
		got, want := CompareRates(v.Control.arm("control"), v.Treatment.arm("b")), v.Cross.Posterior
		if want == nil {
			t.Fatalf("%s has no posterior", v.ID)
		}
		if !got.ChanceToWin.Known || math.Abs(got.ChanceToWin.Value-want.Win) > 1e-7 {
			t.Errorf("%s: chance to win %+v, exact %v", v.ID, got.ChanceToWin, want.Win)
		}
		if !got.ExpectedLoss.Known || math.Abs(got.ExpectedLoss.Value-want.Loss) > 1e-7 {
			t.Errorf("%s: expected loss %+v, exact %v", v.ID, got.ExpectedLoss, want.Loss)
		}
	}
}

func TestSplitAgreesWithGbstats(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t, "srm") {
		arms := make([]Arm, len(v.Users))
		for i := range arms {
			arms[i] = Arm{Weight: int(math.Round(1000 * v.Weights[i])), N: v.Users[i]}
		}
		got := CheckSplit(arms)
		if v.ID == "srm_zero_total" { // gbstats: p = 1 from no data
			if got.PValue.Known || got.Reason != NoVisitors || !got.OK {
				t.Errorf("%s: %+v, want no number because of %s", v.ID, got, NoVisitors)
			}
			continue
		}
		if !got.PValue.Known || !same(got.PValue.Value, v.SRM) || got.OK == v.Flagged {
			t.Errorf("%s: %+v, gbstats p = %v, flagged %t", v.ID, got, v.SRM, v.Flagged)
		}
	}
}

func TestHolmAgreesWithStatsmodels(t *testing.T) {
	t.Parallel()
	check := func(id string, p, want []float64) {
		in := make([]Number, len(p))
		for i := range p {
			in[i] = number(p[i])
		}
		for i, got := range Holm(in) {
			if !got.Known || !same(got.Value, want[i]) {
				t.Errorf("%s: Holm of %v at %d = %+v, want %v", id, p, i, got, want[i])
			}
		}
	}
	for _, v := range vectors(t, "multiple_comparisons") {
		check(v.ID, v.P, v.Holm)
	}
	for _, v := range vectors(t, "multi_arm_proportion") {
		var p []float64
		for _, arm := range v.VsControl {
			p = append(p, *arm["freq_rel"].PTail)
		}
		check(v.ID, p, v.PHolm)
	}
	// By hand: the least ×3, the next ×2, the last ×1 and never below the one before.
	check("three", []float64{0.04, 0.01, 0.02}, []float64{0.04, 0.03, 0.04})
	check("capped", []float64{0.9, 0.8}, []float64{1, 1})
}
