package api_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func (r *reports) Timeline(_ context.Context, visitors []string, before warehouse.Moment, limit int) (out []ingest.Record, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.timeline {
		e := &one.Event
		if slices.Contains(visitors, e.Visitor) && (e.Time < before.Time || e.Time == before.Time && e.Seq < before.Seq) && len(out) < limit {
			out = append(out, one)
		}
	}
	return out, r.answers()
}

func (r *reports) Recent(_ context.Context, q warehouse.RecentQuery) ([]warehouse.Recent, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.Campaign != "" {
		r.words = append(r.words, q.Campaign+"/"+q.Variant)
	}
	return r.recent, r.answers()
}

var tags = regexp.MustCompile(`<[^>]*>`)

// reads is what a page, from the first to the second text, says to people.
func (a answer) reads(from, to string) string {
	a.t.Helper()
	body := string(a.body)
	if i := strings.Index(body, from); i >= 0 {
		body = body[i:]
	} else {
		a.t.Fatalf("the page has no %q: %s", from, body)
	}
	if i := strings.Index(body, to); i >= 0 {
		body = body[:i]
	}
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(body, " "))), " ")
}

// visited is a shop where somebody came to the cart, was shown what there is, told
// who she is, and came with a second browser on the next day. Her first browser.
func visited(t *testing.T, s *shop) (first, second string) {
	t.Helper()
	page := object{"url": "https://shop.example/cart", "title": "カート"}
	a, b := s.browser(), s.browser()
	d := a.decide(object{"consent": "granted", "page": page, "events": list{object{"name": "add_to_cart", "properties": object{"value": 6800, "items": list{object{"item_id": "shoe-1", "item_name": "革靴", "price": 3400, "quantity": 2}}}}}})
	s.clock.pass(time.Minute)
	a.post("/v1/events", object{"visitor": object{"id": d.Visitor.ID}, "events": list{
		object{"name": "omo_exposure", "properties": d.about("welcome")}, object{"name": "omo_click", "properties": d.about("welcome")},
		object{"name": "purchase", "properties": object{"value": 6800, "transaction_id": "T-1"}},
	}}).is(http.StatusOK)
	s.trusted().post("/v1/identify", object{"userId": "hanako", "anonymousId": d.Visitor.ID, "traits": object{"rank": "gold"}}).is(http.StatusOK)
	s.clock.pass(24 * time.Hour)
	e := b.decide(object{"consent": "granted"})
	s.trusted().post("/v1/identify", object{"userId": "hanako", "anonymousId": e.Visitor.ID}).is(http.StatusOK)
	return d.Visitor.ID, e.Visitor.ID
}

// One line of both browsers, by day and session, the newest first, in words; and
// who the visitor is now, and was before she bought.
func TestVisitorScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	began := s.clock.Now()
	first, second := visited(t, s)
	c := s.as("view")
	for what, want := range map[string][2]string{
		"/ui/visitors/" + first: {
			"プロフィール いつの姿を見るか 見る 初回来訪 11月21日 12:00 最後の行動 11月22日 12:01 来訪回数 2 ページ表示 2 購入 1 · 6,800円 最後の購入 11月21日 12:01 カート 空 同意 あり 属性 rank gold 対象になった施策（1） はじめての方へ a 1 回 なぜ出るか、出ないか 最後に見たページをいま開いたとしたら、どの施策が出て、どれがどこで止まるかを調べます。記録はされません。 いまを調べる",
			"11月22日 今日 B 12:01 パソコン Windows Chrome · 直接 · 1 ページ 12:01:00 会員だと分かった 会員 hanako 12:01:00 別のブラウザと同じ人だと分かった " +
				"12:01:00 判定 何も見せない 未実施（比べるために出しません） はじめての方へ 表示の対象になりました a 出た理由・出なかった理由 12:01:00 ページを見た / " +
				"11月21日 A 12:00–12:01 パソコン Windows Chrome · 直接 · 1 ページ 12:01:00 会員だと分かった 会員 hanako 12:01:00 購入した 6,800円 注文 T-1 12:01:00 施策を押した はじめての方へ a 12:01:00 表示 はじめての方へ a " +
				"12:00:00 判定 大きなカート 表示の対象になりました a 離脱前クーポン きっかけを待っています 何も見せない 未実施（比べるために出しません） はじめての方へ 表示の対象になりました a 出た理由・出なかった理由 " +
				"12:00:00 ページを見た カート /cart 12:00:00 カートに入れた 6,800円 革靴 ×2",
		},
		"/ui/visitors/" + second + "?at=2026-11-21T12:00:10": { // the second browser had not come
			"プロフィール いつの姿を見るか 見る 11月21日 12:00 時点の姿です。 いまに戻る この時点では、まだ来ていません。 なぜ出るか",
			"11月21日 A 12:00 パソコン Windows Chrome · 直接 · 1 ページ 12:00:00 判定 大きなカート",
		},
		"/ui/visitors/" + first + "?at=" + url.QueryEscape(began.Add(10*time.Second).Format(time.RFC3339)): {
			"見る 11月21日 12:00 時点の姿です。 いまに戻る 初回来訪 11月21日 12:00 最後の行動 11月21日 12:00 来訪回数 1 ページ表示 1 購入 なし カート 6,800円 · 2 点 同意 あり なぜ出るか",
			"11月21日 A 12:00 パソコン Windows Chrome · 直接 · 1 ページ 12:00:00 判定 大きなカート",
		},
	} {
		page := c.get(what).is(http.StatusOK)
		if who := page.reads("<aside", "</aside>"); !strings.Contains(who, want[0]) {
			t.Errorf("%s\n     %s\nwant %s", what, who, want[0])
		}
		if past := page.reads(`<div class="past">`, "</main>"); !strings.HasPrefix(past, want[1]) {
			t.Errorf("%s\n     %s\nwant %s", what, past, want[1])
		}
	}
	c.get("/ui/visitors/" + first + "?at=yesterday").is(http.StatusBadRequest)
	c.get("/ui/visitors/" + first + "?before=1").is(http.StatusBadRequest)
	c.get("/ui/visitors/nobody").is(http.StatusNotFound)
}

