package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// archive stands where ClickHouse is: it has all that the ledger has.
type archive struct {
	ledger replay.Ledger
	hold   chan struct{} // nil: read at once, else once something comes for each reader
	held   chan struct{} // told when a reader waits

	mu      sync.Mutex
	samples []int
	panics  bool
	deaf    chan struct{}             // nil: ends when it is told to, else once this is closed
	altered bool                      // says of decisions what they were not
	slow    bool                      // never has counted what there is
	behind  func(*ingest.Record) bool // of the rule sets: left out; nil: none is
}

func (a *archive) all(ctx context.Context) ([]ingest.Record, error) {
	return a.ledger.Read(ctx, 0, a.ledger.Last(), 1_000_000)
}

func (a *archive) RuleSets(ctx context.Context, each func(string, *ingest.Record) error) error {
	all, err := a.all(ctx)
	for i := range all {
		if err == nil && (a.behind == nil || !a.behind(&all[i])) {
			err = each(a.ledger.ID(), &all[i])
		}
	}
	return err
}

func (a *archive) Traffic(ctx context.Context, _, _ time.Time, sample int) (*replay.Traffic, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.panics {
		panic("a mistake")
	}
	if a.deaf != nil {
		a.held <- struct{}{}
		<-a.deaf
		return nil, ctx.Err()
	}
	if a.slow {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	a.samples = append(a.samples, sample)
	all, err := a.all(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r ingest.Record) bool { return r.Event.Visitor == "" })
	slices.SortStableFunc(all, func(x, y ingest.Record) int { return strings.Compare(x.Event.Visitor, y.Event.Visitor) })
	visitors := map[string]bool{}
	for i := range all {
		if a.altered {
			all[i].Event.Properties = bytes.ReplaceAll(all[i].Event.Properties, []byte(`"reason":"control"`), []byte(`"reason":"holdout"`))
		}
		visitors[all[i].Event.Visitor] = true
	}
	return &replay.Traffic{Visitors: uint64(len(visitors)), Rows: uint64(len(all)), Sample: sample, Read: func(ctx context.Context, each func(string, string, *ingest.Record) error) error {
		for i := range all {
			if err := each(a.ledger.ID(), "", &all[i]); err != nil {
				return err
			}
			if i == len(all)/2 && a.hold != nil {
				a.held <- struct{}{}
				select {
				case <-a.hold:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	}}, nil
}

// asked are the samples that were asked for.
func (a *archive) asked() []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.samples)
}

// archived is a shop where some came to the cart, with one person of each role.
func archived(t *testing.T, hold chan struct{}, change func(*api.Options), also ...option) (*shop, *archive) {
	t.Helper()
	a := &archive{hold: hold, held: make(chan struct{}, 1)}
	p := &people{}
	for name, role := range dashboard.Roles {
		p.all = append(p.all, api.Person{Name: name, Role: role, Hash: api.HashPassword(password)})
	}
	s := open(t, append(also, options(func(o *api.Options) {
		a.ledger, o.Recorded, o.People = o.History.Ledger, a, p
		change(o)
	}))...)
	for i := range 6 {
		b := s.browser()
		page := object{"url": "https://shop.example/cart"}
		for range 1 + i%2 {
			d := b.decide(object{"consent": "granted", "page": page, "events": list{object{"name": "add_to_cart", "properties": object{"value": 6800}}}})
			b.post("/v1/events", object{"visitor": object{"id": d.Visitor.ID}, "events": list{object{"name": "omo_exposure", "properties": d.about("quiet")}}}).is(http.StatusOK)
			s.clock.pass(time.Hour)
		}
	}
	return s, a
}

// atLast looks at a page until it says no more that something is under way.
func (c caller) atLast(path string) answer {
	c.shop.t.Helper()
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		a := c.get(path).is(http.StatusOK)
		if !strings.Contains(string(a.body), "<progress") {
			return a
		}
		if time.Now().After(until) {
			c.shop.t.Fatalf("still under way: %s", a.body)
		}
	}
}

