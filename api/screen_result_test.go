package api_test

import (
	"encoding/csv"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
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
		`<dt>クローラー</dt><dd>4 人`, `<dt>スタッフ</dt><dd>2 人`, `<dt>プレビューを見た人</dt><dd>1 人`,
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

// A visitor that was erased is in no list from then on, whatever was kept and
// whatever the warehouse still has.
func TestTheErasedAreInNoList(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	s.reports.members = warehouse.Members{All: 2, List: []warehouse.Member{{Visitor: "vera", Variant: "coupon10", Entered: s.clock.Now()}, {Visitor: "anna", Variant: "coupon10", Entered: s.clock.Now()}}}
	s.reports.came = warehouse.Came{All: 2, List: []warehouse.CameVisitor{{Visitor: "vera", Last: s.clock.Now()}, {Visitor: "anna", Last: s.clock.Now()}}}
	c := s.as("view")
	lists := []string{"/ui/campaigns/welcome/visitors?who=exposed", "/ui/campaigns/welcome/visitors?step=matched"}
	for _, list := range lists {
		if body := string(c.counted(list).body); !strings.Contains(body, ">vera<") || !strings.Contains(body, ">anna<") {
			t.Fatalf("%s is %s", list, body)
		}
	}
	if _, err := s.engine.Erase([]string{"vera"}, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		if body := string(c.counted(list).body); strings.Contains(body, "vera") || !strings.Contains(body, ">anna<") || !strings.Contains(body, "1 人") {
			t.Errorf("%s is %s", list, body)
		}
	}
}

// A number that was counted before the rules changed what a goal is, or a campaign
// its state, is not that of after.
func TestFiguresAreOfTheRulesAsTheyAre(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("view")
	for _, part := range []string{"", "/days", "/visitors?who=exposed"} {
		asked := func() int {
			s.reports.mu.Lock()
			defer s.reports.mu.Unlock()
			return len(s.reports.asked) + len(s.reports.behind)
		}
		before := asked()
		c.counted("/ui/campaigns/welcome" + part)
		if c.counted("/ui/campaigns/welcome" + part); asked() != before+1 {
			t.Errorf("%s: asked %d times", part, asked()-before)
		}
		s.as("edit").submits("/ui/campaigns/welcome/pause")
		if c.counted("/ui/campaigns/welcome" + part); asked() != before+2 {
			t.Errorf("%s: asked %d times after the pause", part, asked()-before)
		}
		s.as("edit").submits("/ui/campaigns/welcome/resume")
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

// Every number of visitors leads to them, and the list asks for those that the
// number counted.
func TestEveryNumberLeadsToItsVisitors(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	s.reports.members = warehouse.Members{All: 360, List: []warehouse.Member{
		{Visitor: "v/1", Variant: "coupon10", Entered: s.clock.Now(), Device: "mobile", Newcomer: "new", Channel: "moon", Rank: "gold", Converted: true, Clicked: true, Value: 4200},
		{Visitor: "v2", Variant: "coupon10", Entered: s.clock.Now().Add(-time.Hour)},
	}}
	s.reports.came = warehouse.Came{All: 2, List: []warehouse.CameVisitor{{Visitor: "v1", Last: s.clock.Now(), Decisions: 3}, {Last: s.clock.Now(), Decisions: 1}}}
	c := s.as("view")
	asked := func(path string) map[string]bool {
		t.Helper()
		out := map[string]bool{}
		for _, to := range c.counted(path).links() {
			u, err := url.Parse(to)
			if err != nil || !strings.HasSuffix(u.Path, "/visitors") {
				continue
			}
			c.counted(to)
			switch q := s.reports.behind[len(s.reports.behind)-1].(type) {
			case warehouse.MembersQuery:
				out[strings.TrimSpace(strings.Join([]string{q.Who, q.Variant, q.By, q.Slice, q.Period}, " "))] = true
				if q.Limit != 100 || q.Phase != "p1" && path == "/ui/campaigns/welcome" || !q.AsOf.Equal(s.clock.Now()) || q.Goal != "purchase" || q.Window != 72*time.Hour {
					t.Errorf("%s asks %+v", to, q)
				}
			case warehouse.StepQuery:
				out[strings.TrimSpace(q.Step+" "+q.Reason)] = true
				if q.Limit != 100 || !q.AsOf.Equal(s.clock.Now()) || !q.To.Equal(q.AsOf) || !q.From.Equal(q.AsOf.AddDate(0, 0, -14)) {
					t.Errorf("%s asks %+v", to, q)
				}
			}
		}
		return out
	}
	for path, want := range map[string][]string{
		"/ui/campaigns/welcome":                      {"exposed control", "exposed coupon10", "converted control", "converted coupon10", "clicked coupon10", "closed control", "closed coupon10", "matured", "failed", "crossed", "carried"},
		"/ui/campaigns/welcome/funnel":               {"matched", "triggered", "lost slot_taken", "lost moon_phase", "armed", "offered", "control", "exposed", "clicked", "converted"},
		"/ui/campaigns/welcome/breakdown?by=channel": {"exposed control channel 2026-11-20", "converted coupon10 channel 2026-11-21"},
		"/ui/campaigns/welcome/days":                 {"exposed control day 2026-11-20", "converted coupon10 day 2026-11-21"},
	} {
		got := asked(path)
		for _, one := range want {
			if !got[one] {
				t.Errorf("nothing on %s leads to %q: %v", path, one, got)
			}
		}
	}
	page := c.counted("/ui/campaigns/welcome/visitors?who=converted&variant=coupon10")
	if row := page.row("v/1"); row != "v/1 11月21日 12:00 coupon10 スマートフォン 新規 moon gold 成果 クリック 4,200円" {
		t.Errorf("the row is %s", row)
	}
	for _, text := range []string{`<a class="code" href="/ui/visitors/v%2F1">`, "<h1>成果があった人</h1>", "全 360 人のうち、新しい順に 2 人"} {
		if !strings.Contains(string(page.body), text) {
			t.Errorf("the list lacks %s", text)
		}
	}
	page = c.counted("/ui/campaigns/welcome/visitors?step=lost&reason=slot_taken")
	if row := page.row("v1"); row != "v1 11月21日 12:00 3" || !strings.Contains(string(page.body), "優先度の高い施策が枠を使用") || !strings.Contains(string(page.body), "（識別なし）") {
		t.Errorf("the row is %s", row)
	}
	c.get("/ui/campaigns/welcome/visitors?who=everybody").is(http.StatusBadRequest)
	if a := c.get("/ui/campaigns/welcome/visitors?who=exposed&by=shoe&slice=41").is(http.StatusBadRequest); !strings.Contains(string(a.body), "by shoe is none of day, device, visitor, channel, rank") {
		t.Errorf("refused with %s", a.body)
	}
	s.reports.members = warehouse.Members{}
	if body := string(c.counted("/ui/campaigns/welcome/visitors?who=failed").body); !strings.Contains(body, "当てはまる人はいません") {
		t.Error("an empty list says nothing")
	}
}

// The parts say what they count, and stand alone for whoever has no script.
func TestResultParts(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("view")
	funnel := c.counted("/ui/campaigns/welcome/funnel")
	if row := funnel.row("見送り"); row != "見送り ：優先度の高い施策が枠を使用 150 15.0% 120" {
		t.Errorf("the row is %s", row)
	}
	for _, text := range []string{"1,000 回 ＝ 見送り 200 ＋ トリガー待ち 300 ＋ 表示 260 ＋ 未実施 240 ＋ 試験 0 ＋ プレビュー 0", "moon_phase", "<h1>はじめての方へ</h1>", `href="/ui/campaigns/welcome"`} {
		if !strings.Contains(string(funnel.body), text) {
			t.Errorf("the funnel lacks %s", text)
		}
	}
	days := string(c.counted("/ui/campaigns/welcome/days").body)
	if first, second := strings.Index(days, ">2026-11-21<"), strings.Index(days, ">2026-11-20<"); first < 0 || second < first || !strings.Contains(days, `<svg class="narrowing"`) {
		t.Error("the days are not there, or not the newest first")
	}
	by := c.counted("/ui/campaigns/welcome/breakdown?by=rank")
	if body := string(by.body); !strings.Contains(body, `aria-current="true">会員ランク`) || strings.Count(body, `class="small-n`) != 2 || !strings.Contains(body, "少数：人数か成果が少なく") {
		t.Errorf("the breakdown is %s", body)
	}
	if body := string(by.body); !strings.Contains(body, "/visitors?as_of=2026-11-21T03%3A00%3A00.000Z&amp;by=rank&amp;slice=2026-11-20&amp;variant=control&amp;who=exposed") {
		t.Error("a part that stands alone does not lead to whom it counted")
	}
	if word := s.reports.words[len(s.reports.words)-1]; word != "rank" {
		t.Errorf("asked by %s", word)
	}
	part := c.with("HX-Request", "true").get("/ui/campaigns/welcome/breakdown?by=rank").is(http.StatusOK)
	if body := string(part.body); !strings.HasPrefix(strings.TrimSpace(body), `<section class="card" id="breakdown"`) || strings.Contains(body, "<html") {
		t.Errorf("htmx gets %s", body)
	}
	if body := string(c.counted("/ui/campaigns/welcome/breakdown?by=shoe").body); !strings.Contains(body, "is none of device, visitor, channel, rank") {
		t.Error("an attribute that is none is not refused")
	}
	s.reports.funnel = nil
	s.clock.pass(time.Hour)
	if body := string(c.counted("/ui/campaigns/welcome/funnel?as_of=2026-11-21").body); !strings.Contains(body, "条件に合った判定がありません") {
		t.Error("an empty funnel does not say what to do")
	}
}

// A bandit's periods are told apart, and what pools them says so.
func TestResultScreenOfABandit(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t, edit("campaigns/welcome.yaml", "variants:\n", "allocation: bandit\nvariants:\n  - {id: control, weight: 1}\n"))
	measured(s)
	arms := s.reports.sums.Arms
	s.reports.sums.Periods = []warehouse.PeriodSums{{Period: 0, Arms: arms}, {Period: 3, Arms: arms}}
	c := s.as("view")
	page := c.counted("/ui/campaigns/welcome")
	if row := page.row("4"); row != "4 control 50 9,000 279 3.10%" || !strings.Contains(string(page.body), "配分が動くたびに") || !strings.Contains(string(page.body), "period=3&amp;") {
		t.Errorf("the row is %s", row)
	}
	if body := string(c.counted("/ui/campaigns/welcome/visitors?who=exposed&period=3").body); !strings.Contains(body, "区間 4 ·") {
		t.Errorf("the list has another number: %s", body)
	}
	c.get("/ui/campaigns/welcome/visitors?who=exposed&period=03").is(http.StatusBadRequest)
	for _, part := range []string{"days", "breakdown"} {
		if !strings.Contains(string(c.counted("/ui/campaigns/welcome/"+part).body), "配分が自動で動きます") {
			t.Errorf("%s does not say that it pools periods", part)
		}
	}
}

// A period that tells nothing is left out of the judgement, not of the counts that
// lead to lists: table and lists agree, and the screen says how many it is.
func TestABanditsCountsAreOfAllPeriods(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t, edit("campaigns/welcome.yaml", "variants:\n", "allocation: bandit\nvariants:\n  - {id: control, weight: 1}\n"))
	measured(s)
	whole := s.reports.sums.Arms
	few := []warehouse.Arm{{Variant: "control", Control: true, Weight: 1, Exposed: 1, Matured: 1}, {Variant: "coupon10", Weight: 99, Exposed: 50, Matured: 40, Converted: 9}}
	s.reports.sums.Periods = []warehouse.PeriodSums{{Arms: whole}, {Period: 1, Arms: whole}, {Period: 2, Arms: few}}
	all := slices.Clone(whole)
	for i := range all {
		all[i].Exposed, all[i].Matured, all[i].Converted = 2*all[i].Exposed+few[i].Exposed, 2*all[i].Matured+few[i].Matured, 2*all[i].Converted+few[i].Converted
	}
	s.reports.sums.Arms = all
	page := s.as("view").counted("/ui/campaigns/welcome")
	if row := page.row("coupon10"); !strings.HasPrefix(row, "coupon10 勝ち 18,250 729 3.96%") {
		t.Errorf("the row is %s", row)
	}
	for _, text := range []string{"32,241 / 36,251 人", "判定に入れていません（51 人。"} {
		if !strings.Contains(string(page.body), text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	// The files and the HTTP API count the same, and say how many are compared.
	file := string(s.as("view").get("/ui/campaigns/welcome/download?what=results&form=csv").is(http.StatusOK).body)
	if lines := strings.Split(file, "\n"); !strings.HasSuffix(lines[0], ",judged_exposed,judged_converted") || !strings.Contains(lines[2], ",coupon10,false,99,18250,729,") || !strings.HasSuffix(lines[2], ",18200,720") {
		t.Error(file)
	}
	var told api.CampaignResults
	s.trusted().get("/v1/campaigns/welcome/results").is(http.StatusOK).into(&told)
	if a := told.Arms[1]; a.Exposed != 18250 || a.Converted != 729 || a.Judged == nil || *a.Judged != (stats.Judged{Exposed: 18200, Converted: 720}) {
		t.Errorf("%+v", a)
	}
}

// Nobody yet, and no warehouse: the screen says so, and what helps.
func TestResultScreenWithoutFigures(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.as("edit")
	page := string(c.counted("/ui/campaigns/welcome").body)
	if !strings.Contains(page, "まだ誰も出会っていません") || !strings.Contains(page, `hx-get="/ui/campaigns/welcome/funnel`) {
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

// What is looked at can be kept: JSON as the API gives it, CSV as the command
// line does, and the drawing.
func TestResultDownloads(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("view")
	file := func(path, name string) answer {
		t.Helper()
		a := c.get("/ui/campaigns/welcome/" + path).is(http.StatusOK)
		if _, how, err := mime.ParseMediaType(a.header.Get("Content-Disposition")); err != nil || how["filename"] != name {
			t.Errorf("%s is kept as %q, %v", path, a.header.Get("Content-Disposition"), err)
		}
		return a
	}
	var got, want api.CampaignResults
	if err := json.Unmarshal(file("download?what=results&form=json", "welcome-results.json").body, &got); err != nil {
		t.Fatal(err)
	}
	s.trusted().get("/v1/campaigns/welcome/results").is(http.StatusOK).into(&want)
	if got.Verdict != stats.Win || got.Sentence != want.Sentence || len(got.Arms) != 2 {
		t.Errorf("%+v", got)
	}
	for what, lines := range map[string]int{"results": 3, "days": 5, "cumulative": 5, "breakdown&by=device": 5, "funnel": 14} {
		name, _, _ := strings.Cut(what, "&")
		rows, err := csv.NewReader(strings.NewReader(string(file("download?form=csv&what="+what, "welcome-"+name+".csv").body))).ReadAll()
		if err != nil || len(rows) != lines || rows[0][0] != "campaign" {
			t.Errorf("%s: %d lines, %v", what, len(rows), err)
		}
	}
	if drawing := string(file("lift.svg", "welcome-lift.svg").body); !strings.Contains(drawing, "coupon10 +27.6%") {
		t.Errorf("the drawing is %s", drawing)
	}
	c.get("/ui/campaigns/welcome/download?what=everything&form=csv").is(http.StatusBadRequest)
	c.get("/ui/campaigns/welcome/download?what=results&form=xls").is(http.StatusBadRequest)
}

// Files are counted in turn with all that screens count: two at once.
func TestDownloadsAreCountedInTurn(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	s.reports.hold = make(chan struct{})
	c := s.as("view")
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if a := c.get("/ui/campaigns/welcome/" + []string{"download?what=results&form=csv", "lift.svg"}[i%2]); a.status != http.StatusOK {
				t.Errorf("status %d: %s", a.status, a.body)
			}
		})
	}
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		s.reports.mu.Lock()
		under := s.reports.under
		s.reports.mu.Unlock()
		if under >= 2 {
			break
		}
		if time.Now().After(until) {
			t.Errorf("%d are counted", under)
			break
		}
	}
	for range 20 { // the others have come by then
		c.get("/ui/audit")
	}
	close(s.reports.hold)
	all.Wait()
	if s.reports.most != 2 || len(s.reports.asked) != 6 {
		t.Errorf("%d of %d at once", s.reports.most, len(s.reports.asked))
	}
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

// What was counted is kept and not asked again, and only the last questions are.
func TestResultsAreCountedOnce(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("view")
	for range 5 {
		c.counted("/ui/campaigns/welcome")
	}
	if n := len(s.reports.asked); n != 1 {
		t.Errorf("asked %d times", n)
	}
	s.clock.pass(time.Minute)
	c.counted("/ui/campaigns/welcome") // shown as it was while it is counted anew
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		s.reports.mu.Lock()
		n := len(s.reports.asked)
		s.reports.mu.Unlock()
		if n == 2 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("asked %d times after a minute", n)
		}
	}
}