// What the warehouse has comes page by page behind what only the ledger has, and
// where it is away the ledger's is shown.
func TestVisitorScreenByPages(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	first, _ := visited(t, s)
	from := s.clock.Now().Add(-30 * 24 * time.Hour).UnixMilli()
	for i := range 250 {
		s.reports.timeline = append(s.reports.timeline, ingest.Record{Event: ingest.Event{ID: fmt.Sprint("old", i), Visitor: first, Session: "s", Name: "search", Time: from - int64(i), Seq: uint64(1000 - i), Properties: fmt.Appendf(nil, `{"search_term":"靴 %d"}`, i)}})
	}
	c := s.as("view")
	seen := []string{}
	pages := 0
	for to := "/ui/visitors/" + first; to != ""; pages++ {
		page := c.get(to).is(http.StatusOK)
		for _, found := range regexp.MustCompile(`「靴 \d+」`).FindAll(page.body, -1) {
			seen = append(seen, string(found))
		}
		to = ""
		if next := regexp.MustCompile(`class="older"><a class="button" href="([^"]+)"`).FindSubmatch(page.body); next != nil {
			to = html.UnescapeString(string(next[1]))
		}
	}
	if len(seen) != 250 || seen[0] != "「靴 0」" || seen[249] != "「靴 249」" || pages != 3 {
		t.Errorf("%d pages with %d events, %v", pages, len(seen), seen)
	}
	s.reports.away = true
	page := string(c.get("/ui/visitors/" + first).is(http.StatusOK).body)
	for _, text := range []string{"出来事が欠けています", "connection refused", "購入した", "6,800円"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
}

// Why a decision of then came out as it did, gate by gate and condition by
// condition, and what would come now.
func TestWhyScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	first, _ := visited(t, s)
	c := s.as("view")
	links := regexp.MustCompile(`href="(/ui/visitors/[^"]+/why\?seq=\d+)"`).FindAllSubmatch(c.get("/ui/visitors/"+first).body, -1)
	if len(links) != 2 {
		t.Fatalf("%d decisions can be asked about", len(links))
	}
	then := string(links[1][1])
	page := c.get(then + "&campaign=gold").is(http.StatusOK)
	want := "記録から判定をやり直すと、当時と同じ結果になります。 大きなカート 表示の対象になりました a 詳しく 離脱前クーポン きっかけを待っています 詳しく 何も見せない 未実施（比べるために出しません） 詳しく はじめての方へ 表示の対象になりました a 詳しく " +
		"ゴールド会員 配信条件に当てはまりません " +
		"同意 通過 ボット 通過 消去 通過 公開状態 通過 過去の集計 通過 期間 通過 ページ 通過 配信条件 ここで止まった きっかけ 調べていない 全体の未実施群 調べていない 表示回数 調べていない 停止条件 調べていない 表示の予算 調べていない レイヤー 調べていない 配信割合 調べていない クーポンの在庫 調べていない 表示枠 調べていない エラー 調べていない " +
		`配信条件 当てはまらない visitor.rank == "gold" いまは ""。"gold" なら当てはまります プロプラン 配信条件に当てはまりません 詳しく`
	if got := page.reads(`<div class="explained">`, "</main>"); got != want {
		t.Errorf("\n     %s\nwant %s", got, want)
	}
	if part := string(c.with("HX-Request", "true").get(then).is(http.StatusOK).body); strings.Contains(part, "<html") || !strings.Contains(part, "大きなカート") {
		t.Errorf("what htmx puts into the page is %s", part)
	}
	now := c.get("/ui/visitors/" + first + "/why?campaign=big-cart").is(http.StatusOK)
	if got := now.reads("最後に見たページを", "</main>"); !strings.Contains(got, "ゴールド会員 表示の対象になりました a 詳しく") || !strings.Contains(got, "cart.value >= 5000 いまは 0。あと 5000 で当てはまります") {
		t.Errorf("now: %s", got)
	}
	if events := len(s.recorded()); events != len(s.recorded()) || strings.Contains(strings.Join(s.names()[len(s.names())-1:], ""), "omo_decision") {
		t.Errorf("asking left a trace: %v", s.names())
	}
	c.get("/ui/visitors/nobody/why").is(http.StatusNotFound)
	c.get("/ui/visitors/" + first + "/why?seq=x").is(http.StatusBadRequest)
}