const toCart = `id: quiet
name: 何も見せない
when: page.path == "/cart"
frequency: {max: 1, per: session}
slot: corner
variants:
  - {id: control, weight: 1}
  - {id: b, weight: 9999, action: {type: banner, title: "あと少しで送料無料"}}
`

// A changed text, tried on what is recorded: whom it matches, what is offered and
// what is lost, beside what the rules in use did; who did it is in the audit log.
func TestBacktestFromThePlayground(t *testing.T) {
	t.Parallel()
	s, _ := archived(t, nil, func(*api.Options) {})
	c := s.as("edit")
	at := c.submits("/ui/playground/backtest", "yaml", toCart, "aslive", "1", "days", "7").is(http.StatusSeeOther).header.Get("Location")
	if !strings.HasPrefix(at, "/ui/playground/backtest/") {
		t.Fatal(at)
	}
	page := c.atLast(at)
	want := "過去の来訪で試す 記録された来訪すべてについて、この YAML が公開されていたら誰に何が出ていたかを、いまのルールと並べて数え直します。何も公開されず、配信も待たせません。 " +
		"「何も見せない」を過去 7 日で試す 11月21日 21:00 に edit が開始 6 人、9 回の判定をやり直しました。 " +
		"届く人（いま → この YAML） 6 → 6 新たに届く 0 人・届かなくなる 0 人 " +
		"表示回数（いま → この YAML） 9 → 9 うち 9 回は記録から見込んだもの。きっかけの分からないページ 0 件は数えていません。 " +
		"再現できた判定 100.0% 9 回のうち 9 回が記録どおり。この数字をどこまで信じられるかの目安です。 " +
		"条件に当てはまった判定と、その結果 判定の回数 来訪者 結果 いま この YAML いま この YAML 条件に一致 9 9 6 6 表示 b 0 9 0 6 未実施 control 9 0 6 0 " +
		"日ごとに何かが表示される人 日 いま この YAML この YAML 2026-11-21 0 6 " +
		"記録と同じ判定はそのまま（実際の表示・クリック・閉じる操作つき）、変わる判定は記録されたきっかけで表示されたとみなします。omo backtest と同じ数え方です。 JSON で受け取る ルール試験に戻る"
	if got := page.reads("<h1>", "</main>"); got != want {
		t.Errorf("\n     %s\nwant %s", got, want)
	}
	var report replay.Report
	file := c.get(at + "/report").is(http.StatusOK)
	if err := json.Unmarshal(file.body, &report); err != nil || file.header.Get("Content-Disposition") != `attachment; filename="backtest-quiet.json"` {
		t.Errorf("%v: %v", file.header, err)
	}
	if to := s.clock.Now(); !report.To.Equal(to) || !report.From.Equal(to.AddDate(0, 0, -7)) || report.Visitors != 6 || len(report.Funnels) != 4 {
		t.Errorf("%s", file.body)
	}
	look := s.as("view")
	look.get(at).is(http.StatusOK)
	look.submits("/ui/playground/backtest", "yaml", toCart, "aslive", "1", "days", "7").is(http.StatusForbidden)
	look.submits(at + "/cancel").is(http.StatusForbidden)
	if page := look.get("/ui/playground").reads(`<section class="card replays"`, "</section>"); strings.Contains(page, "過去で試す") {
		t.Error("who may only look is offered a back-test")
	}
	if changes := s.changes(); fmt.Sprint(changes) != "[edit edit backtest quiet]" {
		t.Errorf("%v", changes)
	}
	if part := c.with("HX-Request", "true").get(at); strings.Contains(string(part.body), "<html") || !strings.HasPrefix(string(part.body), `<div id="backtest">`) {
		t.Errorf("%s", part.body)
	}
	c.get("/ui/playground/backtest/another").is(http.StatusNotFound)
}

