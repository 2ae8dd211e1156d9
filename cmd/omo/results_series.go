package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// writeSeries prints a line a day and variant, control's beside it. Of what had
// come up to each day the interval is drawn that may be looked at every day.
func (o resultsOptions) writeSeries(w io.Writer, r reader, s api.Series) {
	heading := r.say("日ごと（その日に最初に表示された人）", "by the day of the first exposure")
	if o.cumulative {
		heading = r.say("その日までの累計（毎日見てもよい区間）", "up to each day, with the interval that may be watched")
	}
	fmt.Fprintf(w, "%s · %s · %s\n\n", s.Campaign, r.say("目標 "+s.Goal+"（"+s.Window+"以内）", s.Goal+" within "+s.Window), heading)
	if len(s.Days) == 0 {
		fmt.Fprintln(w, r.say("まだデータがありません。", "Nobody has been exposed yet."))
		return
	}
	type line struct {
		day          string
		control, arm stats.ArmResult
	}
	var lines []line
	var drawn []stats.ArmResult
	for _, d := range s.Days {
		arms := d.Arms
		if o.cumulative {
			arms = slices.Clone(d.Cumulative)
			for i := range arms {
				arms[i].LiftCI = arms[i].SequentialCI
			}
		}
		control := stats.ArmResult{}
		if i := slices.IndexFunc(arms, func(a stats.ArmResult) bool { return a.Control }); i >= 0 {
			control = arms[i]
		}
		for _, a := range arms {
			if !a.Control {
				lines, drawn = append(lines, line{d.Day, control, a}), append(drawn, a)
			}
		}
	}
	p := plotFor(drawn)
	t := newTable(w, r.say("日", "day"), r.say("パターン", "variant"), r.say("表示人数", "visitors"), r.say("成果率", "rate"),
		r.say("未実施", "control"), r.say("成果率", "rate"), r.say("リフト", "lift"), p.header())
	before := ""
	for _, l := range lines {
		day := l.day
		if day == before {
			day = ""
		}
		before = l.day
		t.AppendRow(table.Row{day, l.arm.Variant, count(l.arm.Exposed), l.arm.Rate.Percent(), count(l.control.Exposed), l.control.Rate.Percent(), l.arm.Lift.Change(), p.line(l.arm.Lift, l.arm.LiftCI)})
	}
	t.SetColumnConfigs(rightAligned(3, 4, 5, 6, 7))
	render(w, t)
}

func (o resultsOptions) seriesSheet(s api.Series) api.Sheet { return s.Sheet(o.cumulative) }

func writeBreakdown(w io.Writer, r reader, b api.Breakdown) {
	fmt.Fprintf(w, "%s · %s · %s\n\n", b.Campaign, r.say("目標 "+b.Goal+"（"+b.Window+"以内）", b.Goal+" within "+b.Window), r.say(attributeWord(b.By).Ja+"別", "by "+attributeWord(b.By).En))
	if len(b.Slices) == 0 {
		fmt.Fprintln(w, r.say("まだデータがありません。", "Nobody has been exposed yet."))
		return
	}
	var drawn []stats.ArmResult
	few := false
	for _, s := range b.Slices {
		if few = few || s.Small; !s.Small {
			drawn = append(drawn, s.Arms...)
		}
	}
	p := plotFor(drawn)
	t := newTable(w, r.in(attributeWord(b.By)), r.say("パターン", "variant"), r.say("表示人数", "visitors"), r.say("成果人数", "converted"),
		r.say("成果率", "rate"), r.say("リフト", "lift"), p.header(), r.say("95%区間", "95 % interval"), "")
	for _, s := range b.Slices {
		key, mark := r.in(keyWord(s.Key)), ""
		if s.Small {
			mark = r.say("少数", "few")
		}
		for _, a := range s.Arms {
			row := table.Row{key, armName(r, a), count(a.Exposed), count(a.Converted), a.Rate.Percent(), a.Lift.Change(), p.line(a.Lift, a.LiftCI), a.LiftCI.Change(" … "), mark}
			if s.Small {
				for i := range row {
					row[i] = r.grey(row[i].(string))
				}
			}
			t.AppendRow(row)
			key, mark = "", ""
		}
		t.AppendSeparator()
	}
	t.SetColumnConfigs(rightAligned(3, 4, 5, 6, 8))
	render(w, t)
	if few {
		fmt.Fprintln(w, r.say("※ 少数：人数か成果が少なく、差は読み取れません。", "* few: too few visitors or conversions to go by."))
	}
	fmt.Fprintln(w, r.say("※ 切り口ごとの差は手がかりです。20に1つは偶然でも差があるように見えます。", "* Slices are hints for the next test: of twenty, one seems to differ by chance."))
}

func attributeWord(by string) stats.Sentence {
	switch by {
	case "device":
		return stats.Sentence{Ja: "デバイス", En: "device"}
	case "visitor":
		return stats.Sentence{Ja: "新規・再訪", En: "new or returning"}
	case "channel":
		return stats.Sentence{Ja: "流入経路", En: "channel"}
	default:
		return stats.Sentence{Ja: "会員ランク", En: by}
	}
}

// keyWord is a slice's value in words; a rank is the shop's own.
func keyWord(key string) stats.Sentence {
	ja, known := map[string]string{
		"": "（不明）", "mobile": "スマートフォン", "tablet": "タブレット", "desktop": "パソコン", "new": "新規", "returning": "再訪",
		"direct": "直接", "search": "検索", "social": "SNS", "email": "メール", "paid": "広告", "referral": "他サイト", "ai": "AI",
	}[key]
	switch {
	case !known:
		return stats.Sentence{Ja: key, En: key}
	case key == "":
		return stats.Sentence{Ja: ja, En: "(unknown)"}
	default:
		return stats.Sentence{Ja: ja, En: key}
	}
}
