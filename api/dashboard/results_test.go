package dashboard_test

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func judged(arms ...stats.Arm) *stats.Results {
	r := stats.Judge(stats.Subject{Campaign: "cart-rescue", Phase: "p1", Goal: "purchase", Window: "72h", AsOf: at, Status: "live"}, arms, 0)
	return &r
}

func arm(variant string, control bool, exposed, converted uint64, sum float64) stats.Arm {
	return stats.Arm{Variant: variant, Control: control, Weight: 50, N: exposed, Converted: converted, Sum: sum, SumSquares: sum * sum}
}

func rendered(t *testing.T, p dashboard.Page) string {
	t.Helper()
	var out bytes.Buffer
	if err := dashboard.Render(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// rows are the texts of the table's cells, drawings left out.
func rows(t *testing.T, page string) [][]string {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for node := range document.Descendants() {
		switch {
		case node.Data == "tr":
			out = append(out, nil)
		case node.Data == "td" || node.Data == "th":
			var text strings.Builder
			for below := range node.Descendants() {
				if below.Type == html.TextNode {
					text.WriteString(below.Data + " ")
				}
			}
			out[len(out)-1] = append(out[len(out)-1], strings.TrimSpace(text.String()))
		}
	}
	return out
}

func TestResultsInATable(t *testing.T) {
	t.Parallel()
	page := rendered(t, dashboard.Page{Rules: "8f14e45fceea167a5a36", At: at, Notice: "デモです", Campaigns: []dashboard.Campaign{{
		Name: "カゴ落ちクーポン", File: "campaigns/cart-rescue.yaml",
		Results: judged(arm("control", true, 9000, 279, 1.2e6), arm("coupon10", false, 9100, 360, 1.6e6)),
	}}})
	want := []string{
		"パターン|表示人数|成果人数|成果率|1人あたり|リフト|リフトの95%区間|p値",
		"control 未実施|9,000|279|3.10%|133|–|–|–",
		"coupon10|9,100|360|3.96%|176|+27.6%|+9.4% 〜 +48.8%|0.0018",
	}
	got := rows(t, page)
	if len(got) != len(want) {
		t.Fatalf("%d rows: %q", len(got), got)
	}
	for i := range want {
		if row := strings.Join(got[i], "|"); row != want[i] {
			t.Errorf("row %d\n  got  %s\n  want %s", i, row, want[i])
		}
	}
	for _, text := range []string{"カゴ落ちクーポン", `<span class="badge win">勝ち</span>`, "2026-11-21 12:00:00 UTC 集計", "ルール 8f14e45fceea<", "デモです", "目標 purchase（72h以内）", "の勝ちです"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
}

// Whatever the numbers, no figure is a placeholder and every drawing stays in its frame.
func TestNoFigureIsNonsense(t *testing.T) {
	t.Parallel()
	coordinate := regexp.MustCompile(` (?:x1|x2|cx)="([^"]*)"`)
	number := regexp.MustCompile(`^(\d|[1-9]\d|1[01]\d|120)(\.\d)?$`)
	for name, results := range map[string]*stats.Results{
		"no arms":          judged(),
		"nobody":           judged(arm("control", true, 0, 0, 0), arm("a", false, 0, 0, 0)),
		"one":              judged(arm("control", true, 1, 0, 0), arm("a", false, 1, 1, 10)),
		"no control":       judged(arm("a", false, 100, 10, 1000), arm("b", false, 100, 12, 1000)),
		"control alone":    judged(arm("control", true, 100, 10, 1000)),
		"everybody":        judged(arm("control", true, 100, 100, 1000), arm("a", false, 100, 100, 1000)),
		"endless lift":     judged(arm("control", true, 1_000_000, 1, 1), arm("a", false, 1_000_000, 900_000, 9e15)),
		"more than reason": judged(arm("control", true, 10, 11, 1000), arm("a", false, 10, 1, 1000)),
		"refunds":          judged(arm("control", true, 100, 10, -5000), arm("a", false, 100, 12, -1)),
		"infinite":         judged(arm("control", true, 100, 10, math.Inf(1)), arm("a", false, 100, 12, math.NaN())),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := rendered(t, dashboard.Page{At: at, Campaigns: []dashboard.Campaign{{Name: "x", Results: results}}})
			for _, bad := range []string{"NaN", "Inf", "%!", "ZgotmplZ", "&lt;nil&gt;", "e+"} {
				if strings.Contains(page, bad) {
					t.Errorf("the page has %s", bad)
				}
			}
			for _, found := range coordinate.FindAllStringSubmatch(page, -1) {
				if !number.MatchString(found[1]) {
					t.Errorf("drawn at %s of 120", found[1])
				}
			}
			if got := len(rows(t, page)); len(results.Arms) > 0 && got != 1+len(results.Arms) {
				t.Errorf("%d rows", got)
			}
		})
	}
}

func TestWhatPeopleWroteIsText(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	results := judged(arm(evil, true, 10, 1, 1), arm(evil, false, 10, 1, 1))
	results.Campaign, results.Goal, results.Verdict, results.Status = evil, evil, evil, evil
	results.Sentence.Ja = evil
	page := rendered(t, dashboard.Page{Rules: evil, At: at, Notice: evil, Campaigns: []dashboard.Campaign{
		{Name: evil, File: evil, Results: results}, {Name: evil, File: evil, Problem: evil},
	}})
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for node := range document.Descendants() {
		if node.Type == html.ElementNode && (node.Data == "script" || node.Data == "img") {
			t.Errorf("the page has a <%s>", node.Data)
		}
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the name is not shown at all")
	}
}

func TestNothingYet(t *testing.T) {
	t.Parallel()
	if page := rendered(t, dashboard.Page{At: at}); !strings.Contains(page, "まだ施策がありません。") {
		t.Error(page)
	}
	page := rendered(t, dashboard.Page{At: at, Campaigns: []dashboard.Campaign{{Name: "x", Problem: "ClickHouse cannot be reached"}, {Name: "y", Results: judged()}}})
	for _, text := range []string{"いまは集計できません。配信と計測は続いています。", "ClickHouse cannot be reached", "まだデータが届いていません。"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
}

func TestPausedCampaignSaysSo(t *testing.T) {
	t.Parallel()
	results := judged(arm("control", true, 10, 1, 1), arm("a", false, 10, 1, 1))
	for status, word := range map[string]string{"paused": "一時停止中", "ended": "終了", "shadow": "試験中（表示なし）", "live": ""} {
		results.Status = status
		page := rendered(t, dashboard.Page{At: at, Campaigns: []dashboard.Campaign{{Name: "x", Results: results}}})
		if got := strings.Count(page, `<span class="badge">`); got != min(1, len(word)) || !strings.Contains(page, word) {
			t.Errorf("%s: %d badges", status, got)
		}
	}
}

// What is not well stands above the results, in full and as text.
func TestTroubles(t *testing.T) {
	t.Parallel()
	page := rendered(t, dashboard.Page{At: at, Troubles: []dashboard.Trouble{
		{Part: "rules", Detail: "campaigns/a.yaml:2:9: status: <lvie> is none of draft, live"}, {Part: "room"},
	}})
	for _, want := range []string{
		"<strong>ルールフォルダに誤りがあります</strong><pre>campaigns/a.yaml:2:9: status: &lt;lvie&gt; is none of draft, live</pre>",
		"<strong>イベントを受け取る空きがありません</strong></div>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not on the page", want)
		}
	}
	if strings.Contains(rendered(t, dashboard.Page{At: at}), `role="alert"`) {
		t.Error("all is well, and the page says otherwise")
	}
}

