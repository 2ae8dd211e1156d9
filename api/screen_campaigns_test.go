package api_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/net/html"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// as is somebody who has logged in.
func (s *shop) as(name string) caller {
	s.t.Helper()
	c := s.caller("")
	c.submits("/ui/login", "name", name, "password", password).goes("/ui/")
	return c
}

// row is the text of the first table row whose header has a text; blanks are one
// space.
func (a answer) row(header string) string {
	a.t.Helper()
	document, err := html.Parse(strings.NewReader(string(a.body)))
	if err != nil {
		a.t.Fatal(err)
	}
	for node := range document.Descendants() {
		if node.Data != "tr" || node.Parent.Data != "tbody" {
			continue
		}
		var text strings.Builder
		for below := range node.Descendants() {
			if below.Type == html.TextNode {
				text.WriteString(below.Data + " ")
			}
		}
		if row := strings.Join(strings.Fields(text.String()), " "); strings.HasPrefix(row, header) {
			return row
		}
	}
	a.t.Errorf("no row %s in %s", header, a.body)
	return ""
}

// counted asks for the campaigns until they have been counted.
func (c caller) counted(path string) answer {
	c.shop.t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		a := c.get(path).is(http.StatusOK)
		if !strings.Contains(string(a.body), "まもなく数字が入ります") {
			return a
		}
		if time.Now().After(until) {
			c.shop.t.Fatalf("still counting: %s", a.body)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestCampaignsScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	s.reports.sums = warehouse.Sums{Arms: []warehouse.Arm{
		{Variant: "control", Control: true, Weight: 50, Exposed: 9000, Converted: 279},
		{Variant: "coupon10", Weight: 50, Exposed: 9100, Converted: 360},
	}}
	s.reports.activity = []warehouse.Activity{{Campaign: "welcome", Day: "2026-11-20", Visitors: 1200}, {Campaign: "welcome", Day: "2026-11-21", Visitors: 34}, {Campaign: "welcome", Day: "2026-10-01", Visitors: 5}}
	s.reports.conflicts = []warehouse.Conflict{{Campaign: "welcome", Reason: "budget", Visitors: 7}, {Campaign: "welcome", Reason: "slot_taken", Winner: "gone", Visitors: 9}}
	page := s.as("view").counted("/ui/campaigns")
	if all := "のべ 1,234 人が施策の対象になりました（未実施を含む）。"; !strings.Contains(string(page.body), all) {
		t.Errorf("the page lacks %q: %s", all, page.reads("<main", "</main>"))
	}
	row := page.row("はじめての方へ")
	for _, text := range []string{"実施中 勝ち", "campaigns/welcome.yaml:1", "control 未実施 9,000 人 3.10%", "coupon10 9,100 人 3.96% +27.6%", "1,234 人", "上限で出なかった来訪者：7 人"} {
		if !strings.Contains(row, text) {
			t.Errorf("the row lacks %q: %s", text, row)
		}
	}
	if strings.Contains(row, "9 人に") || strings.Contains(row, "一時停止") {
		t.Errorf("a campaign that is no longer there, or what this person may not do: %s", row)
	}
}

// Who may edit pauses and resumes, the engine does it, and the log says who it was.
func TestPauseAndResumeOnTheScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	s.as("view").submits("/ui/campaigns/welcome/pause").is(http.StatusForbidden)
	s.caller("").submits("/ui/campaigns/welcome/pause").is(http.StatusUnauthorized)
	c := s.as("edit")
	c.submits("/ui/campaigns/nothing/pause").is(http.StatusNotFound)
	c.submits("/ui/campaigns/welcome/resume").is(http.StatusBadRequest)
	if s.engine.Live().Overrides["welcome"].Paused {
		t.Fatal("paused by one of those")
	}
	to := c.submits("/ui/campaigns/welcome/pause").goes("/ui/campaigns?did=pause&of=welcome#welcome").header.Get("Location")
	if o := s.engine.Live().Overrides["welcome"]; !o.Paused || o.By != "edit" {
		t.Errorf("it is %+v", o)
	}
	page := c.counted(to)
	if row := page.row("はじめての方へ"); !strings.Contains(row, "一時停止中") || !strings.Contains(row, "edit") || !strings.Contains(row, "再開") {
		t.Errorf("the row is %s", row)
	}
	if !strings.Contains(string(page.body), "を一時停止しました。") {
		t.Error("the page does not say that it was done")
	}
	c.submits("/ui/campaigns/welcome/resume").goes("/ui/campaigns?did=resume&of=welcome#welcome")
	for _, stale := range []string{"/ui/campaigns?did=pause&of=welcome", "/ui/campaigns/welcome?did=pause"} {
		if page := c.counted(stale); strings.Contains(string(page.body), "を一時停止しました。") {
			t.Errorf("%s says what is no longer so", stale)
		}
		if page := c.counted(strings.Replace(stale, "pause", "resume", 1)); !strings.Contains(string(page.body), "を再開しました。") {
			t.Errorf("%s does not say that it goes on", stale)
		}
	}
	var log []string
	for _, r := range s.recorded() {
		if r.Event.Name == ingest.Audit {
			change, err := engine.ReadChange(&r.Event)
			if err != nil || !change.At.Equal(s.clock.Now()) {
				t.Errorf("%+v, %v", change, err)
			}
			log = append(log, change.Who+" "+change.Role+" "+change.What+" "+change.Of)
			s.reports.audits = append(s.reports.audits, r.Event)
		}
	}
	same(t, "the audit log", log, []string{"edit edit pause welcome", "edit edit resume welcome"})
	if row := s.as("view").get("/ui/audit").row("2026-11-21 12:00:00"); row != "2026-11-21 12:00:00 edit 編集 施策を一時停止 welcome" {
		t.Errorf("the audit screen says %s", row)
	}
}

