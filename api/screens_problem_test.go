package api_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// Who looks in Japanese reads no English where something cannot be done, and who
// looks in English no Japanese: what it is, and what to do.
func TestProblemsAreSaidInBothLanguages(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t, previewing)
	look, edit := s.as("view"), s.as("edit")
	post := func(c caller, path string, fields ...string) func(caller) answer {
		return func(asked caller) answer {
			asked.client = c.client
			return asked.submits(path, fields...)
		}
	}
	get := func(c caller, path string) func(caller) answer {
		return func(asked caller) answer {
			asked.client = c.client
			return asked.get(path)
		}
	}
	nobody := s.caller("")
	english, kana := regexp.MustCompile(`[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}`), regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)
	for _, one := range []struct {
		ask    func(caller) answer
		status int
		ja, en string
	}{
		{get(look, "/ui/nothing"), 404, "このページはありません。 アドレスを確かめてください。", "There is no such page. nothing is at /ui/nothing; GET /openapi.yaml lists what there is"},
		{get(look, "/ui/campaigns/xmas"), 404, "このページはありません。 施策 xmas はルールのフォルダーにありません。", "There is no such page. no campaign xmas in the rules folder"},
		{get(look, "/ui/campaigns/autumn/visitors?who=exposed"), 404, "このページはありません。 施策 autumn は下書きで、まだ誰にも届いていません。ルール試験で確かめてから、campaigns/draft.yaml:1 の status を live（表示せずに対象者だけ測るなら shadow）にしてください。",
			"There is no such page. campaign autumn is a draft, and nobody has met it: try it in the playground, then set status: live at campaigns/draft.yaml:1, or status: shadow to see whom it would reach"},
		{get(look, "/ui/campaigns/welcome?window=soon"), 400, "入力に誤りがあります。 window は 72h や 7d のような長さで書いてください。", "Something in what was sent is wrong. window soon is not a length of time like 72h or 7d"},
		{get(look, "/ui/campaigns/welcome?from=2026-11-02&to=2026-11-01"), 400, "入力に誤りがあります。 期間の始まりは終わりより前の日にしてください。", "Something in what was sent is wrong. from 2026-11-02 is not before to 2026-11-01"},
		{get(look, "/ui/campaigns/welcome/visitors?who=all"), 400, "入力に誤りがあります。 all という一覧はありません。結果の画面の数字から開いてください。", "Something in what was sent is wrong. who all is none of exposed, matured, converted, clicked, closed, failed, crossed, carried, met, yielded, bots, staff, previews"},
		{get(look, "/ui/visitors/nobody"), 404, "このページはありません。 来訪者 nobody の記録はありません。「来訪者」の画面で探してください。", "There is no such page. nothing is known of visitor nobody: look for it under /ui/visitors"},
		{get(look, "/ui/users"), 403, "この操作をする権限がありません。 必要な権限は「公開」、viewさんの権限は「閲覧」です。公開の権限を持つ人が「メンバー」の画面で変えられます（omo users でも変えられます）。",
			"Your role does not allow this. this needs the role publish, and view has view: somebody who may publish can change that under /ui/users, or omo users does"},
		{post(look, "/ui/campaigns/welcome/pause"), 403, "この操作をする権限がありません。 必要な権限は「編集」、viewさんの権限は「閲覧」です。公開の権限を持つ人が「メンバー」の画面で変えられます（omo users でも変えられます）。",
			"Your role does not allow this. this needs the role edit, and view has view: somebody who may publish can change that under /ui/users, or omo users does"},
		{post(nobody, "/ui/campaigns/welcome/pause"), 401, "ログインしていないか、ログインの期限が切れました。 ログインし直して、もう一度操作してください。", "Nobody is logged in, or the session is over. nobody is logged in, or no longer: log in at /ui/login and do it again"},
		{post(edit, "/ui/campaigns/welcome/resume"), 400, "入力に誤りがあります。 すでにその状態になっているか、ルールのファイルでそう決められています。画面を読み直してください。", `Something in what was sent is wrong. campaign "welcome" is neither paused nor stopped for harm: there is nothing to resume`},
		{post(edit, "/ui/playground/backtest", "days", "3"), 400, "入力に誤りがあります。 期間は 7・14・28 日から選んでください。", "Something in what was sent is wrong. days 3 is none of 7, 14, 28"},
		{post(edit, "/ui/live/duty", "on", "yes"), 400, "入力に誤りがあります。 受けるチャネルを一つ以上選んでください。", "Something in what was sent is wrong. no channel is ticked: tick those that you take, or stay off"},
		{post(edit, "/ui/playground", "yaml", strings.Repeat("x", 70_000)), 413, "送られたものが大きすぎます。 フォームの大きさは 64 KiB までです。", "What was sent is too large. the form is larger than 64 KiB"},
		{func(c caller) answer {
			return c.with("Sec-Fetch-Site", "cross-site").do(http.MethodPost, "/ui/look", "language=en")
		}, 403, "別のサイトから送られた操作なので、受け付けませんでした。 画面を開き直して、そこで操作してください。", "Another site sent this, so it was not done. a page of another site sent this: open the screen itself and do it there"},
	} {
		for language, want := range map[string]string{"ja": one.ja, "en": one.en} {
			page := one.ask(s.caller("").with("Accept", "text/html").with("Accept-Language", language)).is(one.status)
			got := page.reads("<h1>", "</main>")
			got = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(got, "表示できません "), "This cannot be shown "), " 最初の画面へ"), " To the first screen")
			if got != want {
				t.Errorf("\n     %s\nwant %s", got, want)
			}
			if language == "ja" && english.MatchString(got) || language == "en" && kana.MatchString(got) {
				t.Errorf("in %s it says %s", language, got)
			}
		}
	}
}