// Why none was begun, or came to nothing, is said in words.
func TestABacktestThatCannotBe(t *testing.T) {
	t.Parallel()
	s, a := archived(t, nil, func(*api.Options) {})
	c := s.as("edit")
	try := func(fields ...string) string {
		t.Helper()
		got := c.submits("/ui/playground/backtest", append([]string{"days", "7"}, fields...)...)
		if to := got.header.Get("Location"); to != "" {
			got = c.atLast(to)
		}
		return got.is(http.StatusOK).reads(`<div id="backtest"`, "</main>")
	}
	for what, one := range map[string][2]string{
		"an error":    {try("yaml", strings.Replace(toCart, "page.path", "page.pth", 1), "aslive", "1"), "YAML に誤りがあるため試せません。先に直してください。"},
		"no campaign": {try("yaml", "", "aslive", "1"), "YAML に誤りがあるため試せません。先に直してください。"},
		"a draft":     {try("yaml", "status: draft\n"+toCart), "下書きはどの判定にも入りません。「実施中とみなして試す」を選んでください。"},
		"the server's": {func() string {
			a.panics = true
			defer func() { a.panics = false }()
			return try("yaml", toCart, "aslive", "1")
		}(), "「何も見せない」を過去 7 日で試す 11月21日 21:00 に edit が開始 最後まで読めませんでした。ClickHouse の状態は「稼働状況」の画面で確かめられます。"},
	} {
		if !strings.HasPrefix(one[0], one[1]) {
			t.Errorf("%s: %s", what, one[0])
		}
	}
	c.submits("/ui/playground/backtest", "yaml", toCart, "aslive", "1", "days", "90").is(http.StatusBadRequest)
	if got := try("yaml", toCart, "aslive", "1"); !strings.Contains(got, "6 人、9 回の判定をやり直しました。") {
		t.Errorf("after one that panicked: %s", got)
	}
}

// The text stands among the rules in use: it is compared with those, and with none
// that went before them.
func TestABacktestIsBesideTheRulesInUse(t *testing.T) {
	t.Parallel()
	s, a := archived(t, nil, func(*api.Options) {})
	c := s.as("edit")
	try := func() string {
		t.Helper()
		at := c.submits("/ui/playground/backtest", "days", "7", "yaml", toCart, "aslive", "1").is(http.StatusSeeOther).header.Get("Location")
		return c.atLast(at).reads(`<div id="backtest"`, "</main>")
	}
	const wait = "いまのルールがまだ ClickHouse に届いていません。少し待ってからもう一度お試しください。"
	was := a.ledger.Last()
	uses(s, edit("campaigns/welcome.yaml", "status: live", "status: paused"))
	for what, one := range map[string]struct {
		behind func(*ingest.Record) bool
		want   string
	}{
		"nothing is loaded":        {func(*ingest.Record) bool { return true }, wait},
		"the former set is newest": {func(r *ingest.Record) bool { return r.Event.Seq > was }, wait},
		"it cannot be read": {func(r *ingest.Record) bool {
			r.Event.Properties = bytes.ReplaceAll(r.Event.Properties, []byte("status: paused"), []byte("status: broken"))
			return false
		}, "最後まで読めませんでした。"},
		"all is": {nil, "6 人、9 回の判定をやり直しました。"},
	} {
		a.behind = one.behind
		if got := try(); !strings.Contains(got, one.want) {
			t.Errorf("%s: %s", what, got)
		}
	}
}

// What is kept of a back-test names no visitor, not even one whose decisions do not
// come out as logged.
func TestABacktestKeepsNoVisitor(t *testing.T) {
	t.Parallel()
	s, a := archived(t, nil, func(*api.Options) {})
	a.altered = true
	c := s.as("edit")
	at := c.submits("/ui/playground/backtest", "yaml", toCart, "aslive", "1", "days", "7").is(http.StatusSeeOther).header.Get("Location")
	c.atLast(at)
	var report replay.Report
	c.get(at + "/report").is(http.StatusOK).into(&report)
	if r := report.Reproduced; report.Decisions != 9 || r.Equal == 9 || r.Differences == nil || len(r.Differences) > 0 {
		t.Errorf("%d decisions, %d as logged, told of %+v", report.Decisions, r.Equal, r.Differences)
	}
}

