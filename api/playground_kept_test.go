package api_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// A test is copied; where a browser has no clipboard for a page, as for one that is
// not on https, it is selected to be copied by hand.
func TestCopyingATestOfThePlayground(t *testing.T) {
	t.Parallel()
	tab, stop := context.WithTimeout(browsertest.New(t), 5*time.Minute)
	defer stop()
	s := open(t, options(func(o *api.Options) { o.OpenDashboard = true }))
	if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Object.defineProperty(Navigator.prototype, "clipboard", {get: () => window.board})`,
	}); err != nil {
		t.Fatal(err)
	}
	const test = `document.getElementById("test").textContent`
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/playground"), edited, clicks(`.go button.main`), chromedp.WaitVisible(`#test`),
		clicks(`[data-copy=test]`), holds(`String(getSelection()).trim() === `+test+`.trim() && document.querySelector("[data-copy]").textContent === "コピー"`),
		chromedp.Evaluate[chromedp.Void](`window.board = {writeText: async (text) => { window.copied = text }}`),
		clicks(`[data-copy=test]`), holds(`window.copied === `+test+` && document.querySelector("[data-copy]").textContent === "コピーしました"`),
	); err != nil {
		t.Fatal(err)
	}
}

// What is written is there again after another choice, another language or colours,
// Back and a reload, and is checked anew; until it is discarded.
func TestWhatIsWrittenInThePlaygroundIsKept(t *testing.T) {
	t.Parallel()
	tab, stop := context.WithTimeout(browsertest.New(t), 5*time.Minute)
	defer stop()
	s := open(t, options(func(o *api.Options) { o.OpenDashboard = true }))
	const (
		area   = `document.querySelector("[name=yaml]")`
		kept   = `document.querySelector("#kept").checkVisibility()`
		others = `[...document.querySelectorAll("#kept-others a")].map((a) => a.textContent).join("|")`
		kinds  = `Object.keys(sessionStorage).filter((key) => key.startsWith("omo.")).join("|")`
	)
	shows := func(search, language, name string) chromedp.Action[chromedp.Void] {
		return holds(fmt.Sprintf(`document.readyState === "complete" && document.querySelector("html[data-script=on]") && location.search === %q && document.documentElement.lang === %q && %s.value.includes("name: %s\n") && %s?.textContent.includes(%[4]q)`,
			search, language, area, name, inside(".code-editor", ".cm-content")))
	}
	writes := func(name string) chromedp.Action[chromedp.Void] {
		return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const t = %s; t.value = t.value.replace(/name: .*/, "name: %s"); t.dispatchEvent(new Event("input", {bubbles: true})); })()`, area, name))
	}
	chooses := func(campaign string) chromedp.Action[chromedp.Void] {
		return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const s = document.querySelector(".pick select"); s.value = %q; s.dispatchEvent(new Event("change", {bubbles: true})); })()`, campaign))
	}
	for _, step := range []struct {
		what string
		do   []chromedp.Action[chromedp.Void]
	}{
		{"nothing is kept of what nobody wrote", []chromedp.Action[chromedp.Void]{chromedp.Navigate(s.URL + "/ui/playground?campaign=welcome"), shows("?campaign=welcome", "ja", "はじめての方へ"), holds(`!` + kept + ` && ` + kinds + ` === ""`)}},
		{"another choice", []chromedp.Action[chromedp.Void]{writes("書きかけ"), chooses("pro"), shows("?campaign=pro", "ja", "プロプラン"), holds(`!` + kept + ` && ` + others + ` === "はじめての方へ"`)}},
		{"the link to it", []chromedp.Action[chromedp.Void]{clicks(`#kept-others a`), shows("?campaign=welcome", "ja", "書きかけ"), holds(kept + ` && !document.querySelector("#kept-others").checkVisibility()`), holds(`document.querySelector("#findings").children.length`)}},
		{"another language", []chromedp.Action[chromedp.Void]{clicks(`header button[name=language]`), shows("?campaign=welcome", "en", "書きかけ"), holds(kept)}},
		{"other colours", []chromedp.Action[chromedp.Void]{clicks(`header summary`), clicks(`button[name=theme][value=dark]`), holds(`document.querySelector("html[data-theme=dark]")`), shows("?campaign=welcome", "en", "書きかけ")}},
		{"Back", []chromedp.Action[chromedp.Void]{chooses(""), shows("?campaign=", "en", "My first campaign"), writes("二つめ"), chromedp.Evaluate[chromedp.Void](`history.back()`), shows("?campaign=welcome", "en", "書きかけ"), chromedp.Reload(), shows("?campaign=welcome", "en", "書きかけ"), holds(others + ` === "A new campaign"`)}},
		{"what is new, too", []chromedp.Action[chromedp.Void]{clicks(`#kept-others a`), shows("", "en", "二つめ"), clicks(`#kept button`), shows("", "en", "My first campaign"), holds(`!` + kept + ` && ` + kinds + ` === "omo.playground.welcome"`)}},
		{"discarded", []chromedp.Action[chromedp.Void]{clicks(`#kept-others a`), shows("?campaign=welcome", "en", "書きかけ"), clicks(`#kept button`), shows("?campaign=welcome", "en", "はじめての方へ"), holds(`!` + kept + ` && ` + kinds + ` === ""`), chromedp.Reload(), shows("?campaign=welcome", "en", "はじめての方へ"), holds(`!` + kept)}},
	} {
		if err := chromedp.Do(tab, step.do...); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
	}
}
