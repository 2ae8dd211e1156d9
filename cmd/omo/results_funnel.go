package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// barCells is how long the bar of all decisions is.
const barCells = 24

// writeFunnel prints the days together; the other formats have each.
func writeFunnel(w io.Writer, r reader, f api.Funnel) {
	fmt.Fprintf(w, "%s · %s\n\n", f.Campaign, r.say(r.clock(f.From)+" から "+r.clock(f.To)+" までの判定", "decisions from "+r.clock(f.From)+" to "+r.clock(f.To)))
	var steps []api.Step
	if len(f.Days) > 0 {
		steps = f.Days[0].Steps
	}
	matched := uint64(0)
	if len(steps) > 0 {
		matched = steps[0].Decisions
	}
	if matched == 0 {
		fmt.Fprintln(w, r.say("この期間に条件に合った人がいません。対象の条件、ページ、期間を見直してください。", "Nobody's visit matched its rule in this time: look at rule, pages and schedule."))
		return
	}
	t := newTable(w, r.say("段階", "step"), r.say("判定", "decisions"), r.say("人数", "visitors"), r.say("割合", "share"), "")
	for _, s := range steps {
		if s.Decisions == 0 && s.Name != "exposed" && s.Name != "converted" {
			continue // a step that nobody comes to says nothing
		}
		share := float64(s.Decisions) / float64(matched)
		t.AppendRow(table.Row{r.in(stepWord(s)), count(s.Decisions), count(s.Visitors), fmt.Sprintf("%.1f%%", 100*share), strings.Repeat("█", int(share*barCells+.5))})
	}
	t.SetColumnConfigs(rightAligned(2, 3, 4))
	render(w, t)
	fmt.Fprintln(w, r.say("※ 条件に一致 ＝ 見送り＋きっかけ待ち＋表示＋未実施（＋試験・プレビュー）。きっかけが起きると、もう一度判定します。", "* matched = lost + armed + offered + control (+ shadow, preview). When an armed campaign's moment comes, that is another decision."))
}

func stepWord(s api.Step) stats.Sentence {
	switch s.Name {
	case "matched":
		return stats.Sentence{Ja: "条件に一致", En: "matched"}
	case "triggered":
		return stats.Sentence{Ja: "（うちきっかけによる）", En: "(of these by a trigger)"}
	case "lost":
		why := gateWord(s.Reason)
		return stats.Sentence{Ja: "  見送り：" + why.Ja, En: "  lost: " + why.En}
	case "armed":
		return stats.Sentence{Ja: "  きっかけ待ち", En: "  armed"}
	case "offered":
		return stats.Sentence{Ja: "  表示", En: "  offered"}
	case "control":
		return stats.Sentence{Ja: "  未実施", En: "  control"}
	case "shadow":
		return stats.Sentence{Ja: "  試験（表示なし）", En: "  shadow"}
	case "forced":
		return stats.Sentence{Ja: "  プレビュー", En: "  preview"}
	case "exposed":
		return stats.Sentence{Ja: "見た（未実施は同じ瞬間）", En: "exposed"}
	case "clicked":
		return stats.Sentence{Ja: "  クリック", En: "  clicked"}
	case "closed":
		return stats.Sentence{Ja: "  閉じた", En: "  closed"}
	case "converted":
		return stats.Sentence{Ja: "  成果", En: "  converted"}
	default:
		return stats.Sentence{Ja: s.Name, En: s.Name}
	}
}

// gateWord is a reason code in words, with the code where people look for it in
// campaign files.
func gateWord(reason string) stats.Sentence {
	ja, known := map[string]string{
		"consent": "同意なし", "bot": "ボット", "erased": "消去済み", "not_live": "公開中でない", "backfilling": "集計の準備中", "out_of_schedule": "期間外", "page": "ページ対象外",
		"rule_false": "条件に合わない", "trigger": "きっかけ不一致", "holdout": "ホールドアウト", "frequency": "頻度の上限", "stopped": "クリック・閉じる・成果で終了", "budget": "全体の表示上限",
		"layer": "同じレイヤーの別施策", "traffic": "配信割合の外", "coupon_out": "クーポン切れ", "slot_taken": "優先度の高い施策が枠を使用", "error": "エラー",
	}[reason]
	if !known {
		return stats.Sentence{Ja: reason, En: reason}
	}
	return stats.Sentence{Ja: ja, En: reason}
}