// Of more than may be replayed a sample is, and the page says so.
func TestABacktestOfMuch(t *testing.T) {
	t.Parallel()
	s, a := archived(t, nil, func(o *api.Options) { o.BacktestRows = 10 })
	c := s.as("edit")
	at := c.submits("/ui/playground/backtest", "yaml", toCart, "aslive", "1", "days", "28").header.Get("Location")
	page := c.atLast(at).reads(`<div id="backtest"`, "</main>")
	if fmt.Sprint(a.asked()) != "[10000 2777]" || !strings.Contains(page, "記録が多いため、来訪者の 27.8% を抜き出して数えています。") {
		t.Errorf("%v: %s", a.asked(), page)
	}
}

// One runs at a time and says how far it is; it is ended by a person, or when the
// server stops, and then tells of whom it had replayed.
func TestABacktestUnderWay(t *testing.T) {
	t.Parallel()
	var server *api.Server
	s, a := archived(t, make(chan struct{}), func(*api.Options) {}, func(o *opening) { o.server = func(s *api.Server) { server = s } })
	c := s.as("edit")
	begin := []string{"yaml", toCart, "aslive", "1", "days", "14"}
	at := c.submits("/ui/playground/backtest", begin...).is(http.StatusSeeOther).header.Get("Location")
	<-a.held
	page := c.get(at).is(http.StatusOK)
	if got := page.reads(`<div id="backtest"`, "</main>"); got != "「何も見せない」を過去 14 日で試す 11月21日 21:00 に edit が開始 6 人の記録 36 件のうち 0 件 0% やめる ルール試験に戻る" {
		t.Error(got)
	}
	if body := string(page.body); !strings.Contains(body, `<noscript><meta http-equiv="refresh" content="2"></noscript>`) || !strings.Contains(body, `hx-trigger="every 2s"`) {
		t.Errorf("it does not go on by itself: %s", body)
	}
	busy := "editさんが「何も見せない」を過去の来訪で試しているところです。同時に動かせるのは一つだけです。 進み具合を見る"
	if got := c.submits("/ui/playground/backtest", begin...).is(http.StatusOK).reads(`<div id="backtest"`, "</main>"); got != busy {
		t.Error(got)
	}
	if got := s.as("view").get("/ui/playground").reads(`<div id="backtest"`, "</main>"); got != busy {
		t.Error(got)
	}
	if text := string(s.caller("").get("/metrics").body); !strings.Contains(text, "\nomo_backtests_under_way 1\n") {
		t.Error("the metric does not tell of it")
	}
	c.get(at + "/report").is(http.StatusServiceUnavailable)
	c.submits(at + "/cancel").goes(at)
	got := c.atLast(at).reads(`<div id="backtest"`, "</main>")
	if !strings.Contains(got, "途中で止めたため、それまでにやり直した来訪者の数字です。 来訪者全体を代表する数字ではありません。") || strings.Contains(got, "6 人、") {
		t.Error(got)
	}
	if changes := s.changes(); fmt.Sprint(changes) != "[edit edit backtest quiet edit edit backtest_cancel quiet]" {
		t.Errorf("%v", changes)
	}

	c.submits("/ui/playground/backtest", begin...).is(http.StatusSeeOther)
	<-a.held
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if text := string(s.caller("").get("/metrics").body); !strings.Contains(text, "\nomo_backtests_under_way 0\n") {
		t.Error("it goes on though the server has stopped")
	}
	c.submits("/ui/playground/backtest", begin...).is(http.StatusServiceUnavailable)
}

// What its time ended is told from what a person ended: fewer days help then.
func TestABacktestThatTakesTooLong(t *testing.T) {
	t.Parallel()
	for what, one := range map[string]struct {
		slow bool // to count what there is
		time time.Duration
		want string
	}{
		"on the way":       {false, 30 * time.Second, "15 分では終わらなかったため、それまでにやり直した来訪者の数字です。日数を減らすと最後まで終わります。 来訪者全体を代表する数字ではありません。"},
		"before any of it": {true, time.Millisecond, "に edit が開始 記録が多く、15 分では数えられませんでした。日数を減らしてもう一度お試しください。"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s, a := archived(t, make(chan struct{}), func(o *api.Options) { o.BacktestTime = one.time })
			a.slow = one.slow
			at := s.as("edit").submits("/ui/playground/backtest", "yaml", toCart, "aslive", "1", "days", "14").is(http.StatusSeeOther).header.Get("Location")
			if got := s.as("edit").atLast(at).reads(`<div id="backtest"`, "</main>"); !strings.Contains(got, one.want) {
				t.Error(got)
			}
		})
	}
}

