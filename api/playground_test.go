package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/engine/ruletest"
	"github.com/omotenashi-web/omotenashi/rules"
)

const rescue = `id: rescue
name: カゴ落ち
status: draft
when: visitor.visits >= 2 && cart.value >= 5000
pages: ["/cart"]
slot: modal
frequency: {max: 1, per: session}
variants:
  - {id: control, weight: 20}
  - {id: a, weight: 80, action: {type: banner, title: "あと少しで送料無料"}}
`

// A draft is tried on visitors who are made up: what is decided, where it stops and
// what is missing; and the test that comes of it passes, whatever became of it.
func TestTryingOnAMadeUpVisitor(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.as("edit")
	before := s.ledger.Last()
	for _, one := range []struct {
		what   string
		fields []string
		want   string
	}{
		{"comes", []string{"visits", "2", "cart", "6800", "url", "/cart"}, "カゴ落ち ："},
		{"a variant is drawn", []string{"visits", "2", "cart", "6800", "url", "/cart", "variant", "a"}, "カゴ落ち ：表示の対象になりました a"},
		{"control", []string{"visits", "2", "cart", "6800", "url", "/cart", "variant", "control"}, "カゴ落ち ：未実施（比べるために出しません）"},
		{"too small a cart", []string{"visits", "3", "cart", "4000", "url", "/cart"}, "カゴ落ち ：配信条件に当てはまりません"},
		{"another page", []string{"visits", "3", "cart", "6800", "url", "/"}, "カゴ落ち ：対象のページではありません"},
		{"no consent", []string{"visits", "3", "cart", "6800", "url", "/cart", "consent", "denied"}, "カゴ落ち ：同意がまだありません"},
		{"traits, events, a person", []string{"visits", "2", "cart", "6800", "url", "/cart", "user", "u\"1", "traits", "rank: gold\nage: 30\n\nnonsense", "events", "- {at: -1h, name: view_item}\n", "operators", "2", "purchases", "4", "device", "desktop"}, "カゴ落ち ："},
	} {
		page := c.submits("/ui/playground", append([]string{"yaml", strings.ReplaceAll(rescue, "\n", "\r\n"), "aslive", "1", "who", "made", "clock", "2026-12-05T21:00:00"}, one.fields...)...).is(http.StatusOK)
		if got := page.reads(`<div id="trial"`, "</main>"); !strings.Contains(got, one.want) {
			t.Errorf("%s: %s", one.what, got)
			continue
		}
		test := regexp.MustCompile(`(?s)<pre class="test code"[^>]*>(.*?)</pre>`).FindSubmatch(page.body)
		if test == nil {
			t.Fatalf("%s: there is no test: %s", one.what, page.body)
		}
		passes(t, s, rescue, unescape(string(test[1])))
	}
	small := c.submits("/ui/playground", "yaml", rescue, "aslive", "1", "visits", "3", "cart", "4000", "url", "/cart", "clock", "2026-12-05T21:00:00").reads(`<div id="trial"`, "</main>")
	for _, text := range []string{"配信条件 ここで止まった", "cart.value >= 5000 いまは 4000。あと 1000 で当てはまります", "当てはまる visitor.visits >= 2 visitor.visits = 3", "ゴールド会員", "control 未実施：何も表示しません。"} {
		if !strings.Contains(small, text) {
			t.Errorf("the trial lacks %q: %s", text, small)
		}
	}
	if page := string(c.submits("/ui/playground", "yaml", rescue, "url", "/cart").is(http.StatusOK).body); !strings.Contains(page, "下書きはどの判定にも入りません。「実施中とみなして試す」を選んでください。") {
		t.Error("a draft is tried as it is")
	}
	if page := string(c.submits("/ui/playground", "yaml", rescue, "aslive", "1", "url", "/cart", "events", "{name: A B}").is(http.StatusOK).body); !strings.Contains(page, `<span lang="ja">この来訪者は作れません。</span> <span class="code" lang="en">tests[0].events[0].name: `) {
		t.Error("an event that is none is taken")
	}
	if s.ledger.Last() != before {
		t.Error("trying left something in the ledger")
	}
}

func unescape(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&#43;", "+", "&amp;", "&").Replace(text)
}

