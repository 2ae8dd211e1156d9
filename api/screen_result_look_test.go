package api_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
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

// How far it is to a verdict is two lines, visitors and days, at any width and in
// both languages: neither runs into the other or breaks.
func TestToAVerdictInABrowser(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	s := lookedAt(t)
	arm := warehouse.Arm{Variant: "control", Control: true, Weight: 50, Exposed: 5000, Converted: 150}
	other := arm
	other.Variant, other.Control, other.Converted = "coupon10", false, 170
	s.reports.sums = warehouse.Sums{Query: warehouse.Query{Phase: "p1"}, Arms: []warehouse.Arm{arm, other}, PerDay: 25_000}
	s.trusted().counted("/ui/campaigns/welcome")
	for language, want := range map[string]string{"ja": "判断まで|あと約 20,000 人|今のペースで約 1 日", "en": "To a verdict|about 20,000 more visitors|about 1 day at this pace"} {
		if _, err := chromedp.Call(tab, network.SetCookie, network.SetCookieParams{Name: "omo_language", Value: language, URL: s.URL}); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int64{1280, 1024, 800, 390} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 844), chromedp.Navigate(s.URL+"/ui/campaigns/welcome"), chromedp.WaitVisible(`.verdict .facts`)); err != nil {
				t.Fatal(err)
			}
			got, err := chromedp.Run(tab, chromedp.Evaluate[string](`[...document.querySelectorAll(".verdict .facts > div")].at(-1).innerText.split("\n").filter(Boolean).join("|")`))
			if err != nil || got != want {
				t.Errorf("%s, %d wide: %q, %v", language, width, got, err)
			}
			broken, err := chromedp.Run(tab, chromedp.Evaluate[string](`[...[...document.querySelectorAll(".verdict .facts > div")].at(-1).querySelectorAll("strong, span")].filter((one) => {
				const range = document.createRange();
				range.selectNodeContents(one);
				return range.getClientRects().length > 1;
			}).map((one) => one.textContent).join("|")`))
			if err != nil || broken != "" {
				t.Errorf("%s, %d wide: %q breaks, %v", language, width, broken, err)
			}
		}
	}
}
