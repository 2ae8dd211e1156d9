package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

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
	if row := page.row("v/1"); row != "v/1 11月21日 12:00 coupon10 スマホ 新規 moon gold 成果 クリック 4,200円" {
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
	for _, text := range []string{"1,000 回 ＝ 見送り 200 ＋ きっかけ待ち 300 ＋ 表示 260 ＋ 未実施 240 ＋ 試験 0 ＋ プレビュー 0", "moon_phase", "<h1>はじめての方へ</h1>", `href="/ui/campaigns/welcome"`} {
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
	for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
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
