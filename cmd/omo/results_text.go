package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// reader is who a report is written for: its language, and how it is shown what
// counts for little.
type reader struct {
	ja       bool
	terminal bool
	zone     *time.Location
}

// clock is a moment in the zone of who reads.
func (r reader) clock(t time.Time) string { return t.In(r.zone).Format("2006-01-02 15:04 MST") }

func (r reader) in(s stats.Sentence) string {
	if r.ja {
		return s.Ja
	}
	return s.En
}

// say picks the words of the reader's language.
func (r reader) say(ja, en string) string { return r.in(stats.Sentence{Ja: ja, En: en}) }

// grey is for what counts for little; where there are no colours a mark says so.
func (r reader) grey(s string) string {
	if r.terminal {
		return text.Faint.EscapeSeq() + s + text.Reset.EscapeSeq()
	}
	return s
}

// writeResults prints the main goal of many campaigns as one table, an arm a row,
// with all lifts on one scale.
func writeResults(w io.Writer, r reader, all []resultAnswer) {
	var arms []stats.ArmResult
	for _, x := range all {
		arms = append(arms, x.Results.Arms...)
	}
	p := plotFor(arms)
	t := newTable(w, r.say("施策", "campaign"), r.say("パターン", "variant"), r.say("表示人数", "visitors"), r.say("成果人数", "converted"),
		r.say("成果率", "rate"), r.say("リフト", "lift"), p.header(), r.say("p値", "p"), r.say("判定", "verdict"))
	for _, x := range all {
		// Said once a campaign: its name beside the first arm, its goal beside the second.
		labels := []string{x.Results.Campaign, "  " + goalText(x.Results.Results)}
		for i, a := range x.Results.Arms {
			label, verdict := "", ""
			if i < len(labels) {
				label = labels[i]
			}
			if a.Verdict != "" {
				verdict = r.in(a.Verdict.Words())
			}
			t.AppendRow(table.Row{label, armName(r, a), count(a.Exposed), count(a.Converted), a.Rate.Percent(), a.Lift.Change(), p.line(a.Lift, a.LiftCI), a.PValue.PText(), verdict})
		}
		if len(x.Results.Arms) == 0 {
			t.AppendRow(table.Row{x.Results.Campaign, r.say("まだ表示なし", "nobody yet")})
		}
		t.AppendSeparator()
	}
	t.SetColumnConfigs(append(rightAligned(3, 4, 5, 6, 8), table.ColumnConfig{Number: 7, Align: text.AlignLeft}))
	render(w, t)
	for _, x := range all {
		x.warn(w, r)
		x.former(w, r)
	}
	for _, x := range all {
		if n := x.Results.LeftOut; n > 0 {
			fmt.Fprintf(w, r.say("※ %s：配分の異なる期間のうち、人数が少なく比べていない %s人は、表示人数と成果人数にだけ含みます。\n", "* %s: %s visitors of periods too small to compare are among visitors and converted alone.\n"), x.Results.Campaign, count(n))
		}
	}
	if len(all) > 1 {
		fmt.Fprintln(w, r.say("くわしくは omo results 施策ID、次にすべきことは omo review。", "omo results CAMPAIGN says more of one, omo review what to do next."))
	}
}