// Requests under way do not wait for a back-test that is slow to end: the server
// stops as ever, and waits for that last.
func TestABacktestThatIsSlowToEnd(t *testing.T) {
	t.Parallel()
	s, a := archived(t, nil, func(*api.Options) {})
	a.deaf = make(chan struct{})
	server := s.Config.Handler.(*api.Server)
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, stopped := make(chan error, 1), make(chan error, 1)
	go func() { served <- server.Serve(door) }()
	s.as("edit").submits("/ui/playground/backtest", "yaml", toCart, "aslive", "1", "days", "14").is(http.StatusSeeOther)
	<-a.held
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	}()
	select {
	case err := <-served: // the door is closed
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the door is still open")
	}
	select {
	case <-stopped:
		t.Error("the server has stopped before its back-test")
	default:
	}
	close(a.deaf)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// In a browser: it is begun and ended in its place, beside the text.
func TestBacktestInABrowser(t *testing.T) {
	t.Parallel()
	axe := browsertest.Axe(t)
	tab, stop := context.WithTimeout(browsertest.New(t), 10*time.Minute)
	defer stop()
	s, a := archived(t, make(chan struct{}), func(o *api.Options) { o.OpenDashboard = true })
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/playground?campaign=quiet"), edited,
		chromedp.Evaluate[chromedp.Void](`(() => { document.querySelector("[name=yaml]").value = `+"`"+toCart+"`"+`; document.querySelector("[name=days]").value = "28" })()`),
		clicks(`.replays button`), chromedp.WaitVisible(`#backtest progress[value]`),
	); err != nil {
		t.Fatal(err)
	}
	<-a.held
	a.hold <- struct{}{}
	if err := chromedp.Do(tab, chromedp.WaitVisible(`#backtest .past-came`)); err != nil {
		t.Fatal(err)
	}
	at, err := chromedp.Run(tab, chromedp.Evaluate[string](`location.pathname + " " + document.querySelector("#backtest h2").textContent + " " + document.querySelector("#backtest .past-came tr.all").textContent + " " + document.querySelector("[name=yaml]").value.includes("送料無料")`))
	if err != nil || at != "/ui/playground 「何も見せない」を過去 28 日で試す 条件に一致9966 true" {
		t.Errorf("%s, %v", at, err)
	}
	wrong, err := chromedp.Run(tab, chromedp.Evaluate[[]string](axe+`;(async () => (await axe.run("#backtest", {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})).violations.flatMap((v) => v.nodes.map((n) => v.id + " " + n.target + " " + n.failureSummary)))()`, chromedp.EvalAwaitPromise))
	if err != nil || len(wrong) > 0 {
		t.Errorf("axe-core finds %s, %v", strings.Join(wrong, "\n"), err)
	}
	if err := chromedp.Do(tab, clicks(`.replays button`), chromedp.WaitVisible(`#backtest progress[value]`),
		chromedp.Evaluate[chromedp.Void](`document.querySelector("#backtest form").requestSubmit()`), chromedp.WaitVisible(`#backtest strong.warn`)); err != nil {
		t.Fatal(err)
	}
}

// changes are what people changed, in order: who, in what role, what, and of what.
func (s *shop) changes() (all []string) {
	s.t.Helper()
	for _, r := range s.recorded() {
		if r.Event.Name != ingest.Audit {
			continue
		}
		c, err := engine.ReadChange(&r.Event)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, strings.TrimRight(strings.Join([]string{c.Who, c.Role, c.What, c.Of}, " "), " "))
	}
	return all
}