// A shadow's variant without an action is a shadow still, on the timeline and where
// one asks why: nothing was to be compared.
func TestAShadowIsNoControlOnTheScreens(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t, shadow)
	first, _ := visited(t, s)
	c, want := s.as("view"), "何も見せない 試験中（表示しません） control"
	if past := c.get("/ui/visitors/"+first).is(http.StatusOK).reads(`<div class="past">`, "</main>"); !strings.Contains(past, want) {
		t.Errorf("the timeline: %s", past)
	}
	if why := c.get("/ui/visitors/"+first+"/why").is(http.StatusOK).reads(`<div class="explained">`, "</main>"); !strings.Contains(why, want+" 詳しく") {
		t.Errorf("why: %s", why)
	}
}

// A chat's state and channel are words of the screen's language, and what nobody has
// named stands as it was told.
func TestAChatOnTheTimeline(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	s.trusted().visits("ann", "/help", "ヘルプ")
	s.trusted().post("/v1/events", object{"visitor": object{"id": "ann"}, "events": list{
		object{"name": "omo_chat", "properties": object{"state": "answered", "channel": "form"}},
		object{"name": "omo_chat", "properties": object{"state": "ended", "channel": "fax"}},
	}}).is(http.StatusOK)
	past := s.as("view").get("/ui/visitors/ann").is(http.StatusOK).reads(`<div class="past">`, "</main>")
	for _, want := range []string{"チャット 応答 フォーム", "チャット 終了 fax"} {
		if !strings.Contains(past, want) {
			t.Errorf("it lacks %s: %s", want, past)
		}
	}
}