// passes runs a test as omo test does, with the campaign in the folder and live.
func passes(t *testing.T, s *shop, campaign, test string) {
	t.Helper()
	folder := fstest.MapFS{
		"tests/a.test.yaml":   &fstest.MapFile{Data: []byte(test)},
		"campaigns/mine.yaml": &fstest.MapFile{Data: []byte(strings.Replace(campaign, "draft", "live", 1))},
	}
	for name, text := range s.engine.Live().Set.Source {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, found := rules.Load(folder)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	tests, found := rules.LoadTests(folder, set)
	if err := found.Err(); err != nil || len(tests) != 1 {
		t.Fatalf("%v\n%s", err, test)
	}
	if r := ruletest.New(set).Run(tests[0]); !r.Passed() {
		t.Errorf("%+v\n%s", r.Failures, test)
	}
}

// A visitor who is there: all of the past is counted for the rule, whatever it
// asks, and nothing of the trial is left.
func TestTryingOnAVisitorWhoIsThere(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	first, _ := visited(t, s)
	c := s.as("edit")
	before := s.ledger.Last()
	text := strings.Replace(rescue, "cart.value >= 5000", `sum("purchase.value", "30d") >= 5000 && did("omo_click", "7d")`, 1)
	page := c.submits("/ui/playground", "yaml", text, "aslive", "1", "who", "real", "visitor", first, "url", "/cart", "clock", "2026-11-23T09:00:00").is(http.StatusOK)
	got := page.reads(`<div id="trial"`, "</main>")
	if !regexp.MustCompile(`カゴ落ち ：(表示の対象になりました a|未実施（比べるために出しません）)`).MatchString(got) || !strings.Contains(got, `sum("purchase.value", "30d") = 6800`) || !strings.Contains(got, "11月23日 9:00 · https://shop.example/cart · "+first) && !strings.Contains(got, "11月23日 09:00 · https://shop.example/cart · "+first) {
		t.Error(got)
	}
	if strings.Contains(string(page.body), `class="test code"`) {
		t.Error("what somebody did is written into a test")
	}
	if got := c.submits("/ui/playground", "yaml", text, "aslive", "1", "who", "real", "visitor", "nobody", "url", "/cart").is(http.StatusOK).reads(`<div id="trial"`, "</main>"); !strings.Contains(got, "試せません： 来訪者 nobody の記録はありません。「来訪者」の画面で探してください。") {
		t.Error(got)
	}
	if s.ledger.Last() != before {
		t.Error("trying left something in the ledger")
	}
}

// What is wrong is said as omo check says it, at its line; a campaign of the rules
// in use takes the place of its own text.
func TestCheckingInThePlayground(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.as("edit")
	text := strings.Replace(rescue, "visitor.visits", "visitor.vists", 1)
	part := c.submits("/ui/playground/check", "yaml", text).is(http.StatusOK)
	want := `4:15 when 条件が読み取れません（知らない名前、型の違い、式の誤り）。 印の位置をご確認ください。使える名前は omo reference で一覧できます。 visitor has no "vists", did you mean "visits"? OMO008 when: visitor.vists >= 2 && cart.value >= 5000 ^`
	if got := part.reads("<div", "never"); !strings.HasPrefix(got, want) || strings.Contains(string(part.body), "<html") {
		t.Errorf("\n     %s\nwant %s", got, want)
	}
	if body := string(part.body); !strings.Contains(body, `lang="en">visitor has no`) {
		t.Errorf("the English line is not said to be English: %s", body)
	}
	want = `4:15 when A rule that cannot be understood: an unknown name, a wrong type, a broken expression. Look at the caret; omo reference lists all names and functions. visitor has no "vists"`
	if got := c.with("Accept-Language", "en").submits("/ui/playground/check", "yaml", text).is(http.StatusOK).reads("<div", "never"); !strings.HasPrefix(got, want) {
		t.Errorf("\n     %s\nwant %s", got, want)
	}
	want = `3:9 status ここでは使えない値です（範囲外、決まった語にない、書式違いなど）。 ヒントにある値で書いてください。`
	if got := c.submits("/ui/playground/check", "yaml", strings.Replace(rescue, "draft", "drafft", 1)).is(http.StatusOK).reads("<div", "never"); !strings.HasPrefix(got, want) || !strings.Contains(got, "ヒント：") {
		t.Errorf("\n     %s\nwant %s", got, want)
	}
	set, found, _ := rules.Lint(fstest.MapFS{"campaigns/a.yaml": &fstest.MapFile{Data: []byte(text)}}, rules.LintOptions{Now: s.clock.Now()})
	if set != nil || len(found) != 1 || !strings.Contains(unescape(string(part.body)), found[0].Excerpt) {
		t.Errorf("omo check says %v", found)
	}
	if got := c.submits("/ui/playground/check", "yaml", rescue).is(http.StatusOK).reads("<div", "never"); got != "誤りも注意もありません。" {
		t.Error(got)
	}
	page := c.get("/ui/playground?campaign=pro").is(http.StatusOK)
	written := unescape(string(regexp.MustCompile(`(?s)<textarea name="yaml"[^>]*>(.*?)</textarea>`).FindSubmatch(page.body)[1]))
	if !strings.HasPrefix(written, "id: pro\nname: プロプラン\n") || strings.Contains(written, "gold") {
		t.Errorf("its text is %s", written)
	}
	got := c.submits("/ui/playground", "yaml", written, "aslive", "1", "url", "/", "traits", "plan: pro").is(http.StatusOK).reads(`<div id="trial"`, "</main>")
	if !strings.Contains(got, "プロプラン ：表示の対象になりました a") || strings.Count(got, "プロプラン") != 2 {
		t.Error(got)
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; frame-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Error(csp)
	}
	look := s.as("view")
	if page := string(look.get("/ui/playground").is(http.StatusOK).body); !strings.Contains(page, "試すには編集の権限が必要です。") || strings.Contains(page, "hx-post=\"/ui/playground/check\"") {
		t.Error("who may only look is offered to try")
	}
	look.submits("/ui/playground", "yaml", rescue).is(http.StatusForbidden)
	look.submits("/ui/playground/check", "yaml", rescue).is(http.StatusForbidden)
	file := c.submits("/ui/playground/test", "test", "tests: []\n").is(http.StatusOK)
	if string(file.body) != "tests: []\n" || file.header.Get("Content-Disposition") != `attachment; filename="playground.test.yaml"` {
		t.Errorf("%v: %s", file.header, file.body)
	}
	look.get("/ui/playground/action/nothing").is(http.StatusNotFound)
	if page := string(c.with("Accept-Language", "en").get("/ui/playground").body); !strings.Contains(page, "name: My first campaign\n") || strings.Contains(page, "name: はじめて") {
		t.Error("a new campaign is not in the screen's language")
	}
}

// In a browser: what is wrong is said while it is written, the trial comes in
// place, and the action is shown by the renderer of the shop's pages in a frame that
// has no origin.
func TestPlaygroundInABrowser(t *testing.T) {
	t.Parallel()
	tab, stop := context.WithTimeout(browsertest.New(t), 5*time.Minute)
	defer stop()
	s := open(t, options(func(o *api.Options) { o.OpenDashboard = true }))
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/playground"), edited,
		chromedp.Evaluate[chromedp.Void](`(() => { const t = document.querySelector("[name=yaml]"); t.value = t.value.replace("visitor.visits", "visitor.vists"); t.dispatchEvent(new Event("input", {bubbles: true})); })()`),
		chromedp.WaitVisible(`#findings li.error`), holds(inside(".code-editor", ".cm-lintRange-error")+`?.textContent.startsWith("vists")`), clicks(`#findings [data-line]`),
		holds(inside(".code-editor", ".cm-activeLine")+`?.textContent.includes("vists")`),
	); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab,
		chromedp.Evaluate[chromedp.Void](`(() => { const t = document.querySelector("[name=yaml]"); t.value = t.value.replace("visitor.vists", "visitor.visits"); t.dispatchEvent(new Event("input", {bubbles: true})); })()`),
		chromedp.WaitVisible(`#findings p.up`),
		chromedp.Evaluate[chromedp.Void](`document.querySelector("[name=visits]").value = 2; document.querySelector("[name=cart]").value = 6000; document.querySelector("[name=url]").value = "/cart"`),
		clicks(`.go button.main`), chromedp.WaitVisible(`#trial iframe`), chromedp.ScrollIntoView(`#trial iframe`),
	); err != nil {
		t.Fatal(err)
	}
	frame, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector("#trial iframe").src`))
	if err != nil || !strings.HasPrefix(frame, s.URL+"/ui/playground/action/") {
		t.Fatalf("the frame is %s, %v", frame, err)
	}
	u, _ := url.Parse(frame)
	policy := s.caller("").get(u.Path).header.Get("Content-Security-Policy")
	if parts := strings.Split(policy, "; "); !slices.Contains(parts, "sandbox allow-scripts") || !slices.Contains(parts, "frame-ancestors 'self'") {
		t.Error(policy)
	}
	if err := chromedp.Do(tab, chromedp.Navigate(frame), chromedp.WaitVisible(`body[data-shown=on] omo-action, html[lang] omo-action`)); err != nil {
		trouble, _ := chromedp.Run(tab, chromedp.Evaluate[string](`document.body.innerText`))
		t.Fatalf("the action is not shown: %v: %s", err, trouble)
	}
	if origin, err := chromedp.Run(tab, chromedp.Evaluate[string](`self.origin`)); err != nil || origin != "null" {
		t.Errorf("the frame's origin is %s, %v", origin, err)
	}
}

// edited waits for the editor, which takes the text area's place.
var edited = holds(inside(".code-editor", ".cm-content") + `?.getAttribute("aria-label")`)

// While a campaign is written, what can stand there is offered: keys by where the
// cursor is, a key's few values, and within a rule what it can see; each explained in
// the reader's language.
func TestCompletionInThePlayground(t *testing.T) {
	t.Parallel()
	tab, stop := context.WithTimeout(browsertest.New(t), 5*time.Minute)
	defer stop()
	s := open(t, options(func(o *api.Options) { o.OpenDashboard = true }))
	offered := `[...document.querySelector(".code-editor").shadowRoot.querySelectorAll(".cm-tooltip-autocomplete .cm-completionLabel")].map((l) => l.textContent)`
	takes := `[...document.querySelector(".code-editor").shadowRoot.querySelectorAll(".cm-tooltip-autocomplete li")].find((l) => l.querySelector(".cm-completionLabel").textContent === %q)?.dispatchEvent(new MouseEvent("mousedown", {bubbles: true, cancelable: true})) === false`
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/playground"), edited); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ before, typed, offers, lacks, becomes string }{
		{"id: a\n", "st", "status", "type", "id: a\nstatus: "},
		{"id: a\nstatus: ", "li", "live", "layer", "id: a\nstatus: live"},
		{"id: a\non: ", "exit", "exit_intent", "expires", "id: a\non: exit_intent"},
		{"id: a\nwhen: ", "visitor.vis", "visitor.visits", "variants", "id: a\nwhen: visitor.visits"},
		{"id: a\nwhen: |\n  cart.value > 0 &&\n  ", "visitor.vis", "visitor.visits", "variants", "id: a\nwhen: |\n  cart.value > 0 &&\n  visitor.visits"},
		{"variants:\n  - id: control\n  - id: a\n    action:\n      ty", "p", "type", "weight", "variants:\n  - id: control\n  - id: a\n    action:\n      type: "},
		{"variants:\n  - id: a\n    action:\n      type: ", "cou", "coupon", "control", "variants:\n  - id: a\n    action:\n      type: coupon"},
		{"variants:\n- id: a\n  ", "wei", "weight", "window", "variants:\n- id: a\n  weight: "},
		{"variants:\n  - {id: a, action: {type: ", "ban", "banner", "bandit", "variants:\n  - {id: a, action: {type: banner"},
		{"variants:\n  - {id: a, action: {type: banner, ", "tit", "title", "traffic", "variants:\n  - {id: a, action: {type: banner, title: "},
	} {
		t.Run(c.becomes, func(t *testing.T) {
			into := fmt.Sprintf(`(() => { const t = document.querySelector("[name=yaml]"); t.value = %q; t.dispatchEvent(new Event("input", {bubbles: true})); document.querySelector(".code-editor").shadowRoot.querySelector(".cm-content").focus(); return true })()`, c.before)
			if err := chromedp.Do(tab, holds(into), holds(`document.querySelector(".code-editor").shadowRoot.activeElement`), chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(c.typed),
				holds(fmt.Sprintf(`%s.includes(%q)`, offered, c.offers)), holds(fmt.Sprintf(`!%s.includes(%q)`, offered, c.lacks)),
				holds(inside(".code-editor", ".cm-completionInfo")+`?.textContent.match(/[ぁ-ん]/)`), holds(fmt.Sprintf(takes, c.offers)),
				holds(fmt.Sprintf(`document.querySelector("[name=yaml]").value === %q`, c.becomes)), holds(offered+`.length === 0`),
			); err != nil {
				seen, _ := chromedp.Run(tab, chromedp.Evaluate[[]string](offered))
				t.Fatalf("offered are %v: %v", seen, err)
			}
		})
	}
}
