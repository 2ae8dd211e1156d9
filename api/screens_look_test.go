package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// lookedAt is a shop whose screens have something to show.
func lookedAt(t *testing.T) *shop {
	t.Helper()
	s := open(t, withChat("visitor.visits > 100"), previewing, options(func(o *api.Options) { o.OpenDashboard = true }))
	measured(s)
	s.reports.members = warehouse.Members{All: 300, List: []warehouse.Member{{Visitor: "v1", Variant: "coupon10", Entered: s.clock.Now(), Device: "mobile", Newcomer: "new", Converted: true, Closed: true, Value: 4200}}}
	s.reports.activity = []warehouse.Activity{{Campaign: "welcome", Day: "2026-11-20", Visitors: 1200}, {Campaign: "welcome", Day: "2026-11-21", Visitors: 34}}
	s.reports.conflicts = []warehouse.Conflict{{Campaign: "welcome", Reason: "budget", Visitors: 7}}
	s.reports.usage = []warehouse.Month{{Month: "2026-10", Visitors: 10}, {Month: "2026-11", Visitors: 12345, Persons: 7, Events: 100000, Decisions: 90000}}
	s.reports.audits = []ingest.Event{{Time: s.clock.Now().UnixMilli(), Properties: []byte(`{"who":"hanako","role":"edit","what":"pause","of":"welcome"}`)}}
	s.checks = []api.Check{
		{Part: "ledger", OK: true, Detail: "43763 visits durable"}, {Part: "rules", Detail: "campaigns/a.yaml:2:9: status: <lvie> is none of draft, live"},
		{Part: "warehouse", OK: true, Figures: []api.Figure{{Name: "lag", Value: 1234}}}, {Part: "dead letter", Figures: []api.Figure{{Name: "dead", Value: 3}}},
		{Part: "balance", OK: true, Figures: []api.Figure{{Name: "accepted", Value: 5}, {Name: "loaded", Value: 5}}},
	}
	if err := s.engine.Pause("quiet", "hanako", s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Every screen, in both languages, light and dark, on a desk and on a phone,
// passes axe-core's rules of WCAG 2.2 A and AA, keeps its own policy, and is no
// wider than the window.
func TestScreensAreAccessible(t *testing.T) {
	t.Parallel()
	script := browsertest.Axe(t)
	tab := browsertest.New(t)
	s, shut := lookedAt(t), open(t)
	visitor, _ := visited(t, s)
	s.reports.recent = []warehouse.Recent{{Visitor: visitor, User: "hanako", Last: s.clock.Now(), Pageviews: 1234, Path: "/cart", Device: "mobile", Purchases: 1}}
	visitor = s.URL + "/ui/visitors/" + visitor
	s.trusted().counted("/ui/campaigns")
	welcome := s.URL + "/ui/campaigns/welcome"
	for _, part := range []string{"", "/days", "/funnel", "/breakdown"} {
		s.trusted().counted("/ui/campaigns/welcome" + part)
	}
	s.trusted().visits("ann", "/items/9", "スニーカー")
	s.trusted().visits("bob", "/cart", "かご", cart(12_000))
	s.trusted().submits("/ui/live/invite", "visitor", "bob", "campaign", "help").is(http.StatusSeeOther)
	screens := []string{s.URL + "/ui/visitors?campaign=welcome", visitor, visitor + "?at=2026-11-21T12:00:30", visitor + "/why?campaign=gold", s.URL + "/ui/playground?campaign=welcome", welcome, welcome + "/days", welcome + "/funnel", welcome + "/breakdown", welcome + "/visitors?who=exposed", s.URL + "/ui/campaigns/autumn",
		s.URL + "/ui/live?cart=1", s.URL + "/ui/live", s.URL + "/ui/campaigns", s.URL + "/ui/health", s.URL + "/ui/audit", s.URL + "/ui/users", s.URL + "/ui/nothing", shut.URL + "/ui/login"}
	if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("securitypolicyviolation", (e) => (window.broken ??= []).push(e.violatedDirective + " " + e.blockedURI))`,
	}); err != nil {
		t.Fatal(err)
	}
	type found struct {
		Violations, Broken []string
		Passed, Wide       int
		Theme, Language    string
	}
	looks := []struct {
		language, theme string
		width           int64
	}{{"ja", "light", 1280}, {"en", "dark", 1280}, {"en", "light", 390}, {"ja", "dark", 390}}
	if testing.Short() {
		looks = looks[1:3] // a desk and a phone, dark and light
	}
	visited := 0
	for _, address := range screens {
		for _, look := range looks {
			for name, value := range map[string]string{"omo_language": look.language, "omo_theme": look.theme} {
				if _, err := chromedp.Call(tab, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: address}); err != nil {
					t.Fatal(err)
				}
			}
			if err := chromedp.Do(tab, chromedp.EmulateViewport(look.width, 844), chromedp.Navigate(address), chromedp.Evaluate[chromedp.Void](script)); err != nil {
				t.Fatalf("%s: %v", address, err)
			}
			r, err := chromedp.Run(tab, chromedp.Evaluate[found](`(async () => {
				const found = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]});
				return {Violations: found.violations.flatMap((v) => v.nodes.map((n) => v.id + " " + n.target.join(" ") + " " + n.failureSummary)), Broken: window.broken ?? [],
					Passed: found.passes.flatMap((p) => p.nodes).length, Wide: document.documentElement.scrollWidth - innerWidth,
					Theme: getComputedStyle(document.documentElement).colorScheme, Language: document.documentElement.lang};
			})()`, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatalf("%s: %v", address, err)
			}
			if len(r.Violations)+len(r.Broken) > 0 || r.Wide > 0 {
				t.Errorf("%s %+v: %d pixels too wide\n%s\n%s", address, look, r.Wide, strings.Join(r.Violations, "\n"), strings.Join(r.Broken, "\n"))
			}
			if r.Theme != look.theme || r.Language != look.language || r.Passed < 20 {
				t.Errorf("%s %+v is shown as %s in %s, and axe-core passed %d nodes", address, look, r.Theme, r.Language, r.Passed)
			}
			visited += r.Passed
		}
	}
	t.Logf("axe-core passed %d nodes of %d screens, %d looks each", visited, len(screens), len(looks))
}

// What a person can do without script can be done with it, and htmx renews what
// is shown under the screens' policy.
func TestScreensInABrowser(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	s := lookedAt(t)
	s.trusted().counted("/ui/campaigns")
	does := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			t.Fatal(err)
		}
	}
	does(chromedp.Navigate(s.URL+"/ui/campaigns"), clicks(`#welcome form[action$="/pause"] button`), chromedp.WaitVisible(`#welcome form[action$="/resume"]`))
	if !s.engine.Live().Overrides["welcome"].Paused {
		t.Error("it is not paused")
	}
	does(clicks(`header form button[name=language]`), chromedp.WaitVisible(`html[lang=en]`),
		clicks(`header summary`), clicks(`button[name=theme][value=dark]`), chromedp.WaitVisible(`html[data-theme=dark]`),
		chromedp.Navigate(s.URL+"/ui/health"), chromedp.WaitVisible(`html[data-script=on]`))
	s.clock.pass(time.Hour)
	if err := chromedp.Do(tab, chromedp.WaitVisible(`//p[contains(., "as of 13:00:00")]`)); err != nil {
		t.Errorf("the health screen is not renewed: %v", err)
	}
}