// A visitor is found by its id and its person's, and by the campaign that it met.
func TestVisitorsScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	first, _ := visited(t, s)
	c := s.as("view")
	looked := func(path string) string {
		for {
			if page := c.get(path).is(http.StatusOK).reads("<h1>", "</main>"); !strings.Contains(page, "探しています") {
				return page
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	if page := looked("/ui/visitors"); !strings.Contains(page, "まだ誰も来ていません") {
		t.Errorf("nobody is there: %s", page)
	}
	c.get("/ui/visitors?q=" + first).goes("/ui/visitors/" + first)
	c.get("/ui/visitors?q=+hanako+").goes("/ui/visitors/" + first)
	if page := looked("/ui/visitors?q=taro"); !strings.Contains(page, "「taro」は見つかりません。") {
		t.Error(page)
	}
	s.reports.recent = []warehouse.Recent{{Visitor: "v/1", User: "hanako", Last: s.clock.Now(), Pageviews: 1234, Path: "/cart", Device: "mobile", Purchases: 1}}
	if page := looked("/ui/visitors?campaign=welcome&variant=a"); !strings.Contains(page, "「はじめての方へ」の対象になった来訪者 a 来訪者 会員 ID 最後 最後のページ 端末 ページ 購入 v/1 hanako 11月22日 12:01 /cart スマホ 1,234 1") {
		t.Error(page)
	}
	if page := string(c.get("/ui/visitors?campaign=welcome&variant=a").body); !strings.Contains(page, `href="/ui/visitors/v%2F1"`) {
		t.Error("the link is not to be followed: " + page)
	}
	same(t, "asked", s.reports.words, []string{"welcome/a", "welcome/a"})
	s.reports.away = true
	if page := looked("/ui/visitors?campaign=welcome"); !strings.Contains(page, "connection refused") {
		t.Error(page)
	}
}

// Who may publish takes a visitor's file along, and erases one whose id is typed;
// the audit log says who did it and has no id that outlives the erasure.
func TestExportAndEraseOnTheScreen(t *testing.T) {
	t.Parallel()
	var s *shop
	p := &people{all: []api.Person{{Name: "edit", Role: dashboard.Edit, Hash: api.HashPassword(password)}, {Name: "publish", Role: dashboard.Publish, Hash: api.HashPassword(password)}}}
	s = open(t, options(func(o *api.Options) { o.People, o.Kept = p, inLedger{s: &s} }))
	s.erasing(t)
	first, second := visited(t, s)
	edit, c := s.as("edit"), s.as("publish")
	if page := string(edit.get("/ui/visitors/" + first).is(http.StatusOK).body); strings.Contains(page, "/export") || strings.Contains(page, "/erase") {
		t.Error("what a person may not do is offered")
	}
	edit.submits("/ui/visitors/" + first + "/export").is(http.StatusForbidden)
	edit.submits("/ui/visitors/"+first+"/erase", "confirm", first).is(http.StatusForbidden)
	file := c.submits("/ui/visitors/" + first + "/export").is(http.StatusOK)
	if lines := strings.Count(string(file.body), "\n"); lines < 10 || !strings.Contains(string(file.body), second) || file.header.Get("Content-Disposition") != `attachment; filename="visitor.ndjson"` {
		t.Errorf("%d lines, %v: %s", lines, file.header, file.body)
	}
	c.submits("/ui/visitors/"+first+"/erase", "confirm", "another").goes("/ui/visitors/" + first + "?wrong=1#erase")
	if page := string(c.get("/ui/visitors/" + first + "?wrong=1").is(http.StatusOK).body); !strings.Contains(page, "何も消していません") {
		t.Error("it is not said that nothing was erased")
	}
	receipt := c.submits("/ui/visitors/"+first+"/erase", "confirm", first).is(http.StatusSeeOther).header.Get("Location")
	for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		page := c.get(receipt).is(http.StatusOK).reads("<h1>", "</main>")
		if strings.Contains(page, "消去が終わりました。") {
			if !strings.Contains(page, "消去した来訪者（ブラウザ） 2") || !strings.Contains(page, "プロフィール 1") || strings.Contains(page, first) {
				t.Error(page)
			}
			break
		}
		if time.Now().After(until) {
			t.Fatal(page)
		}
	}
	if page := string(c.get("/ui/visitors/" + first).is(http.StatusOK).body); !strings.Contains(page, "この来訪者は消去されました") || strings.Contains(page, "6,800") {
		t.Error(page)
	}
	c.get("/ui/visitors?q=" + first).goes("/ui/visitors/" + first)
	c.get("/ui/erasures/nothing").is(http.StatusNotFound)
	var log []string
	for _, r := range s.recorded() {
		if r.Event.Name == ingest.Audit {
			change, err := engine.ReadChange(&r.Event)
			if err != nil || strings.Contains(change.Of, first) || strings.Contains(change.Of, second) {
				t.Errorf("%+v, %v", change, err)
			}
			log = append(log, change.Who+" "+change.What)
		}
	}
	same(t, "the log", log, []string{"publish visitor_export", "publish visitor_erase"})
}

// In a browser the reasons open where they are asked for, and a campaign in them.
func TestWhyOpensInThePage(t *testing.T) {
	t.Parallel()
	tab, stop := context.WithTimeout(browsertest.New(t), 5*time.Minute)
	defer stop()
	s := open(t, options(func(o *api.Options) { o.OpenDashboard = true }))
	first, _ := visited(t, s)
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/visitors/"+first), chromedp.WaitVisible(`html[data-script=on]`),
		clicks(`.entry.decision a[hx-get]`), chromedp.WaitVisible(`.entry.decision .explained .fate`),
		clicks(`.entry.decision .fate.no a`), chromedp.WaitVisible(`.entry.decision .gates .stopped`),
		clicks(`.person a.button`), chromedp.WaitVisible(`#now .fate`),
	); err != nil {
		t.Fatal(err)
	}
	if at, err := chromedp.Run(tab, chromedp.Evaluate[string](`location.pathname`)); err != nil || at != "/ui/visitors/"+first {
		t.Errorf("the browser went to %s, %v", at, err)
	}
}