// mistaken has a mistake in one of its questions.
type mistaken struct{ *reports }

func (mistaken) Activity(context.Context, time.Time, time.Time, string) ([]warehouse.Activity, error) {
	panic("a mistake")
}

// A question that panics among many takes nothing but its own figures away.
func TestCampaignsOverAMistake(t *testing.T) {
	t.Parallel()
	s := open(t, options(func(o *api.Options) { o.OpenDashboard, o.Overview = true, mistaken{o.Overview.(*reports)} }))
	measured(s)
	page := s.trusted().counted("/ui/campaigns")
	if row := page.row("はじめての方へ"); !strings.Contains(row, "勝ち") || !strings.Contains(string(page.body), "something went wrong on the server; its log says what") {
		t.Errorf("the row is %s", row)
	}
}

// Without the warehouse the campaigns are there all the same.
func TestCampaignsWithoutTheWarehouse(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	s.reports.away = true
	s.checks = []api.Check{{Part: "ledger", OK: true}, {Part: "rules", Detail: "campaigns/a.yaml:2:9: status: <lvie> is none of draft, live"}}
	c := s.as("edit")
	page := c.counted("/ui/campaigns")
	if row := page.row("はじめての方へ"); !strings.Contains(row, "集計がありません –") || strings.Contains(string(page.body), "のべ") || !strings.Contains(row, "一時停止") {
		t.Errorf("the row is %s", row)
	}
	if want := "直前の正しいルールで動いています。</a><pre>campaigns/a.yaml:2:9: status: &lt;lvie&gt; is none of draft, live</pre>"; !strings.Contains(string(page.body), want) || strings.Contains(string(page.body), "台帳が壊れて") {
		t.Errorf("what is not well: %s", page.body)
	}
	for _, path := range []string{"/ui/campaigns", "/ui/audit"} {
		if body := string(c.get(path).is(http.StatusOK).body); !strings.Contains(body, "connection refused") {
			t.Errorf("%s does not say why", path)
		}
	}
}

// A draft stands below the campaigns that run, which alone are counted; its own page
// says how it would come to anybody, and nobody can pause or resume it.
func TestDraftsOnTheScreens(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t, previewing)
	measured(s)
	c := s.as("edit")
	page := c.counted("/ui/campaigns")
	if got, want := page.reads(`<section class="card" aria-label="下書き">`, "</section>"), "下書き 下書きは誰にも届きません。試して確かめ、よければファイルの status を live（表示せずに対象者だけ測るなら shadow）にしてください。 "+
		"施策 きっかけ・枠 操作 秋の準備 下書き campaigns/draft.yaml:1 離脱の間際 · modal 0 試す"; got != want {
		t.Errorf("\n     %s\nwant %s", got, want)
	}
	if row := page.row("秋の準備"); strings.Contains(row, "人") || strings.Contains(row, "一時停止") {
		t.Errorf("a draft with figures or a button: %s", row)
	}
	body := string(page.body)
	if strings.Index(body, "はじめての方へ") > strings.Index(body, "秋の準備") || !strings.Contains(body, "6 件のうち 6 件が実施中です。") {
		t.Errorf("the draft is among those that run: %s", body)
	}
	for _, link := range []string{`href="/ui/campaigns/autumn"`, `href="/ui/playground?campaign=autumn" aria-label="「秋の準備」を試す"`} {
		if !strings.Contains(body, link) {
			t.Errorf("no %s", link)
		}
	}
	if chosen := `<option value="autumn" selected>秋の準備</option>`; !strings.Contains(string(c.get("/ui/playground?campaign=autumn").is(http.StatusOK).body), chosen) {
		t.Errorf("the playground has no %s", chosen)
	}
	for language, want := range map[string]string{
		"ja": "施策の一覧 秋の準備 下書き campaigns/draft.yaml:1 下書きなので、誰にも届きません ルール試験で、誰にいつ出るかを試し、過去の来訪でも確かめます。よければ campaigns/draft.yaml:1 の status を live に、表示せずに対象者だけ測るなら shadow にしてください。 ルール試験で試す",
		"en": "All campaigns 秋の準備 draft campaigns/draft.yaml:1 A draft reaches nobody Try it in the playground: on a visitor, and over the visits of the past. Once it is right set status: live at campaigns/draft.yaml:1, or status: shadow to see whom it would reach without showing it. Try it in the playground",
	} {
		own := c.with("Accept-Language", language).get("/ui/campaigns/autumn?window=soon").is(http.StatusOK)
		if got := own.reads(`<main id="main" tabindex="-1">`, "</main>"); got != want {
			t.Errorf("\n     %s\nwant %s", got, want)
		}
		if !strings.Contains(string(own.body), `href="/ui/playground?campaign=autumn"`) || strings.Contains(string(own.body), "/autumn/") {
			t.Errorf("it leads elsewhere: %s", own.body)
		}
	}
}

