package dashboard_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"net/url"
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

// shown is a campaign with these results.
func shown(r *stats.Results) dashboard.Result {
	out := dashboard.Result{
		CampaignRow: dashboard.CampaignRow{ID: "cart-rescue", Name: "カゴ落ちクーポン", File: "campaigns/cart-rescue.yaml", Line: 1, Status: "live", Results: r},
		At:          at, Ask: url.Values{"as_of": {"2026-11-21T12:00:00.000Z"}}, SQL: "SELECT 1 < 2",
	}
	for i, a := range r.Arms {
		out.Arms = append(out.Arms, dashboard.Arm{ArmResult: a, Colour: min(i, 3), Clicked: 7})
	}
	return out
}

func rendered(t *testing.T, language string, p dashboard.Result) string {
	t.Helper()
	screens, err := dashboard.New()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := screens.Render(&out, dashboard.Frame{Language: language, Role: dashboard.View, Screen: "result", Here: "/ui/campaigns/cart-rescue"}, "result", p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// rows are the texts of the tables' cells, drawings left out; blanks are one space.
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
			out[len(out)-1] = append(out[len(out)-1], strings.Join(strings.Fields(text.String()), " "))
		}
	}
	return out
}

func TestResultInTables(t *testing.T) {
	t.Parallel()
	money := func(variant string, control bool, exposed, converted uint64, cost float64) stats.Arm {
		n := float64(converted)
		return stats.Arm{Variant: variant, Control: control, Weight: 50, N: exposed, Converted: converted, Sum: 1000 * n, SumSquares: 1e6 * n,
			Cost: stats.Cost{Sum: cost * n, SumSquares: cost * cost * n, WithValue: 1000 * cost * n}}
	}
	page := rendered(t, "ja", shown(judged(money("control", true, 9000, 279, 0), money("coupon10", false, 9100, 360, 100))))
	want := []string{
		"パターン|表示人数|成果人数|成果率|リフト（95%区間）|p値|最良の確率|クリック|閉じた",
		"control 未実施|9,000|279|3.10% 2.76% 〜 3.48%|–|–|0.09%|7|0",
		"coupon10 勝ち|9,100|360|3.96% 3.57% 〜 4.38%|+27.6% +9.4% 〜 +48.8%|0.0018|99.91%|7|0",
		"パターン|1人あたり売上|費用|1人あたり（費用差引後）|金額のリフト（95%区間）|増えた額（95%区間）",
		"control 未実施|31円|0円|31円 27円 〜 35円|–|–",
		"coupon10 勝ちそう|40円|36,000円|36円 32円 〜 39円|+14.9% −1.5% 〜 +33.9%|+41,900円 −4,340円 〜 +88,140円",
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
	for _, text := range []string{
		"<h1>カゴ落ちクーポン</h1>", `<span class="badge win">勝ち</span>`, "の勝ちです", "campaigns/cart-rescue.yaml:1", "これまでの効果", "SELECT 1 &lt; 2",
		`href="/ui/campaigns/cart-rescue/visitors?as_of=2026-11-21T12%3A00%3A00.000Z&amp;variant=coupon10&amp;who=converted">360</a>`,
		`hx-get="/ui/campaigns/cart-rescue/funnel?as_of=2026-11-21T12%3A00%3A00.000Z"`,
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	if page = rendered(t, "en", shown(judged(money("control", true, 9000, 279, 0), money("coupon10", false, 9100, 360, 100)))); !strings.Contains(page, "coupon10 wins.") || !strings.Contains(page, "&#43;9.4% to &#43;48.8%") {
		t.Errorf("in English: %s", page)
	}
}

// Whatever the numbers, no figure is a placeholder and every drawing stays in its frame.
func TestNoFigureIsNonsense(t *testing.T) {
	t.Parallel()
	coordinate := regexp.MustCompile(` (?:x1|x2|cx)="([^"]*)"`)
	number := regexp.MustCompile(`^[0-6]?\d{1,2}(\.\d)?$`)
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
			page := rendered(t, "en", shown(results))
			for _, bad := range []string{"NaN", "Inf", "%!", "ZgotmplZ", "&lt;nil&gt;", "e+"} {
				if strings.Contains(page, bad) {
					t.Errorf("the page has %s", bad)
				}
			}
			for _, found := range coordinate.FindAllStringSubmatch(page, -1) {
				if !number.MatchString(found[1]) {
					t.Errorf("drawn at %s", found[1])
				}
			}
			if (name == "no arms" || name == "nobody") != strings.Contains(page, "Nobody has met it yet") {
				t.Error("whether anybody met it is not said")
			}
		})
	}
}