// From what cannot be shown a link leads back to the screen that one came from, and
// never to another site.
func TestProblemsLeadBack(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.as("view").with("Accept", "text/html")
	for from, want := range map[string]string{
		s.URL + "/ui/campaigns/welcome?from=2026-11-01&to=2026-11-02": "/ui/campaigns/welcome?from=2026-11-01&to=2026-11-02", s.URL + "/ui/live": "/ui/live",
		"": "", "https://evil.example/ui/live": "", "//evil.example/ui/live": "", s.URL + "//evil.example/ui/": "", s.URL + `/\evil.example/ui/`: "", s.URL + "/other": "", "javascript:alert(1)": "",
		s.URL + "/ui/login?back=%2Fui%2Fnothing": "", s.URL + "/ui/nothing": "", "http://" + strings.TrimPrefix(s.URL, "http://") + "@evil.example/ui/live": "",
	} {
		page := string(c.with("Referer", from).get("/ui/nothing").is(http.StatusNotFound).body)
		got := ""
		if link := regexp.MustCompile(`<a href="([^"]*)" data-back>前の画面に戻る</a>`).FindStringSubmatch(page); link != nil {
			got = unescape(link[1])
		}
		if got != want {
			t.Errorf("from %q it leads back to %q, want %q", from, got, want)
		}
		if !strings.Contains(page, `<a href="/ui/">最初の画面へ</a>`) {
			t.Error("there is no way to the first screen")
		}
	}
	// A form that is refused leads back to its own page.
	if page := string(c.with("Referer", s.URL+"/ui/campaigns").submits("/ui/campaigns/welcome/pause").is(http.StatusForbidden).body); !strings.Contains(page, `<a href="/ui/campaigns" data-back>`) {
		t.Error("a refused form leads nowhere")
	}
}

// With script the way back is the browser's own, so that what was typed is there.
func TestWhatWasTypedIsThereAgain(t *testing.T) {
	t.Parallel()
	tab, stop := context.WithTimeout(browsertest.New(t), 5*time.Minute)
	defer stop()
	s := lookedAt(t)
	const from = `document.querySelector("form.asked [name=from]")`
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/campaigns/welcome"), holds(`document.readyState === "complete" && `+from),
		chromedp.Evaluate[chromedp.Void](from+`.value = "2026-11-02"; document.querySelector("form.asked [name=to]").value = "2026-11-01"`),
		clicks(`form.asked button`), holds(`document.querySelector("[data-problem=bad_request]")`), clicks(`a[data-back]`),
		holds(from+`?.value === "2026-11-02"`),
	); err != nil {
		t.Fatal(err)
	}
}