// writeCampaign prints one goal of a campaign: what it means first, then the figures.
func writeCampaign(w io.Writer, r reader, x resultAnswer) {
	res := x.Results
	if x.Name != "" && x.Name != res.Campaign {
		fmt.Fprintln(w, x.Name)
	}
	fmt.Fprintf(w, "%s\n\n", strings.Join(x.about(r), " · "))
	x.warn(w, r)
	x.former(w, r)
	if len(res.Arms) == 0 {
		fmt.Fprintf(w, "%s\n\n", r.say("まだデータが届いていません。この施策が最初に表示されると、ここに結果が出ます。", "Nobody has been exposed yet: the results come with the first who is."))
		return
	}
	fmt.Fprintf(w, "%s\n\n", paragraph(r.in(res.Sentence)))
	p := plotFor(res.Arms)
	t := newTable(w, r.say("パターン", "variant"), r.say("表示人数", "visitors"), r.say("成果人数", "converted"), r.say("成果率", "rate"),
		r.say("リフト", "lift"), p.header(), r.say("95%区間", "95 % interval"), r.say("p値", "p"), r.say("判定", "verdict"))
	for _, a := range res.Arms {
		verdict := ""
		if a.Verdict != "" {
			verdict = r.in(a.Verdict.Words())
		}
		t.AppendRow(table.Row{armName(r, a), count(a.Exposed), count(a.Converted), a.Rate.Percent(), a.Lift.Change(), p.line(a.Lift, a.LiftCI), a.LiftCI.Change(" … "), a.PValue.PText(), verdict})
	}
	t.SetColumnConfigs(rightAligned(2, 3, 4, 5, 7, 8))
	render(w, t)
	x.money(w, r)
	x.notes(w, r)
	fmt.Fprintln(w)
}

// about is the line under a campaign's name.
func (x resultAnswer) about(r reader) []string {
	res := x.Results
	out := []string{res.Campaign, r.say("目標 "+res.Goal+"（"+res.Window+"以内）", res.Goal+" within "+res.Window), res.Status}
	if res.Phase != "" {
		out = append(out, r.say("フェーズ ", "phase ")+res.Phase)
	}
	return append(out, r.say(r.clock(res.AsOf)+" 集計", "as of "+r.clock(res.AsOf)))
}

// money prints what the arms bring, where the goal has a value.
func (x resultAnswer) money(w io.Writer, r reader) {
	res := x.Results
	if !slices.ContainsFunc(res.Arms, func(a stats.ArmResult) bool { return a.Value != nil }) {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, r.say("売上", "money"), r.say("1人あたり", "a visitor"), r.say("クーポン費用", "coupon costs"), r.say("未実施との差（1人）", "over control, each"), r.say("95%区間", "95 % interval"),
		r.say("これまでの合計", "in all so far"), r.say("95%区間", "95 % interval"))
	for _, a := range res.Arms {
		v := a.Value
		if v == nil {
			continue
		}
		money := func(n stats.Number) string { return r.in(n.Money(res.Currency)) }
		between := func(i stats.Interval) string { return r.in(i.Money(res.Currency, " … ")) }
		t.AppendRow(table.Row{armName(r, a), r.in(v.PerVisitor.Amount(res.Currency)), r.in(v.Cost.Amount(res.Currency)),
			money(v.IncrementalPerVisitor), between(v.IncrementalPerVisitorCI), money(v.Incremental), between(v.IncrementalCI)})
	}
	t.SetColumnConfigs(rightAligned(2, 3, 4, 5, 6, 7))
	render(w, t)
}

// notes are what the figures leave out and rest on.
func (x resultAnswer) notes(w io.Writer, r reader) {
	res := x.Results
	var out []string
	if n := res.Crossovers.Count + res.CarriedOver; n > 0 {
		out = append(out, fmt.Sprintf(r.say("どのパターンにも数えない人 %s人（2つ以上のパターンを見た人 %s、以前のフェーズを見た人 %s）", "%s visitors are in no arm: %s saw two variants, %s an earlier phase"),
			count(n), count(res.Crossovers.Count), count(res.CarriedOver)))
	}
	if res.Periods > 1 {
		out = append(out, fmt.Sprintf(r.say("配分の異なる期間が%d個あるため、同じ配分の期間の中で比べています（比べていない人 %s人。表示人数と成果人数には含み、成果率から先には含みません）", "the weights had %d periods: arms are compared within each (%s visitors are in none that can be compared: they are among visitors and converted, not in the rates and what follows)"), res.Periods, count(res.LeftOut)))
	}
	if slices.ContainsFunc(res.Arms, func(a stats.ArmResult) bool { return a.Value != nil && a.Value.Adjusted }) {
		out = append(out, fmt.Sprintf(r.say("売上の差は、表示前%sの購入額による違いを除いています（CUPED）", "money over control allows for what visitors brought in the %s before their first exposure (CUPED)"), res.Past))
	}
	if p := res.SRM.PValue; p.Known {
		out = append(out, r.say("配分の検査 p = "+p.PText(), "split against the weights: p = "+p.PText()))
	}
	if res.PerDay > 0 {
		out = append(out, fmt.Sprintf(r.say("この7日間は1日約%s人", "of late about %s visitors a day"), count(uint64(res.PerDay+.5))))
	}
	for _, line := range out {
		fmt.Fprintln(w, r.say("※ ", "* ")+line)
	}
}

