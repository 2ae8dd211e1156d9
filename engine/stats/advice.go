package stats

// Words is the finding as the heading of what it was found of.
func (f Finding) Words() Sentence {
	switch f {
	case Stopped:
		return Sentence{"害があり停止中", "stopped for harm"}
	case Broken:
		return Sentence{"配分の異常", "broken split"}
	case Lost:
		return Sentence{"負け", "lost"}
	case Costly:
		return Sentence{"成果は勝ち・金額は負け", "won, but loses money"}
	case Won:
		return Sentence{"勝ち", "won"}
	case Unmeasured:
		return Sentence{"効果を測れない", "not measured"}
	case Stale:
		return Sentence{"表示されていない", "stale: nobody sees it"}
	case Same:
		return Sentence{"差なし", "no difference"}
	case Stuck:
		return Sentence{"判断がつかない", "a verdict is months away"}
	case Leaning:
		return Sentence{"もう少しで判断", "leaning"}
	default:
		return Sentence{"データ収集中", "collecting data"}
	}
}

// command is what the advice comes to where there is a terminal and no screen.
func (r Review) command() string {
	switch r.Finding {
	case Stopped:
		return "omo resume " + r.Campaign
	case Lost:
		return "omo pause " + r.Campaign
	case Broken, Stale:
		return "omo results " + r.Campaign + " --funnel"
	default:
		return ""
	}
}

// say is what was found of the campaign, and what to do about it or to try next.
func (c Reviewed) say(r Review, arm ArmResult) (what, next Sentence) {
	name, lift := arm.Variant, ""
	if arm.Lift.Known {
		lift = change(arm.Lift.Value)
	}
	about := func(ja, en string) Sentence {
		if lift == "" {
			return Sentence{"「" + name + "」" + ja + "。", name + " " + en + "."}
		}
		return Sentence{"「" + name + "」" + ja + "（コンバージョン率 " + lift + "）。", name + " " + en + " (conversions " + lift + ")."}
	}
	stake := c.Results.sayStake(r.AtStake)
	switch r.Finding {
	case Stopped:
		return *c.Harm, Sentence{
			"内容を直してから再開してください。",
			"Revise it, then resume it."}
	case Broken:
		return c.Results.Sentence, Sentence{
			"直るまで数字を使わないでください。どこで差がつくかは、ファネル（判定のゆくえ）で確認できます。",
			"Use none of its numbers until it is mended: the funnel shows where the arms part."}
	case Unmeasured:
		return NoControl.sentence(), Sentence{
			"アクションのないバリアントを 10% ほどの配分で加えると、効果がわかります。",
			"Add a variant without action, of weight 10 or so, and its effect can be told."}
	case Lost:
		return about("の負けです", "loses").and(stake), Sentence{
			"一時停止して、対象・タイミング・特典のどれかを変えてください。",
			"Pause it, and try other visitors, another moment or another offer."}
	case Costly:
		return about("で成果は増えますが、費用のほうが大きくなっています", "converts more, and costs more than it brings").and(stake), Sentence{
			"特典を小さくするか、クーポンがなければ買わない人に対象を絞ってください。",
			"Make the reward smaller, or keep it to those who would not buy without it."}
	case Won:
		return about("の勝ちです", "wins").and(stake), Sentence{
			"未実施を 5% ほど残して全員に配信し、次はさらに強い案と比べてください。",
			"Show it to everyone but a control of 5 %, and put a stronger idea against it."}
	case Stale:
		return sayStale(r), Sentence{
			"期間・ページ・条件と優先度を見直すか、終了してください。どこで落ちているかは、ファネル（判定のゆくえ）でわかります。",
			"Look at its schedule, pages, rule and priority, or end it: the funnel shows where visitors are lost."}
	case Same:
		return about("と未実施に、10%を超える差はありません", "and control do not differ by more than 10 %"), Sentence{
			"終了して枠を空け、もっと大きな変更（特典・タイミング・対象）を試してください。",
			"End it to free its place, and try a larger change: offer, moment, visitors."}
	case Stuck:
		days := thousands(round(c.Results.ToGo.Days.Value))
		return Sentence{
				"今のペースでは、判断まであと約" + days + "日かかります。",
				"At the present pace a verdict takes about " + days + " days more."}, Sentence{
				"対象を広げる、バリアントを減らす、または差が出るほど大きく変えてください。",
				"Reach more visitors, take fewer variants, or change more."}
	case Leaning:
		ja, en := "は負けそうです", "is likely to lose"
		if r.Verdict == LikelyWin {
			ja, en = "が勝ちそうです", "is likely to win"
		}
		return about(ja, en), sayWait(c.Results.ToGo)
	default:
		if c.Again {
			return Sentence{
				"いまのフェーズでは、まだ誰にも表示されていません。再開や、配分・内容の変更のたびに新しいフェーズとして数え、前の結果とは合算しません。",
				"Nobody has been exposed in the live phase yet. A resume and other weights or content begin a phase, and phases are never added up."}, sayWait(c.Results.ToGo)
		}
		return sayYoung(c.Results, arm), sayWait(c.Results.ToGo)
	}
}

