package api_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// With script the parts come by themselves, a breakdown is changed in its place,
// and the drawing is kept as a picture; all of it under the screens' policy.
func TestResultScreenInABrowser(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	s := lookedAt(t)
	if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("securitypolicyviolation", (e) => (window.broken ??= []).push(e.violatedDirective + " " + e.blockedURI));
			HTMLAnchorElement.prototype.click = function () { window.kept = this.download + " " + this.href; };`,
	}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL+"/ui/campaigns/welcome"),
		chromedp.WaitVisible(`#days svg.narrowing`), chromedp.WaitVisible(`#funnel tbody tr`), chromedp.WaitVisible(`#breakdown tbody tr`),
		clicks(`#breakdown .tabs a[href*="by=rank"]`), chromedp.WaitVisible(`#breakdown .tabs a[href*="by=rank"][aria-current]`),
		clicks(`a[data-png]`), holds(`window.kept`)); err != nil {
		t.Fatal(err)
	}
	type found struct {
		Kept, Title string
		Broken      []string
	}
	got, err := chromedp.Run(tab, chromedp.Evaluate[found](`({Kept: window.kept, Title: document.querySelector("h1").textContent, Broken: window.broken ?? []})`))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Kept, "welcome-lift.png data:image/png;base64,") || len(got.Kept) < 5_000 {
		t.Errorf("the picture is %.80s, of %d letters", got.Kept, len(got.Kept))
	}
	if got.Title != "はじめての方へ" || len(got.Broken) > 0 {
		t.Errorf("the page is %s, and broke %v", got.Title, got.Broken)
	}
}
