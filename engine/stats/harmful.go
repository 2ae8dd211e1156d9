package stats

import "strconv"

// Sentence says why the variant was stopped, in the words of the screen, the log
// and the webhook; or that nothing speaks against it.
func (h Harm) Sentence(variant, currency string) Sentence {
	for _, w := range h.Watched {
		if h.Harmful && w.Guardrail == h.Guardrail {
			return w.sentence(variant, currency)
		}
	}
	return Sentence{
		"「" + variant + "」に害は認められません。",
		"Nothing shows that " + variant + " does harm.",
	}
}

func (w Watch) sentence(variant, currency string) Sentence {
	c, t, least := w.Control.Value, w.Arm.Value, w.AtLeast.Value
	var why Sentence
	switch w.Guardrail {
	case GuardConversion:
		why = Sentence{
			"コンバージョン率が未実施の" + percent(c) + "に対して" + percent(t) + "で、少なくとも" + points(least) + "ポイント下がっています",
			percent(t) + " of its visitors converted against " + percent(c) + " of control's, fewer by " + points(least) + " points at least"}
	case GuardValue:
		control, arm, low := amount(c, currency), amount(t, currency), amount(least, currency)
		why = Sentence{
			"1人あたりの金額が未実施の" + control.Ja + "に対して" + arm.Ja + "で、少なくとも" + low.Ja + "下がっています",
			"a visitor brings " + arm.En + " against " + control.En + " in control, less by " + low.En + " at least"}
	case GuardCloses:
		why = Sentence{
			percent(t) + "のビジターが閉じています。少なくとも" + percent(least) + "で、上限の" + percent(w.Limit) + "を超えています",
			percent(t) + " of its visitors closed it, " + percent(least) + " at least and more than the " + percent(w.Limit) + " that are borne"}
	default:
		why = Sentence{
			percent(t) + "のビジターでエラーが起きています。少なくとも" + percent(least) + "で、上限の" + percent(w.Limit) + "を超えています",
			percent(t) + " of its visitors met an error, " + percent(least) + " at least and more than the " + percent(w.Limit) + " that are borne"}
	}
	return Sentence{
		"「" + variant + "」は害があります。" + why.Ja + "（何度確認しても誤りは5%以下）。配信を止め、内容を見直してください。",
		variant + " does harm: " + why.En + " (wrong at most 5 times in 100, however often one looks). Stop it and revise it."}
}

// points is a difference of shares in percentage points.
func points(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) }