// A new visitor comes by itself, into its place and within a second; times go on, and
// who is gone goes.
func TestLiveScreenInABrowser(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	s := lookedAt(t)
	s.trusted().visits("ann", "/items/9", "スニーカー")
	wait := func(shows string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if yes, err := chromedp.Run(tab, chromedp.Evaluate[bool](shows)); err == nil && yes {
				return
			} else if time.Now().After(end) {
				page, _ := chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector("main").innerText`))
				t.Fatalf("never: %s, %v\n%s", shows, err, page)
			}
		}
	}
	t.Cleanup(func() { // the stream would keep the server
		if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
			t.Error(err)
		}
	})
	names := `[...document.querySelectorAll("#live-rows a.name")].map((a) => a.textContent).join(" ")`
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/live")); err != nil {
		t.Fatal(err)
	}
	wait(`document.querySelector("#live-state").classList.contains("on") && ` + names + ` === "ann"`)
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`window.kept = document.querySelector("#v1")`)); err != nil {
		t.Fatal(err)
	}
	sent := time.Now()
	s.trusted().visits("bob", "/cart", "かご", cart(12_000))
	wait(names + ` === "bob ann"`)
	t.Logf("a new visitor is on the page after %s", time.Since(sent).Round(time.Millisecond))
	wait(`document.querySelector("#v1") === window.kept && document.querySelector("#live-tiles .figure").textContent === "2"`)
	s.clock.pass(70 * time.Second)
	wait(`document.querySelector("#v1 td.num [data-at]").textContent === "1 分"`)
	s.clock.pass(4 * time.Minute)
	wait(names + ` === "" && !document.querySelector("#live-none").hidden && document.querySelector("#live-list").hidden`)
}

// Without script the figures of the last minutes are drawings of the server's; with
// it they are drawn in the page from what the stream brings, in the colours of the
// theme, and say what they show in words and at the pointer.
func TestLiveFiguresInABrowser(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	s := lookedAt(t)
	s.trusted().visits("ann", "/items/9", "スニーカー")
	s.clock.pass(10 * time.Second)
	s.trusted().visits("bob", "/cart", "かご", cart(12_000))
	s.clock.pass(10 * time.Second)
	plain := string(s.trusted().get("/ui/live").is(http.StatusOK).body)
	if n := strings.Count(plain, `<svg class="sparkline"`); n != 4 || !strings.Contains(plain, `data-zone="Asia/Tokyo"`) {
		t.Errorf("%d drawings without script", n)
	}
	t.Cleanup(func() { // the stream would keep the server
		if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
			t.Error(err)
		}
	})
	const online = `document.querySelector('[data-tile="online"]')`
	colour := func(scheme string) string {
		t.Helper()
		if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
			t.Fatal(err)
		}
		// The most opaque point is the line's or the last dot's.
		const most = `(() => {
			const canvas = ` + online + `.querySelector("canvas"), all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
			let best = 0;
			for (let i = 0; i < all.length; i += 4) if (all[i + 3] > all[best + 3]) best = i;
			return "rgb(" + [...all.slice(best, best + 3)].join(", ") + ")" + (all[best + 3] === 255 ? "" : " pale");
		})()`
		if err := chromedp.Do(tab, holds(most+` === getComputedStyle(`+online+`).color`)); err != nil {
			t.Fatalf("%s: %v", scheme, err)
		}
		shown, err := chromedp.Run(tab, chromedp.Evaluate[string](most))
		if err != nil {
			t.Fatal(err)
		}
		return shown
	}
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/live"), holds(`document.querySelectorAll("#live-tiles canvas").length === 4 && !document.querySelector("#live-tiles svg")`),
		holds(online+`.ariaLabel === "いまいる人 – 直近 10 分：最小 0、最大 2、最新 2" && `+online+`.role === "img"`)); err != nil {
		t.Fatal(err)
	}
	if light, dark := colour("light"), colour("dark"); light == dark {
		t.Errorf("light and dark are both drawn in %s", light)
	}
	// At the pointer, in all four at once: 12:00:10 is where the first had come alone.
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`(() => {
		const over = `+online+`.querySelector(".u-over"), box = over.getBoundingClientRect();
		const point = {clientX: box.left + box.width * 58 / 59, clientY: box.top + 5, bubbles: true};
		over.dispatchEvent(new MouseEvent("mouseenter", point));
		over.dispatchEvent(new MouseEvent("mousemove", point));
	})()`), holds(`[...document.querySelectorAll("#live-tiles output")].map((one) => one.textContent).slice(0, 2).join("|") === "12:00:10 1|12:00:10 0"`)); err != nil {
		said, _ := chromedp.Run(tab, chromedp.Evaluate[string](`[...document.querySelectorAll("#live-tiles output")].map((one) => one.textContent).join("|")`))
		t.Fatalf("at the pointer: %s, %v", said, err)
	}
	s.clock.pass(10 * time.Second)
	if err := chromedp.Do(tab, holds(`document.querySelectorAll("#live-tiles canvas").length === 4 && [...document.querySelectorAll("#live-tiles output")][0].textContent === "12:00:20 2"`)); err != nil {
		t.Errorf("the drawing does not go on: %v", err)
	}
}