// What money there is, how far the verdict is and why a campaign was stopped stand
// beside the table, where they are known.
func TestMoneyToGoAndHarm(t *testing.T) {
	t.Parallel()
	money := func(variant string, control bool, exposed, converted uint64) stats.Arm {
		n := float64(converted)
		return stats.Arm{Variant: variant, Control: control, Weight: 50, N: exposed, Converted: converted, Sum: 1000 * n, SumSquares: 1e6 * n}
	}
	about := stats.Subject{Campaign: "cart-rescue", Phase: "p1", Goal: "purchase", Window: "72h", AsOf: at, Status: "stopped", Currency: "JPY", PerDay: 1000}
	results := stats.Judge(about, []stats.Arm{money("control", true, 9000, 279), money("a", false, 9000, 300)}, 0)
	page := rendered(t, dashboard.Page{At: at, Campaigns: []dashboard.Campaign{{Name: "x", Results: &results, Harm: &stats.Sentence{Ja: "「a」は<害>があります。"}}}})
	for _, text := range []string{
		"<dt>売上への効果</dt><dd>&#43;21,000円 <small>95%区間 -25,401円 〜 &#43;67,401円、クーポン費用差引後</small></dd>", "<dt>判断まで</dt><dd>あと約", "日</small></dd>",
		"<strong>害があるため停止しました</strong><pre>「a」は&lt;害&gt;があります。</pre>", "停止中（全員に未実施）",
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	page = rendered(t, dashboard.Page{At: at, Campaigns: []dashboard.Campaign{{Name: "x", Results: judged(arm("control", true, 0, 0, 0), arm("a", false, 0, 0, 0))}}})
	for _, text := range []string{"売上への効果", "判断まで", `role="alert"`} {
		if strings.Contains(page, text) {
			t.Errorf("of nothing the page says %s", text)
		}
	}
}
