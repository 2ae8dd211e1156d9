package stats

// SiteMonth is what all campaigns together brought in a month, against visitors
// who got none. Both arms enter at a consented visitor's first page view of the
// month. JSON: one item of GET /v1/site/results.
type SiteMonth struct {
	Month       string       `json:"month"` // 2026-12
	Arms        []ArmResult  `json:"arms"`  // held_out, which is the control, and treated
	SRM         SRM          `json:"srm"`
	Incremental *Incremental `json:"incremental,omitempty"` // missing where nobody bought anything
	Verdict     Verdict      `json:"verdict"`               // of the share of buyers
	Sentence    Sentence     `json:"sentence"`
}

// Names of the two arms of a whole site.
const (
	HeldOutArm = "held_out"
	TreatedArm = "treated"
)

// JudgeSite compares the two. Their names, and that the holdout is the control,
// are set here; weights are of 10,000.
func JudgeSite(month, currency string, heldOut, treated Arm) SiteMonth {
	heldOut.Variant, heldOut.Control = HeldOutArm, true
	treated.Variant, treated.Control = TreatedArm, false
	r := Judge(Subject{Currency: currency}, []Arm{heldOut, treated}, 0)
	return SiteMonth{
		Month: month, Arms: r.Arms, SRM: r.SRM, Incremental: r.Incremental, Verdict: r.Verdict,
		Sentence: saySite(currency, heldOut.Weight, r),
	}
}

func saySite(currency string, share int, r Results) Sentence {
	control, treated := r.Arms[0], r.Arms[1]
	switch {
	case share <= 0:
		return Sentence{
			"ホールドアウト（施策を見せない人）がないため、全体の効果はわかりません。site.yaml に holdout: 5% と書くと、その月から測れます。",
			"There is no holdout to compare with. Write holdout: 5% in site.yaml, and the whole can be measured from then on."}
	case treated.Exposed == 0:
		return Sentence{"まだデータがありません。", "There is no data yet."}
	case control.Exposed == 0:
		return Sentence{"ホールドアウトの人がまだいません。", "Nobody of the holdout has come yet."}
	case r.Verdict == BrokenSplit:
		return r.Sentence
	}
	s := Sentence{
		"購入した人は、ホールドアウトの" + percent(control.Rate.Value) + "に対して" + percent(treated.Rate.Value) + "です。",
		percent(treated.Rate.Value) + " bought something, against " + percent(control.Rate.Value) + " of the holdout."}
	if v := treated.Value; v == nil || !v.IncrementalCI.Known {
		return s.and(Sentence{"売上の差はまだわかりません。", "What that is in money cannot be told yet."})
	}
	sum, each := r.Incremental, treated.Value
	return s.and(Sentence{
		"施策全体の売上への効果は1人あたり" + each.IncrementalPerVisitor.Money(currency).Ja + "、月の合計で" + sum.Value.Money(currency).Ja +
			"（95%区間 " + sum.Interval.Money(currency, "〜").Ja + "）です。",
		"All campaigns together brought " + each.IncrementalPerVisitor.Money(currency).En + " a visitor, " + sum.Value.Money(currency).En +
			" in the month (95% interval " + sum.Interval.Money(currency, " to ").En + ").",
	}).and(certain(sum.Interval))
}

// certain says what an interval that holds zero means.
func certain(i Interval) Sentence {
	switch {
	case !i.Known:
		return Sentence{}
	case i.Low > 0:
		return Sentence{"プラスといえます。", "That is above zero."}
	case i.High < 0:
		return Sentence{"マイナスです。負けている施策を止めてください。", "That is below zero: stop the campaigns that lose."}
	default:
		return Sentence{"まだ0と区別できません。", "That cannot be told from zero yet."}
	}
}
