package api_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// A person sits before a real browser, on pages of a shop that carry the beacon
// of this very server, and give no call up after five seconds as it would.
type person struct {
	*shop
	page string
	tab  context.Context
}

func sits(t *testing.T, changes ...option) person {
	t.Helper()
	tab := browsertest.New(t)
	s := open(t, append(changes, edit("site.yaml", "origins: [https://shop.example]\n", ""))...)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, fmt.Sprintf(`<!doctype html><html lang="ja"><meta charset="utf-8"><title>お茶</title>
<script>{ const real = setTimeout; window.setTimeout = (run, wait, ...rest) => real(run, wait === 5000 ? 3600000 : wait, ...rest) }</script>
<script async src="%s/b.js" data-key="%s" data-consent="%s" data-shadow="open"></script><h1>お茶</h1></html>`, s.URL, publicKey, cmp.Or(r.URL.Query().Get("consent"), "granted")))
	}))
	t.Cleanup(page.Close)
	return person{s, page.URL, tab}
}

func (p person) goes(url string) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, chromedp.Navigate(url)); err != nil {
		p.t.Fatal(err)
	}
}

func (p person) does(script string) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, chromedp.Evaluate[chromedp.Void](script)); err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
}

// sees waits until an expression has the text, over page loads too.
func (p person) sees(expression, want string) {
	p.t.Helper()
	var got string
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got, err = chromedp.Run(p.tab, chromedp.Evaluate[string](`String((`+expression+`) ?? "nothing")`)); err == nil && strings.Contains(got, want) {
			return
		}
	}
	p.t.Fatalf("%s is %q (%v), want %q", expression, got, err, want)
}

