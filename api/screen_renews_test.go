package api_test

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

var renewed = regexp.MustCompile(`data-quiet hx-trigger="every 2s" hx-headers="([^"]+)"`)

// renewing is who asks as the page does that it was given; false if it asks nothing.
func (a answer) renewing(c caller) (caller, bool) {
	a.t.Helper()
	found := renewed.FindStringSubmatch(string(a.body))
	if found == nil {
		return c, false
	}
	headers := map[string]string{}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &headers); err != nil {
		a.t.Fatal(err)
	}
	for name, value := range headers {
		c = c.with(name, value)
	}
	return c.with("HX-Request", "true"), true
}

// held has every answer of the warehouse wait from now on, until it is let.
func (s *shop) held() (let func()) {
	hold := make(chan struct{})
	s.reports.mu.Lock()
	s.reports.late = hold
	s.reports.mu.Unlock()
	let = sync.OnceFunc(func() { close(hold) })
	s.t.Cleanup(let)
	return let
}

// What was counted before is shown at once, and the page asks for the newer figures
// that are being counted until they are there, and then no more.
func TestAPageRenewsItself(t *testing.T) {
	t.Parallel()
	for path, figure := range map[string]string{
		"/ui/campaigns": "9,100 人", "/ui/campaigns/welcome": "9,100", "/ui/campaigns/welcome/days": "9,100", "/ui/campaigns/welcome/breakdown": "9,100", "/ui/campaigns/welcome/funnel": "1,000",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s, _ := staffed(t)
			measured(s)
			c := s.as("view")
			if _, asks := c.counted(path).renewing(c); asks {
				t.Error("it asks for more though all is counted")
			}
			s.clock.pass(time.Minute)
			let := s.held()
			page := c.get(path).is(http.StatusOK)
			again, asks := page.renewing(c)
			if !asks || !strings.Contains(string(page.body), figure) {
				t.Fatalf("it does not ask for the newer figures, or has no former ones: %s", page.body)
			}
			again.get(path).is(http.StatusNoContent)
			s.clock.pass(time.Minute) // the count takes long: what it gives is not new any more
			let()
			newer := again.get(path)
			for until := time.Now().Add(time.Minute); newer.status == http.StatusNoContent && time.Now().Before(until); newer = again.get(path) {
				time.Sleep(10 * time.Millisecond)
			}
			if _, asks := newer.is(http.StatusOK).renewing(c); asks || !strings.Contains(string(newer.body), figure) {
				t.Errorf("it goes on asking, or the figures are gone: %s", newer.body)
			}
		})
	}
}

// When the count fails, the page stops asking; one that is opened later does not begin.
func TestAPageWhoseCountFailsDoesNotAskForEver(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("view")
	const path = "/ui/campaigns/welcome"
	c.counted(path)
	s.clock.pass(time.Minute)
	let := s.held()
	again, asks := c.get(path).is(http.StatusOK).renewing(c)
	if !asks {
		t.Fatal("it does not ask for the newer figures")
	}
	s.reports.mu.Lock()
	s.reports.away = true
	s.reports.mu.Unlock()
	let()
	last := again.get(path)
	for until := time.Now().Add(time.Minute); last.status == http.StatusNoContent && time.Now().Before(until); last = again.get(path) {
		time.Sleep(10 * time.Millisecond)
	}
	if last.status != 286 || last.header.Get("HX-Reswap") != "none" {
		t.Errorf("status %d, %v: %s", last.status, last.header, last.body)
	}
	if page := c.get(path).is(http.StatusOK); !strings.Contains(string(page.body), "9,100") || strings.Contains(string(page.body), "data-quiet") {
		t.Errorf("after a count that failed: %s", page.body)
	}
}

// Newer figures come in a browser without taking the focus, what is open or what is
// being filled in.
func TestFiguresComeQuietly(t *testing.T) {
	t.Parallel()
	tab, stop := context.WithTimeout(browsertest.New(t), 5*time.Minute)
	defer stop()
	s := lookedAt(t)
	does := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			t.Fatal(err)
		}
	}
	const path = "/ui/campaigns/welcome"
	loaded := holds(`document.querySelector("#days svg") && document.querySelector("#funnel tbody") && document.querySelector("#breakdown tbody") && !document.querySelector(".htmx-request, .htmx-settling")`)
	does(chromedp.Navigate(s.URL+path), chromedp.WaitVisible(`html[data-script=on]`), loaded)
	s.clock.pass(time.Minute)
	s.reports.mu.Lock()
	s.reports.sums.Arms[1].Exposed = 9200
	s.reports.mu.Unlock()
	let := s.held()
	does(chromedp.Navigate(s.URL+path), chromedp.WaitVisible(`html[data-script=on]`), loaded, holds(`document.querySelector("main > [data-quiet]") && document.querySelector("main").textContent.includes("9,100")`),
		chromedp.Evaluate[chromedp.Void](`document.addEventListener("htmx:beforeRequest", (e) => { if (e.detail.elt.matches("main > [data-quiet]")) window.kept = (window.kept || 0) + e.defaultPrevented; });
			document.querySelector("main").was = true; document.querySelector("details.sql").open = true; document.querySelector("main input[name=from]").focus()`),
		holds(`window.kept > 0`))
	let()
	does(holds(`(window.asked ??= window.kept) && window.kept > window.asked + 1`), holds(`document.querySelector("main").was`),
		chromedp.Evaluate[chromedp.Void](`document.querySelector("details.sql summary").focus(); window.at = scrollY`),
		holds(`!document.querySelector("main").was && document.querySelector("main").textContent.includes("9,200") && !document.querySelector("main > [data-quiet]")`),
		holds(`document.activeElement === document.querySelector("details.sql summary") && document.querySelector("details.sql").open && scrollY === window.at`),
		holds(`document.querySelector("#days svg") && document.querySelector("#funnel tbody")`))
}