// A campaign that nobody met has one sentence in place of a screen of zeros; of a part
// of the time that is said of it, and who is left out is told of nevertheless.
func TestNobodyMetIt(t *testing.T) {
	t.Parallel()
	const figures = `id="arms"`
	for name, row := range map[string]struct {
		change func(*dashboard.Result)
		want   string
	}{
		"nobody": {func(*dashboard.Result) {}, "まだ誰も対象になっていません"},
		"with advice": {func(p *dashboard.Result) {
			p.Review = &stats.Review{Next: stats.Sentence{Ja: "条件を見直してください。"}}
		}, "<p>条件を見直してください。 この施策が最初に"},
		"in these days":       {func(p *dashboard.Result) { p.Asked.From = "2026-11-01" }, "この期間に対象になった人はいません"},
		"in an earlier phase": {func(p *dashboard.Result) { p.Asked.Phase = "p0" }, "この期間に対象になった人はいません"},
		"bots alone":          {func(p *dashboard.Result) { p.Left.Bots = 1 }, figures},
		"in two variants":     {func(p *dashboard.Result) { p.Results.Crossovers.Count = 1 }, figures},
		"of a former phase":   {func(p *dashboard.Result) { p.Results.CarriedOver = 1 }, figures},
		"too early for any":   {func(p *dashboard.Result) { p.Results.LeftOut = 1 }, figures},
		"somebody in control": {func(p *dashboard.Result) { p.Arms[0].Exposed = 1 }, figures},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := shown(judged(arm("control", true, 0, 0, 0), arm("a", false, 0, 0, 0)))
			p.Asked, p.Left = dashboard.Asked{}, dashboard.Left{}
			row.change(&p)
			if page := rendered(t, "ja", p); !strings.Contains(page, row.want) || strings.Contains(page, figures) != (row.want == figures) {
				t.Errorf("it lacks %s, or has what it should not: %s", row.want, page)
			}
		})
	}
}

// No line of a sentence ends between a sign and its amount.
func TestASignStaysAtItsAmount(t *testing.T) {
	t.Parallel()
	p := shown(judged(arm("control", true, 9000, 279, 0), arm("a", false, 9100, 360, 0)))
	p.Results.Sentence.En = "It brought +¥1,200 (−¥50 to ±¥0)."
	if page := rendered(t, "en", p); !strings.Contains(page, "It brought &#43;\u2060¥1,200 (−\u2060¥50 to ±\u2060¥0).") {
		t.Error(page)
	}
}

func TestWhatPeopleWroteIsText(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	results := judged(arm(evil, true, 9000, 279, 1), arm(evil, false, 9100, 360, 1))
	results.Campaign, results.Goal, results.Verdict, results.Status = evil, evil, evil, evil
	results.Sentence.Ja = evil
	p := shown(results)
	p.ID, p.Name, p.File, p.Status, p.Problem, p.SQL = evil, evil, evil, evil, "", evil
	p.Asked = dashboard.Asked{Goal: evil, Phase: evil, From: evil, To: evil, Goals: []dashboard.Goal{{Name: evil, Window: evil}}, Phases: []dashboard.Phase{{ID: evil}}}
	p.Review = &stats.Review{Next: stats.Sentence{Ja: evil}}
	away := dashboard.Result{CampaignRow: p.CampaignRow, Problem: evil}
	for _, page := range []string{rendered(t, "ja", p), rendered(t, "ja", away), string(dashboard.LiftDrawing(evil, evil, p.Arms))} {
		document, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for node := range document.Descendants() {
			if node.Type == html.ElementNode && (node.Data == "img" || node.Data == "script" && len(node.Attr) == 0) {
				t.Errorf("the page has a <%s>", node.Data)
			}
		}
		if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
			t.Error("the name is not shown at all")
		}
	}
}

// The drawing by itself is well-formed, says what it is of, and has each arm's figures.
func TestLiftDrawing(t *testing.T) {
	t.Parallel()
	drawing := string(dashboard.LiftDrawing("カゴ落ち", "purchase 72h", shown(judged(arm("control", true, 9000, 279, 0), arm("coupon10", false, 9100, 360, 0))).Arms))
	for decoder := xml.NewDecoder(strings.NewReader(drawing)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v: %s", err, drawing)
		}
	}
	for _, text := range []string{`xmlns="http://www.w3.org/2000/svg"`, ">カゴ落ち</text>", ">purchase 72h</text>", `class="curve c1"`, ">coupon10 +27.6% (+9.4% … +48.8%)</text>"} {
		if !strings.Contains(drawing, text) {
			t.Errorf("it lacks %s: %s", text, drawing)
		}
	}
}

// Drawings have room for the slices to go by; where all are small, for all.
func TestTheScaleOfABreakdown(t *testing.T) {
	t.Parallel()
	wide := dashboard.Slice{Small: true, Arms: []stats.ArmResult{{LiftCI: stats.Interval{Known: true, Low: -0.42, High: 0.43}}}}
	narrow := dashboard.Slice{Arms: []stats.ArmResult{{LiftCI: stats.Interval{Known: true, Low: -0.05, High: 0.08}}}}
	for want, slices := range map[float64][]dashboard.Slice{0.1: {wide, narrow}, 0.5: {wide}} {
		if got := (dashboard.Breakdown{Slices: slices}).Scale(); got != want {
			t.Errorf("%d slices have the scale %v, want %v", len(slices), got, want)
		}
	}
}
