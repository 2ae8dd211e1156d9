package stats

import "fmt"

// say puts a verdict into a marketer's words, with the figures behind it and what to do next.
func say(about Subject, v Verdict, control, arm ArmResult, toGo ToGo) Sentence {
	if v == Collecting {
		return sayCollecting(control, arm, toGo)
	}
	return sayJudged(v, control, arm).and(sayMoney(about.Currency, v, arm.Value))
}

// and puts one sentence behind another.
func (s Sentence) and(more Sentence) Sentence {
	if more == (Sentence{}) {
		return s
	}
	return Sentence{s.Ja + more.Ja, s.En + " " + more.En}
}

func sayJudged(v Verdict, control, arm ArmResult) Sentence {
	f := figures(control, arm)
	name := arm.Variant
	switch v {
	case Win:
		return Sentence{
			"「" + name + "」の勝ちです。" + f.Ja + "。全員への配信をおすすめします。",
			name + " wins. " + f.En + ". Show it to everyone."}
	case LikelyWin:
		return Sentence{
			"「" + name + "」が勝ちそうですが、まだ有意ではありません。" + f.Ja + "。このまま続けてください。",
			name + " is likely to win, but this is not significant yet. " + f.En + ". Keep it running."}
	case NoDifference:
		return Sentence{
			"「" + name + "」と未実施に、10%を超える差はありません。" + f.Ja + "。別の内容を試してください。",
			name + " and control do not differ by more than 10%. " + f.En + ". Try something else."}
	case LikelyLoss:
		return Sentence{
			"「" + name + "」は負けそうですが、まだ有意ではありません。" + f.Ja + "。注意して続けるか、内容を見直してください。",
			name + " is likely to lose, but this is not significant yet. " + f.En + ". Watch it, or revise it."}
	default:
		return Sentence{
			"「" + name + "」の負けです。" + f.Ja + "。停止をおすすめします。",
			name + " loses. " + f.En + ". Stop it."}
	}
}

// figures is the middle of the sentence: both rates, and of lift, interval and p what is known.
func figures(control, arm ArmResult) Sentence {
	s := Sentence{
		fmt.Sprintf("コンバージョン率は未実施の%sに対して%s", percent(control.Rate.Value), percent(arm.Rate.Value)),
		fmt.Sprintf("%s of its visitors converted against %s of control's", percent(arm.Rate.Value), percent(control.Rate.Value)),
	}
	if arm.Lift.Known {
		s.Ja += "、" + change(arm.Lift.Value)
		s.En += ", " + change(arm.Lift.Value)
	}
	p := chance(arm.PValue.Value)
	if ci := arm.LiftCI; ci.Known {
		s.Ja += fmt.Sprintf("（95%%区間 %s〜%s、%s）", change(ci.Low), change(ci.High), p)
		s.En += fmt.Sprintf(" (95%% interval %s to %s, %s)", change(ci.Low), change(ci.High), p)
		return s
	}
	s.Ja += "（" + p + "）"
	s.En += " (" + p + ")"
	return s
}

func sayCollecting(control, arm ArmResult, toGo ToGo) Sentence {
	why := arm.PValue.Why
	if toGo.Visitors.Known {
		n, days := thousands(round(toGo.Visitors.Value)), Sentence{}
		if toGo.Days.Known {
			d := daysOf(toGo.Days.Value)
			days = Sentence{"（今のペースで約" + d.Ja + "）", ", in " + d.En + " or so at the present pace"}
		}
		return Sentence{
			fmt.Sprintf("データ収集中です。今の傾向が続けば、未実施と「%s」を合わせてあと約%s人の接触%sで判断できます。", arm.Variant, n, days.Ja),
			fmt.Sprintf("Collecting data. If things stay as they are, about %s more visitors of control and %s together will tell%s.", n, arm.Variant, days.En)}
	}
	if control.Exposed > 0 && arm.Exposed > 0 && control.Converted+arm.Converted == 0 {
		return Sentence{"データ収集中です。まだコンバージョンがありません。", "Collecting data: there is no conversion yet."}
	}
	reason := why.Sentence()
	return Sentence{"データ収集中です。" + reason.Ja + "。", "Collecting data: " + reason.En + "."}
}

func sayImpossible(why Reason) Sentence {
	reason := why.Sentence()
	return Sentence{"判定できません。" + reason.Ja + "。", "There is no verdict: " + reason.En + "."}
}

func sayBrokenSplit(srm SRM) Sentence {
	p := chance(srm.PValue.Value)
	return Sentence{
		"配分の異常です。接触数が設定した配分と合いません（" + p + "）。結果は信頼できません。表示の計測と配信条件を確認してください。",
		"The split is broken: exposed visitors do not fit the weights (" + p + "). The results cannot be trusted. Check how exposures are sent and for whom."}
}