// sayStake is what is at stake in 30 days.
func (r Results) sayStake(at *Incremental) Sentence {
	if at == nil || !at.Value.Known || !at.Interval.Known {
		return Sentence{}
	}
	sum, ci := at.Value.Money(r.Currency), at.Interval
	ja, en := ci.Money(r.Currency, "〜"), ci.Money(r.Currency, " to ")
	return Sentence{
		"おすすめのとおりにすると、30日で約" + sum.Ja + "（95%区間 " + ja.Ja + "）です。",
		"At stake in 30 days: about " + sum.En + " (95% interval " + en.En + ")."}
}

func sayStale(r Review) Sentence {
	if r.Exposed == 0 {
		return Sentence{"この期間に表示された人がいません。", "Nobody was exposed in all this time."}
	}
	return Sentence{"この7日間に表示された人がいません。", "Nobody was exposed in the last seven days."}
}

func sayYoung(r Results, arm ArmResult) Sentence {
	exposed, converted := uint64(0), uint64(0)
	for _, a := range r.Arms {
		exposed, converted = exposed+a.Exposed, converted+a.Converted
	}
	switch {
	case exposed == 0:
		return Sentence{"まだ誰にも表示されていません。", "Nobody has been exposed yet."}
	case converted == 0:
		return Sentence{"まだコンバージョンがありません。", "There is no conversion yet."}
	case !r.ToGo.Visitors.Known && arm.PValue.Why != "":
		return arm.PValue.Why.sentence()
	}
	return Sentence{"まだ判断できません。", "Nothing can be told yet."}
}

func sayWait(to ToGo) Sentence {
	if !to.Visitors.Known {
		return Sentence{"このまま続けてください。", "Keep it running."}
	}
	n := thousands(round(to.Visitors.Value))
	if !to.Days.Known {
		return Sentence{"このまま続けてください。あと約" + n + "人で判断できます。", "Keep it running: about " + n + " visitors more will tell."}
	}
	days := daysOf(to.Days.Value)
	return Sentence{
		"このまま続けてください。あと約" + n + "人（約" + days.Ja + "）で判断できます。",
		"Keep it running: about " + n + " visitors more (" + days.En + ") will tell."}
}

// daysOf is a number of days, about.
func daysOf(days float64) Sentence {
	n := thousands(round(max(1, days)))
	if n == "1" {
		return Sentence{"1日", "a day"}
	}
	return Sentence{n + "日", n + " days"}
}

// sentence is the reason as a sentence that stands alone.
func (r Reason) sentence() Sentence {
	s := r.Sentence()
	return Sentence{s.Ja + "。", capital(s.En) + "."}
}