// What is wrong with a person who is to be added stands on the screen itself, with
// the name and the role that were chosen.
func TestAPersonIsRefusedInBothLanguages(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.as("publish")
	for language, want := range map[string]string{
		"ja": "名前は文字か数字で始まる 64 字まで（記号は . _ @ + -）、パスワードは 10 文字以上にしてください。", "en": "the password has fewer than 10 letters: choose a longer one",
	} {
		page := c.with("Accept-Language", language).submits("/ui/users", "name", "x", "role", "publish", "password", "short").is(http.StatusBadRequest)
		if got := page.reads(`<p class="notice trouble"`, "</p>"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if form := string(page.body); !strings.Contains(form, `name="name" value="x"`) || !strings.Contains(form, `<option value="publish" selected>`) || strings.Count(form, " selected") != 1 {
			t.Errorf("the next press would add somebody else: %s", form)
		}
	}
}

// The health screen says how each part is, and what to do about it, in the language
// of who looks; what the log has stands below it.
func TestHealthInBothLanguages(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	figures := func(pairs ...any) (out []api.Figure) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, api.Figure{Name: pairs[i].(string), Value: int64(pairs[i+1].(int))})
		}
		return out
	}
	part := func(name string, ok bool, pairs ...any) api.Check {
		return api.Check{Part: name, OK: ok, Detail: "as the log has it", Figures: figures(pairs...)}
	}
	s.checks = []api.Check{
		part("ledger", true, "visits", 43763), part("room", true), part("rules", true), part("warehouse", true, "lag", 12), part("dead letter", true, "dead", 3, "dead_bytes", 4096),
		part("outbox", true, "waits", 5, "given_up", 1), part("balance", true, "accepted", 100_000), part("moon", true),
	}
	rows := func(c caller) (out []string) {
		page := c.get("/ui/health").is(http.StatusOK)
		for _, row := range strings.Split(page.reads("<tbody>", "</tbody>"), "as the log has it") {
			out = append(out, strings.TrimSpace(row))
		}
		return out
	}
	c := s.as("view")
	rules := s.engine.Live().Set.Hash[:12]
	same(t, "in Japanese", rows(c), []string{"台帳 正常 43,763 回分の書き込みをディスクに保存しています。 受付の空き 正常 イベントを受け取れます。 ルール 正常 ルール " + rules + " で動いています。 ClickHouse 正常 読み込み待ちの書き込みは 12 回です。 読み込めなかったイベント 正常 3 件（4.1 kB）あります。 " +
		"送信待ち 正常 送信待ち 5 件、あきらめたもの 1 件。 台帳と ClickHouse の照合 正常 受け取った 100,000 件すべての行き先が分かっています。 moon 正常", ""})
	same(t, "in English", rows(c.with("Accept-Language", "en")), []string{"Ledger well 43,763 writes are on disk. Room for events well Events are taken. Rules well Rule set " + rules + " is in use. ClickHouse well 12 writes wait to be loaded. Dead letter well It holds 3 events (4.1 kB). " +
		"Outbox well 5 wait, 1 were given up. Balance of ledger and ClickHouse well Where all 100,000 accepted events are is known. moon well", ""})
	for i := range s.checks {
		s.checks[i].OK = false
	}
	ja, en := rows(c), rows(c.with("Accept-Language", "en"))
	if len(ja) != 9 || !strings.HasSuffix(ja[3], "ClickHouse に接続できません。配信と計測は続いています。 ClickHouse が戻ると、たまった分から自動で読み込みます。") {
		t.Errorf("%d: %q", len(ja), ja)
	}
	if len(en) != 9 || !strings.HasSuffix(en[2], "Mend the place below; it is in use some seconds later.") {
		t.Errorf("%d: %q", len(en), en)
	}
}
