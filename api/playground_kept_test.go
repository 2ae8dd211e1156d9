package api_test

import (
	"context"
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
