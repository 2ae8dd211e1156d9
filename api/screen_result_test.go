package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// measured is a shop whose campaign welcome has results of every kind.
func measured(s *shop) {
	control := warehouse.Arm{Variant: "control", Control: true, Weight: 50, Exposed: 9000, Matured: 8000, Converted: 279, Sum: 279_000, SumSquares: 279e6, Closed: 12}
	coupon := warehouse.Arm{Variant: "coupon10", Weight: 50, Exposed: 9100, Matured: 8100, Converted: 360, Sum: 360_000, SumSquares: 360e6, Clicked: 700, Closed: 90, Failed: 3}
	few := func(a warehouse.Arm) warehouse.Arm { a.Exposed, a.Converted = 7, 1; return a }
	s.reports.sums = warehouse.Sums{Query: warehouse.Query{Phase: "p1"}, Arms: []warehouse.Arm{control, coupon}, Crossovers: 31, CarriedOver: 5, PerDay: 1000}
	s.reports.slices = []warehouse.Slice{{Key: "2026-11-20", Arms: []warehouse.Arm{control, coupon}}, {Key: "2026-11-21", Arms: []warehouse.Arm{few(control), few(coupon)}}}
	s.reports.funnel = []warehouse.FunnelDay{{Steps: []warehouse.Step{
		{Name: "matched", Decisions: 1000, Visitors: 600}, {Name: "triggered", Decisions: 300, Visitors: 200},
		{Name: "lost", Reason: "slot_taken", Decisions: 150, Visitors: 120}, {Name: "lost", Reason: "moon_phase", Decisions: 50, Visitors: 40},
		{Name: "armed", Decisions: 300, Visitors: 250}, {Name: "offered", Decisions: 260, Visitors: 240}, {Name: "control", Decisions: 240, Visitors: 230},
		{Name: "shadow"}, {Name: "forced"}, {Name: "exposed", Decisions: 480, Visitors: 450}, {Name: "clicked", Decisions: 40, Visitors: 40}, {Name: "closed"}, {Name: "converted", Decisions: 22, Visitors: 22},
	}}}
	s.reports.phases = []warehouse.Phase{
		{ID: "p2", Began: s.clock.Now()}, {ID: "p1", Began: s.clock.Now().AddDate(0, 0, -3), Exposed: true, Bots: 4, Staff: 2, Forced: 1},
	}
}

var behindNumbers = regexp.MustCompile(`href="(/ui/campaigns/[^"]+)"`)

// links are where a page's figures lead.
func (a answer) links() []string {
	var out []string
	for _, found := range behindNumbers.FindAllStringSubmatch(string(a.body), -1) {
		out = append(out, strings.ReplaceAll(found[1], "&amp;", "&"))
	}
	return out
}

func TestResultScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("view")
	page := c.counted("/ui/campaigns/welcome")
	if row := page.row("coupon10"); row != "coupon10 勝ち 9,100 360 3.96% 3.57% 〜 4.38% +27.6% +9.4% 〜 +48.8% 0.0018 99.91% 700 90" {
		t.Errorf("the row is %s", row)
	}
	for _, text := range []string{
		"「coupon10」の勝ちです。", "すでに判定が出ています", "配分どおり", "31 人", "5 人", "16,100 / 18,100 人", "3 人",
		`<dt>クローラー</dt><dd><a href="/ui/campaigns/welcome/visitors?as_of=2026-11-21T03%3A00%3A00.000Z&amp;of=p1&amp;who=bots">4 人</a>`, `who=staff">2 人</a>`, `who=previews">1 人</a>`,
		`<option value="">いちばん新しいもの（2026-11-18 12:00 から）</option><option value="p2">`, `<option value="p1">2026-11-18 12:00 から</option>`, `<option value="p2">2026-11-21 12:00 から（表示なし）</option>`, "FROM event_log", "目標",
	} {
		if !strings.Contains(string(page.body), text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	if strings.Contains(string(page.body), "一時停止</button>") || !strings.Contains(string(page.body), `<a href="/ui/campaigns" aria-current="page">`) {
		t.Error("what this person may not do, or not where it is in the navigation")
	}
	if row := c.counted("/ui/campaigns").body; !strings.Contains(string(row), `<a class="name" href="/ui/campaigns/welcome">`) {
		t.Error("the list of campaigns does not lead here")
	}
	c.get("/ui/results").goes("/ui/campaigns")
	c.get("/ui/campaigns/nothing").is(http.StatusNotFound)
	c.get("/ui/campaigns/welcome?from=yesterday").is(http.StatusBadRequest)
}

// What to do next is told where the figures are all there is of what runs, and else
// the figures speak for themselves.
func TestAdviceIsOfWhatRuns(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t, edit("campaigns/welcome.yaml", "variants:\n", "variants:\n  - {id: control, weight: 1}\n"))
	measured(s)
	phase := s.engine.Live().Phases["welcome"]
	c := s.as("view")
	advised := func(of, ask string) bool {
		t.Helper()
		s.reports.sums.Phase = of
		s.clock.pass(time.Hour) // nothing that was counted is shown again
		body := string(c.counted("/ui/campaigns/welcome" + ask).body)
		if strings.Contains(body, "次にすること") != strings.Contains(body, "この先 30 日で動く額") || !strings.Contains(body, `<p class="sentence">`) {
			t.Errorf("%s: half of an advice, or no sentence", ask)
		}
		return strings.Contains(body, "次にすること")
	}
	for ask, want := range map[string]bool{
		"": true, "?goal=purchase": true, "?phase=" + url.QueryEscape(phase): true,
		"?goal=sign_up": false, "?from=2026-11-01": false, "?to=2026-11-20": false, "?window=24h": false, "?as_of=2026-11-20": false, "?matured=true": false,
	} {
		if advised(phase, ask) != want {
			t.Errorf("%q is advised about: %v", ask, !want)
		}
	}
	if advised("p1", "?phase=p1") || advised("p1", "") {
		t.Error("a phase that ended is advised about")
	}
	s.as("edit").submits("/ui/campaigns/welcome/pause")
	if advised(phase, "") {
		t.Error("a campaign that is paused is advised about")
	}
	s.as("edit").submits("/ui/campaigns/welcome/resume")
	if err := s.engine.StopHarm("welcome", phase, engine.HarmStop{Variant: "a", Guardrail: "conversion", Ja: "害", En: "harm"}, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.reports.sums.Phase = phase
	s.clock.pass(time.Hour)
	if body := string(c.counted("/ui/campaigns/welcome").body); !strings.Contains(body, "次にすること") {
		t.Error("a campaign that was stopped for harm is not advised about")
	}
}

// Whoever follows a number and comes back sees what was there before: of what was
// not chosen nothing is asked by the way back, nor by the form.
func TestTheWayBackAsksWhatWasAsked(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	s.reports.came = warehouse.Came{All: 1, List: []warehouse.CameVisitor{{Visitor: "v1", Last: s.clock.Now(), Decisions: 3}}}
	c := s.as("view")
	for _, ask := range []string{"", "?goal=sign_up", "?from=2026-11-01&phase=p1&to=2026-11-20"} {
		phase := ""
		if strings.Contains(ask, "phase") {
			phase = "p1"
		}
		first := c.counted("/ui/campaigns/welcome" + ask)
		if chosen := strings.Count(string(first.body), `<option value="p1" selected>`); chosen != len(phase)/2 {
			t.Errorf("%q: the form chooses a phase: %d", ask, chosen)
		}
		seen := map[string]bool{}
		for _, part := range append(first.links(), c.counted("/ui/campaigns/welcome/funnel"+ask).links()...) {
			if strings.Contains(part, "/download") || strings.Contains(part, ".svg") || !strings.Contains(part, "/welcome/") {
				continue
			}
			page := c.counted(part)
			if back := page.links()[0]; back != "/ui/campaigns/welcome"+ask {
				t.Errorf("%s leads back to %s", part, back)
			}
			u, err := url.Parse(part)
			if err != nil {
				t.Fatal(err)
			}
			seen[strings.TrimSuffix(u.Path+" "+u.Query().Get("who"), " ")] = true
			asked := s.reports.behind[len(s.reports.behind)-1]
			if step, is := asked.(warehouse.StepQuery); is && u.Query().Has("step") && (step.Phase != phase || !step.To.After(step.From)) {
				t.Errorf("%s asks %+v", part, step)
			}
			if strings.HasSuffix(u.Path, "/funnel") && s.reports.asked[len(s.reports.asked)-1].Phase != phase {
				t.Errorf("%s asks of phase %q", part, s.reports.asked[len(s.reports.asked)-1].Phase)
			}
		}
		if !seen["/ui/campaigns/welcome/funnel"] || !seen["/ui/campaigns/welcome/visitors exposed"] || !seen["/ui/campaigns/welcome/visitors"] {
			t.Errorf("%q leads to %v", ask, seen)
		}
	}
	c.get("/ui/campaigns/welcome/visitors?step=lost&since=soon").is(http.StatusBadRequest)
}

// What is chosen on the screen is what is asked, and its parts are asked the same
// as of the same moment.
func TestResultScreenAsksAsTold(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("view")
	page := c.counted("/ui/campaigns/welcome?goal=sign_up&phase=p1&from=2026-11-01&to=2026-11-20")
	asked := s.reports.asked[len(s.reports.asked)-1]
	if asked.Goal != "sign_up" || asked.Phase != "p1" || asked.Window != 7*24*time.Hour || asked.From.Day() != 1 || asked.To.Day() != 20 || !asked.AsOf.Equal(s.clock.Now()) {
		t.Errorf("asked %+v", asked)
	}
	first := asked.AsOf
	s.clock.pass(5 * time.Second)
	for _, part := range []string{"days", "breakdown", "funnel", "download"} {
		for _, to := range page.links() {
			if !strings.HasPrefix(to, "/ui/campaigns/welcome/"+part) {
				continue
			}
			c.counted(to)
			if got := s.reports.asked[len(s.reports.asked)-1]; got.Phase != "p1" || !got.AsOf.Equal(first) || !got.From.Equal(asked.From) || !got.To.Equal(asked.To) || part != "funnel" && part != "download" && got.Goal != "sign_up" {
				t.Errorf("%s asked %+v", part, got)
			}
			break
		}
	}
}

// Nobody yet, and no warehouse: the screen says so, and what helps.
func TestResultScreenWithoutFigures(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.as("edit")
	page := string(c.counted("/ui/campaigns/welcome").body)
	if !strings.Contains(page, "まだ誰も対象になっていません") || !strings.Contains(page, `hx-get="/ui/campaigns/welcome/funnel`) {
		t.Error("a campaign that nobody met does not say what to do")
	}
	s.reports.away = true
	s.clock.pass(time.Hour)
	for _, path := range []string{"", "/days", "/funnel", "/breakdown", "/visitors?who=exposed", "?goal=sign_up"} {
		if body := string(c.counted("/ui/campaigns/welcome" + path).body); !strings.Contains(body, "connection refused") {
			t.Errorf("%s does not say why: %s", path, body)
		}
	}
	c.get("/ui/campaigns/welcome/download?what=results&form=csv").is(http.StatusServiceUnavailable)
}

// A campaign that is paused on its own screen is told of there.
func TestPauseOnTheResultScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("edit")
	to := c.submits("/ui/campaigns/welcome/pause", "back", "result").goes("/ui/campaigns/welcome?did=pause").header.Get("Location")
	page := string(c.counted(to).body)
	if !strings.Contains(page, "「はじめての方へ」を一時停止しました。") || !strings.Contains(page, `action="/ui/campaigns/welcome/resume"`) || !strings.Contains(page, "edit") {
		t.Errorf("the page is %s", page)
	}
}
