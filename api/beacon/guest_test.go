package beacon_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

const noticed = `window.problems = []; addEventListener("error", (e) => e.message && problems.push(e.message)); addEventListener("unhandledrejection", (e) => problems.push(String(e.reason)));`

// What lies above the page moves nothing of it.
func TestTheBeaconShiftsNoLayout(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer {
		return []offer{shows("b", "bar", bannerAction), shows("c", "modal", couponAction), shows("r", "shelf", rankingAction)}
	}
	p := person{t, browsertest.New(t)}
	p.before(`window.shifts = []; new PerformanceObserver((list) => list.getEntries().forEach((e) => shifts.push(e.value))).observe({type: "layout-shift", buffered: true})`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "three exposures", func() bool { return len(s.named("omo_exposure")) == 3 })
	p.does(`omo("why"); new Promise((done) => setTimeout(done, 300))`)
	if shifts := reads[[]float64](p, `shifts`); len(shifts) > 0 {
		t.Errorf("the layout shifted by %v", shifts)
	}
	// The watch is awake: what the page itself moves is seen.
	p.does(`document.body.insertBefore(document.createElement("section"), document.body.firstChild).style.height = "300px"`)
	until(t, "the test's own shift", func() bool { return reads[int](p, `shifts.length`) > 0 })
}

func TestAnAdBlockerHarmsOnlyUs(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, c := range []struct {
		name    string
		blocked string
		asked   int // decide calls that arrive: of the page view and of its trigger
		opens   bool
	}{
		{"the script", "/b.js", 0, false},
		{"the calls", "/v1/*", 0, false},
		{"the events", "/v1/events", 2, true},
		{"the renderer", "/r.js", 2, false},
		{"the modules", "/m/*", 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(decide) []offer {
				return []offer{shows("b", "bar", bannerAction), waits("rescue", "modal", "exit_intent")}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			_, err := chromedp.Call(p.tab, network.Enable, network.EnableParams{})
			if err == nil {
				_, err = chromedp.Call(p.tab, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: s.URL + c.blocked, Block: true}}})
			}
			if err != nil {
				t.Fatalf("block: %v", err)
			}
			p.before(noticed + gtag + `window.omo = window.omo || function () { (omo.q = omo.q || []).push(arguments) };`)
			p.goes(s.URL + "/a?consent=granted")
			p.does(leaves + `; omo("track", "add_to_cart", {value: 1}); omo("why"); gtag("event", "view_cart", {})`)
			until(t, "the decide calls", func() bool { return len(s.calls()) >= c.asked })
			p.does(`new Promise((done) => setTimeout(done, 700))`)
			if problems := reads[[]string](p, `problems`); len(problems) > 0 {
				t.Errorf("the page saw %q", problems)
			}
			if n := len(s.calls()); n != c.asked {
				t.Errorf("%d decide calls, want %d", n, c.asked)
			}
			if c.opens {
				p.sees(".bar")
			} else if n := p.counts(".box"); n > 0 {
				t.Errorf("%d actions are open", n)
			}
			if got := reads[string](p, `document.querySelector("h1").textContent`); got != "深蒸し煎茶" {
				t.Errorf("the page's heading is %q", got)
			}
		})
	}
}

// Without cookies the id in storage names the visitor, as far as it goes.
func TestBlockedCookiesOnlyForget(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer { return []offer{shows("b", "bar", bannerAction)} }
	p := person{t, browsertest.New(t)}
	if _, err := chromedp.Call(p.tab, emulation.SetDocumentCookieDisabled, emulation.SetDocumentCookieDisabledParams{Disabled: true}); err != nil {
		t.Fatal(err)
	}
	p.before(noticed + `Object.defineProperty(document, "cookie", {get() { throw new DOMException("denied", "SecurityError") }, set() { throw new DOMException("denied", "SecurityError") }})`)
	for i := range 2 {
		p.goes(s.URL + "/a?consent=granted")
		until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1+i })
	}
	if calls := s.calls(); calls[1].Visitor.ID != "minted-1" {
		t.Errorf("the second page view is of %q", calls[1].Visitor.ID)
	}
	if problems := reads[[]string](p, `problems`); len(problems) > 0 {
		t.Errorf("the page saw %q", problems)
	}
}

// A page with an armed campaign, a tapped dataLayer and everything loaded still
// goes into the back/forward cache, and comes back out of it whole.
func TestEverythingLoadedThePageStillComesBackFromTheCache(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{shows("b", "bar", bannerAction), waits("rescue", "modal", "exit_intent"), waits("slow", "corner", "dwell:1h")}
		}
		return nil
	}
	p := person{t, browsertest.New(t)}
	p.before(gtag + `addEventListener("pageshow", (e) => { window.whole = e.persisted })`)
	p.goes(s.URL + "/a?consent=granted")
	p.sees(".bar")
	until(t, "the tap and the watch", func() bool { return s.asked("GET /m/d.js") == 1 && s.asked("GET /m/t.js") == 1 })
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	p.does(`window.mark = "same page"; ` + ready) // a page that waits for an answer is not kept
	p.goes(s.URL + "/b?consent=granted")
	until(t, "the second page view", func() bool { return len(s.calls()) == 2 })
	p.does(`history.back()`)
	until(t, "the third page view", func() bool { return len(s.calls()) == 3 })
	if reads[string](p, `window.mark || ""`) != "same page" || !reads[bool](p, `whole`) {
		t.Error("the page was loaded anew")
	}
	p.sees(".bar")
	p.does(ready + `.then(() => gtag("event", "view_cart", {value: 1}))`)
	until(t, "an event of the dataLayer, once", func() bool { return len(s.named("view_cart")) == 1 })
	p.does(leaves)
	until(t, "the trigger, armed anew", func() bool { return len(s.calls()) == 4 })
}

// insists says whether what is measured must be what is promised: on a quiet
// machine of today. Any other may be some times slower, and tells what it measured.
func insists() bool { return os.Getenv("OMO_FAULTS") == "long" }

// From the script to the action, on this machine's own network. Others who use
// the processor are in it as well.
func TestTheFirstActionComesWithinEightyMilliseconds(t *testing.T) {
	s := openShop(t)
	s.answer = func(decide) []offer { return []offer{shows("b", "bar", bannerAction)} }
	p := person{t, browsertest.Alone(t)}
	p.before(`new MutationObserver((_, self) => { if (document.querySelector("omo-action")) { window.opened = performance.now(); self.disconnect() } }).observe(document, {childList: true, subtree: true})`)
	loads := 6
	if insists() {
		loads = 30
	}
	var took []time.Duration
	for range loads {
		p.goes(s.URL + "/a?consent=granted")
		until(t, "the action", func() bool { return reads[float64](p, `window.opened || 0`) > 0 })
		ms := reads[float64](p, `opened - performance.getEntriesByType("resource").find((r) => r.name.includes("/b.js")).responseEnd`)
		took = append(took, time.Duration(ms*float64(time.Millisecond)))
	}
	slices.Sort(took)
	t.Logf("from the script to the action in %d loads: least %v, middle %v, most %v", loads, took[0], took[loads/2], took[loads-1])
	if took[0] > 80*time.Millisecond && insists() { // the clock on the wall runs for others as well
		t.Errorf("the first action took %v", took)
	}
}