// A campaign that was paused and is a draft again has no button that does nothing.
func TestAPausedCampaignThatIsADraft(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	if err := s.engine.Pause("welcome", "edit", s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	folder := folder(t)
	folder["campaigns/welcome.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(folder["campaigns/welcome.yaml"].Data), "status: live", "status: draft", 1))}
	set, found := rules.Load(folder)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.engine.Use(set, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if !s.engine.Live().Overrides["welcome"].Paused {
		t.Fatal("it is not paused any longer: this test proves nothing")
	}
	c := s.as("edit")
	for _, got := range []string{c.counted("/ui/campaigns").row("はじめての方へ"), c.get("/ui/campaigns/welcome").is(http.StatusOK).reads(`<div class="head">`, `<div class="empty">`)} {
		if !strings.Contains(got, "下書き") || strings.Contains(got, "再開") || strings.Contains(got, "edit") {
			t.Errorf("it says %s", got)
		}
	}
}

func TestEmptyScreensTeachTheNextStep(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *opening) {
		for name := range o.files {
			if strings.HasPrefix(name, "campaigns/") || strings.HasPrefix(name, "coupons/") || strings.HasPrefix(name, "tests/") {
				delete(o.files, name)
			}
		}
	}, previewing)
	for path, text := range map[string]string{"/ui/campaigns": "よければファイルの status を live", "/ui/audit": "だれがいつ変えたか", "/ui/users": "omo users add"} {
		if page := string(s.trusted().counted(path).body); !strings.Contains(page, text) {
			t.Errorf("%s lacks %s: %s", path, text, page)
		}
	}
	if page := s.trusted().counted("/ui/campaigns").reads(`<main id="main" tabindex="-1">`, "</main>"); strings.Count(page, "きっかけ・枠") != 1 || strings.Contains(page, "実施中") || !strings.Contains(page, "秋の準備") {
		t.Errorf("with a draft alone it says %s", page)
	}
}

// Who may publish says who may come in; what is wrong is said and nothing is kept.
func TestPeopleOnTheScreen(t *testing.T) {
	t.Parallel()
	s, p := staffed(t)
	s.as("edit").get("/ui/users").is(http.StatusForbidden)
	c := s.as("publish")
	c.submits("/ui/users", "name", "hanako", "role", "edit", "password", "a new password").goes("/ui/users?did=put&of=hanako")
	s.as("view").get("/ui/audit").is(http.StatusOK)
	in := s.caller("")
	in.submits("/ui/login", "name", "hanako", "password", "a new password").goes("/ui/")
	in.get("/ui/campaigns").is(http.StatusOK)
	for _, bad := range [][]string{
		{"name", "a b", "role", "edit", "password", "a new password"}, {"name", "taro", "role", "king", "password", "a new password"},
		{"name", "taro", "role", "view", "password", "short"}, {"name", "secret key", "role", "view", "password", "a new password"},
	} {
		if page := string(c.submits("/ui/users", bad...).is(http.StatusBadRequest).body); !strings.Contains(page, `role="alert"`) {
			t.Error("what is wrong is not said")
		}
	}
	c.submits("/ui/users/hanako/remove").goes("/ui/users?did=remove&of=hanako")
	if in.get("/ui/campaigns").status != http.StatusSeeOther {
		t.Error("who was removed is still in")
	}
	if all, _ := p.All(); len(all) != len(dashboard.Roles) {
		t.Errorf("there are %+v", all)
	}
}

// Nothing that people wrote becomes a tag, and no screen needs a script.
func TestScreensAreSafeAndWholeWithoutScript(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script>`
	s := open(t, edit("campaigns/welcome.yaml", "はじめての方へ", `'"><script>alert(1)</script>'`), options(func(o *api.Options) {
		o.People = &people{all: []api.Person{{Name: evil, Role: dashboard.View}}}
	}))
	s.reports.audits = []ingest.Event{{Properties: []byte(`{"who":"<script>alert(1)</script>","role":"<b>","what":"<i>","of":"<u>"}`)}}
	inline := regexp.MustCompile(`<script[^>]*>[^<]|\son\w+="|\sstyle=|<script>`)
	for _, path := range []string{"/ui/campaigns", "/ui/health", "/ui/audit", "/ui/users", "/ui/login"} {
		c := s.trusted()
		if path == "/ui/login" {
			c = s.caller("")
		}
		page := string(c.counted(path).body)
		if found := inline.FindString(page); found != "" || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%s has %q", path, found)
		}
	}
}