// holds waits until an expression is true, over page loads too.
func holds(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for {
			if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(`+expression+`)`)); err == nil && yes {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("never: %s: %w", expression, ctx.Err())
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
}

// clicks clicks an element of a screen once it is there and htmx has taken it in
// hand: what it puts in is only a link for a moment, and what it takes away would
// be clicked in vain.
func clicks(selector string) chromedp.Action[chromedp.Void] {
	return holds(fmt.Sprintf(`document.readyState === "complete" && !document.querySelector(".htmx-added, .htmx-settling, .htmx-swapping, .htmx-request") && document.querySelector(%[1]q)?.checkVisibility() && (setTimeout(() => document.querySelector(%[1]q).dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))), true)`, selector))
}

// inside is an expression for the first match in the shadow root of a host.
func inside(host, selector string) string {
	return fmt.Sprintf(`document.querySelector(%q)?.shadowRoot.querySelector(%q)`, host, selector)
}

// button is an expression for the one with that label.
func button(host, label string) string {
	return fmt.Sprintf(`[...document.querySelector(%q).shadowRoot.querySelectorAll("button")].find((b) => b.textContent === %q)`, host, label)
}

const (
	bar   = `document.querySelector("omo-preview")?.shadowRoot.querySelector("section").textContent`
	title = `document.querySelector("omo-action")?.shadowRoot.querySelector("h2").textContent`
)

// A marketer opens the link on the shop, sees the draft at once, goes to
// another variant and on to another page, and ends it; nothing of all that is
// recorded, and then the page counts again.
func TestAMarketerLooksAtAPreviewOnTheShop(t *testing.T) {
	t.Parallel()
	p := sits(t, previewing)
	before := p.ledger.Last()

	p.goes(p.link(object{"campaign": "autumn", "page": p.page + "/items?q=1"}).Link)
	p.sees(bar, "プレビュー：秋の準備")
	for _, says := range []string{"記録されません", "exit_intent を待って", "クーポンコードは見本です", "公開されていません"} {
		p.sees(bar, says)
	}
	p.sees(inside("omo-action", ".code")+`?.value`, "SAMPLE-CODE")
	label := inside("omo-preview", "section") + "?.offsetHeight" // the page makes room for it
	p.sees(`document.documentElement.getBoundingClientRect().top === `+label+` && getComputedStyle(document.querySelector("omo-action")).getPropertyValue("--omo-top") === `+label+` + "px"`, "true")
	p.sees(`location.search`, "?q=1")
	p.sees(`location.href.includes("omo_preview")`, "false")
	p.does(button("omo-preview", "words") + `.click()`)
	p.sees(title, "秋が来ました")
	p.sees(inside("omo-preview", `[aria-pressed="true"]`)+`?.textContent`, "words")
	for _, width := range []int64{1280, 390} { // and so does what is shown at its top, on a phone too
		if err := chromedp.Do(p.tab, chromedp.EmulateViewport(width, 844)); err != nil {
			t.Fatal(err)
		}
		p.sees(inside("omo-action", ".top")+`?.getBoundingClientRect().top >= `+label, "true")
	}
	p.does(inside("omo-action", ".x") + `.click()`)

	p.goes(p.page + "/cart")
	p.sees(title, "秋が来ました")
	p.does(`omo("track", "add_to_cart", {value: 1})`)
	p.does(button("omo-preview", "control") + `.click()`)
	p.sees(bar, "何も表示しません")
	if p.ledger.Last() != before {
		t.Errorf("a preview was recorded: %v", p.names())
	}

	p.does(inside("omo-preview", ".end") + `.click()`)
	p.sees(title, "ようこそ")
	p.sees(`document.querySelector("omo-preview")`, "nothing")
	if names := p.names(); slices.Contains(names, "add_to_cart") || !slices.Contains(names, "page_view") {
		t.Errorf("recorded %v", names)
	}

	p.goes(p.link(object{"campaign": "autumn", "page": p.page + "/"}).Link)
	p.sees(bar, "秋の準備")
	p.clock.pass(time.Hour)
	p.goes(p.page + "/cart")
	p.sees(bar, "有効期限")
	p.does(inside("omo-preview", ".end") + `.click()`)
	p.sees(`document.querySelector("omo-preview")`, "nothing")
}

// A visitor asks why, and opts out: from then on nothing is recorded, on later
// pages too and whatever the page says, until the visitor takes it back.
func TestAVisitorAsksWhyAndOptsOut(t *testing.T) {
	t.Parallel()
	p := sits(t)
	p.goes(p.page + "/")
	p.sees(title, "ようこそ")
	p.does(inside("omo-action", ".y") + `.click(); omo("why")`)
	p.sees(inside("omo-why", "dialog")+`?.textContent`, "なぜ表示されているのですか？")
	p.sees(inside("omo-why", "dialog")+`?.textContent`, "このサイトでのあなたの行動をもとに")
	p.sees(inside("omo-why", "ul")+`?.textContent`, "これまでの訪問と購入、会員情報")
	p.sees(`document.querySelectorAll("omo-why").length`, "1")
	p.until("all that the page has to tell so far", func() bool { return slices.Contains(p.names(), "omo_exposure") && !p.waits() })
	p.does(inside("omo-why", ".out") + `.click()`)
	p.sees(`document.querySelector("omo-why")`, "nothing")
	p.sees(`localStorage.getItem("omo_vid")`, "nothing")
	p.until("the server's cookie is gone, for the other hosts of the shop", func() bool {
		kept, err := chromedp.Call(p.tab, storage.GetCookies, storage.GetCookiesParams{})
		return err == nil && len(kept.Cookies) == 0
	})

	for range 2 {
		before := p.ledger.Last()
		p.goes(p.page + "/cart")
		p.sees(`performance.getEntriesByType("resource").some((r) => r.name.includes("/v1/decide") && r.responseEnd > 0)`, "true")
		p.does(`omo("consent", "granted"); omo("track", "add_to_cart", {value: 1})`)
		p.sees(`localStorage.getItem("omo_vid")`, "nothing")
		if p.ledger.Last() != before {
			t.Errorf("recorded after an opt-out: %v", p.names())
		}
	}
	p.does(`omo("why")`)
	p.sees(inside("omo-why", "dialog")+`?.textContent`, "行動の記録を止めています")
	p.does(inside("omo-why", ".back") + `.click()`)
	p.sees(`(localStorage.getItem("omo_vid") || "").length > 8`, "true")
	p.does(`omo("track", "look")`)
	p.goes(p.page + "/")
	p.until("the event", func() bool { return slices.Contains(p.names(), "look") })
}

// On another site than the shop's the server has no cookie, and the page brings the
// id. Where nothing was said the site's policy alone says whether it may be used.
func TestWithoutACookieThePolicySaysWhoIsKnown(t *testing.T) {
	t.Parallel()
	for policy, first := range map[string]string{"opt_out": "unknown", "opt_in": "granted"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			p := sits(t, consent(policy))
			p.page = strings.Replace(p.page, "127.0.0.1", "localhost", 1)
			p.goes(p.page + "/?consent=" + first)
			p.sees(`localStorage.getItem("omo_vid")?.length > 8`, "true")
			for _, path := range []string{"/cart", "/items"} {
				p.goes(p.page + path + "?consent=unknown")
				p.sees(`performance.getEntriesByType("resource").some((r) => r.name.includes("/v1/decide") && r.responseEnd > 0)`, "true")
				p.does(`omo("track", "look")`)
			}
			p.goes(p.page + "/?consent=" + first)
			seen := func() (views, looks int, visitors map[string]bool) {
				visitors = map[string]bool{}
				for _, r := range p.recorded() {
					visitors[r.Event.Visitor] = true
					switch r.Event.Name {
					case "page_view":
						views++
					case "look":
						looks++
					}
				}
				return views, looks, visitors
			}
			wantViews, wantLooks := 2, 0
			if policy == "opt_out" {
				wantViews, wantLooks = 4, 2
			}
			p.until("what may be recorded", func() bool { views, looks, _ := seen(); return views >= wantViews && looks >= wantLooks })
			if views, looks, visitors := seen(); views != wantViews || looks != wantLooks || len(visitors) != 1 {
				t.Errorf("%d page views and %d looks of %v, want %d and %d of one visitor", views, looks, visitors, wantViews, wantLooks)
			}
		})
	}
}

// waits says whether an event is on its way to the server: a page keeps it until then.
func (p person) waits() bool {
	n, err := chromedp.Run(p.tab, chromedp.Evaluate[int](`Object.keys(localStorage).filter((key) => key.startsWith("omo_e:")).length`))
	return err != nil || n > 0
}

func (p person) until(what string, holds func() bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	p.t.Fatalf("never came: %s", what)
}