// former leads to the results of the phase before one in which nobody is exposed yet.
func (x resultAnswer) former(w io.Writer, r reader) {
	f := x.Results.Former
	if f == nil {
		return
	}
	fmt.Fprintf(w, r.say("※ %[1]s：いまのフェーズでは、まだ誰にも表示されていません。%[2]s からのフェーズの結果（合算はしません）: omo results %[1]s --phase %[3]s\n\n",
		"* %[1]s: nobody has been exposed in the live phase yet. Results of the one of %[2]s, which are never added up with it: omo results %[1]s --phase %[3]s\n\n"),
		x.Results.Campaign, r.clock(f.Began), f.Phase)
}

// warn says above all else what makes figures wrong or meaningless.
func (x resultAnswer) warn(w io.Writer, r reader) {
	if over := x.Results.Override; over != nil && over.Harm != nil {
		fmt.Fprintf(w, "%s %s\n%s\n\n", r.say("⚠ "+x.Results.Campaign+"：", "! "+x.Results.Campaign+" was stopped for harm:"),
			r.say("害があるため、"+r.clock(time.UnixMilli(over.Harm.At))+" から全員に未実施です。", "since "+r.clock(time.UnixMilli(over.Harm.At))+" everybody gets control."),
			paragraph(r.in(stats.Sentence{Ja: over.Harm.Ja, En: over.Harm.En})))
	}
	if x.Results.Crossovers.Red() {
		fmt.Fprintf(w, r.say("⚠ %s：%sの人が2つ以上のパターンを見ています。結果は信頼できません。\n", "! %s: %s of the visitors saw two variants or more; do not trust the results.\n"), x.Results.Campaign, x.Results.Crossovers.Share.Percent())
	}
}

func armName(r reader, a stats.ArmResult) string {
	if a.Control {
		if a.Variant == "control" {
			return r.say("control（未実施）", "control")
		}
		return a.Variant + r.say("（未実施）", " (control)")
	}
	return a.Variant
}

func goalText(r stats.Results) string { return r.Goal + " " + r.Window }

// lineWidth is how many columns a line of prose takes at most.
const lineWidth = 100

// paragraph breaks a long text into lines: a Japanese one after its sentences,
// since a line must not begin with what ends one.
func paragraph(s string) string {
	if !strings.Contains(s, "。") {
		lines := strings.Split(text.WrapSoft(s, lineWidth), "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		return strings.Join(lines, "\n")
	}
	var lines []string
	for _, sentence := range strings.SplitAfter(s, "。") {
		if n := len(lines) - 1; n >= 0 && text.StringWidthWithoutEscSequences(lines[n]+sentence) <= lineWidth {
			lines[n] += sentence
		} else {
			lines = append(lines, sentence)
		}
	}
	return strings.Join(lines, "\n")
}

// count groups digits, as both languages do.
func count(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// render prints a table without the blanks that would end its lines.
func render(w io.Writer, t table.Writer) {
	t.SetOutputMirror(nil)
	for line := range strings.Lines(t.Render() + "\n") {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}
