package stats

import (
	"math"
	"slices"
)

// Verdict is the judgement in one word; the rule is in the package comment.
type Verdict string

// The verdicts, as the contract spells them.
const (
	Collecting   Verdict = "collecting"
	Win          Verdict = "win"
	LikelyWin    Verdict = "likely_win"
	NoDifference Verdict = "no_difference"
	LikelyLoss   Verdict = "likely_loss"
	Loss         Verdict = "loss"
	BrokenSplit  Verdict = "broken_split"
)

// Words is the verdict as it is shown to people.
func (v Verdict) Words() Sentence {
	switch v {
	case Collecting:
		return Sentence{"データ収集中", "collecting data"}
	case Win:
		return Sentence{"勝ち", "win"}
	case LikelyWin:
		return Sentence{"勝ちそう", "likely win"}
	case NoDifference:
		return Sentence{"差なし", "no difference"}
	case LikelyLoss:
		return Sentence{"負けそう", "likely loss"}
	case Loss:
		return Sentence{"負け", "loss"}
	case BrokenSplit:
		return Sentence{"配分の異常", "broken split"}
	default:
		return Sentence{string(v), string(v)}
	}
}

const (
	leaning   = 0.10 // p below which a difference is called likely
	worth     = 0.10 // a relative difference that would be worth having
	minUnits  = 100  // in each arm, before anything is judged
	minEvents = 10   // see tooFew
	minSales  = 50   // expected in the smaller arm, before money is judged
)

// rank orders the arms' verdicts to the campaign's: the best arm is what to do next.
func (v Verdict) rank() int {
	for i, known := range []Verdict{Win, LikelyWin, Collecting, NoDifference, LikelyLoss, Loss} {
		if v == known {
			return i
		}
	}
	return math.MaxInt
}

// decide sets every arm's verdict, the campaign's and its sentence.
func (r *Results) decide(arms []Arm, control int) {
	best := -1
	for i, a := range arms {
		if i == control || a.Weight <= 0 {
			continue
		}
		arm := &r.Arms[i]
		if arm.Verdict = Collecting; control >= 0 {
			arm.Verdict = judgeArm(arms[control], a, *arm)
		}
		if arm.Value != nil {
			if arm.Value.Verdict = Collecting; control >= 0 {
				arm.Value.Verdict = judgeMoney(arms[control], a, *arm.Value)
			}
		}
		if best < 0 || arm.Verdict.rank() < r.Arms[best].Verdict.rank() ||
			arm.Verdict == r.Arms[best].Verdict && arm.Lift.Value > r.Arms[best].Lift.Value {
			best = i
		}
	}
	switch {
	case !r.SRM.OK:
		for i := range r.Arms {
			if r.Arms[i].Verdict != "" {
				r.Arms[i].Verdict = BrokenSplit
				if v := r.Arms[i].Value; v != nil {
					v.Verdict = BrokenSplit
				}
			}
		}
		r.Verdict, r.Sentence, r.ToGo = BrokenSplit, sayBrokenSplit(r.SRM), noToGo(SplitFirst)
	case best < 0:
		r.Verdict, r.Sentence, r.ToGo = Collecting, sayImpossible(NoTreatment), noToGo(NoTreatment)
	case control < 0:
		r.Verdict, r.Sentence, r.ToGo = Collecting, sayImpossible(NoControl), noToGo(NoControl)
	default:
		r.Verdict = r.Arms[best].Verdict
		r.ToGo = r.toGo(arms, control, best)
		r.Sentence = say(r.Subject, r.Verdict, r.Arms[control], r.Arms[best], r.ToGo)
	}
}

// judgeArm is the rule of the package comment, the split aside.
func judgeArm(control, treatment Arm, figures ArmResult) Verdict {
	if !figures.PValue.Known || tooFew(control, treatment) {
		return Collecting
	}
	return judge(figures.PValue.Value, figures.Rate.Value > control.rate().Mean, figures.LiftCI)
}

// judge is the rule once there is enough data, for a rate or for money.
func judge(p float64, better bool, ci Interval) Verdict {
	switch {
	case p < alpha && better:
		return Win
	case p < alpha:
		return Loss
	case p < leaning && better:
		return LikelyWin
	case p < leaning:
		return LikelyLoss
	}
	if ci.Known && -worth <= ci.Low && ci.High <= worth {
		return NoDifference
	}
	return Collecting
}

// tooFew tells whether the test's normal shape is still far off: the smaller arm
// must expect ten that convert and ten that do not, at the rate of both arms
// together. Expected, as what a small arm happened to get is what is in question:
// with 1:9 and five expected, the small arm is falsely low in 8 % of null tests.
func tooFew(control, treatment Arm) bool {
	return min(control.N, treatment.N) < minUnits || rarer(control, treatment) < minEvents
}

// Small tells whether there is too little in one of the arms for its comparison
// with control to mean anything: what is greyed out in a breakdown.
func Small(arms []Arm) bool {
	control := slices.IndexFunc(arms, func(a Arm) bool { return a.Control })
	return control < 0 || slices.ContainsFunc(arms, func(a Arm) bool { return !a.Control && a.Weight > 0 && tooFew(arms[control], a) })
}

// rarer is how many of the rarer outcome, converting or not, the smaller arm
// expects at the rate of both arms together; zero also for sums that make no sense.
func rarer(control, treatment Arm) float64 {
	units, converted := float64(control.N)+float64(treatment.N), float64(control.Converted)+float64(treatment.Converted)
	if units == 0 {
		return 0
	}
	return max(0, min(converted, units-converted)) * float64(min(control.N, treatment.N)) / units
}
