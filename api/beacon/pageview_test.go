package beacon_test

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

var isUUIDv7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestPageViewIsOneDecideCallWithThePageFacts(t *testing.T) {
	t.Parallel()
	s, shopPage := openShop(t), openShop(t) // the beacon comes from another origin than the page
	p := person{t, browsertest.New(t)}
	address := shopPage.URL + "/items/tea?consent=granted&identify=jwt-1&src=" + s.URL
	p.goes(address)
	until(t, "the decide call", func() bool { return len(s.calls()) == 1 })

	d := s.calls()[0]
	if d.Page.URL != address || d.Page.Title != "お茶の時間 /items/tea" || d.Page.Type != "item" || d.Page.Lang != "ja" {
		t.Errorf("page = %+v", d.Page)
	}
	if i := d.Page.Item; i == nil || i.ID != "1001" || i.Name != "深蒸し煎茶" || i.Category != "tea" || i.Brand != "茶舗" || i.Price != 1080 {
		t.Errorf("item = %+v", i)
	}
	if d.Consent != "granted" || d.Identify != "jwt-1" || d.Trigger != "" || d.PageView != nil || d.Visitor.ID != "" {
		t.Errorf("call = %+v", d)
	}
	if !isUUIDv7.MatchString(d.PageViewID) {
		t.Errorf("page_view_id = %q, not a UUIDv7", d.PageViewID)
	}
	if !strings.HasPrefix(d.kind, "text/plain") {
		t.Errorf("content type %q would need a preflight", d.kind)
	}
	until(t, "the visitor id is kept", func() bool {
		return reads[string](p, `localStorage.getItem("omo_vid") || ""`) == "minted-1"
	})

	p.goes(shopPage.URL + "/cart?consent=granted&src=" + s.URL)
	until(t, "the second page's call", func() bool { return len(s.calls()) == 2 })
	if d := s.calls()[1]; d.Visitor.ID != "minted-1" {
		t.Errorf("visitor on the second page = %q", d.Visitor.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for request, n := range s.requests {
		if strings.HasPrefix(request, "OPTIONS") {
			t.Errorf("%d × %s: there must be no preflight", n, request)
		}
	}
	if n := s.requests["POST /v1/decide"]; n != 2 {
		t.Errorf("%d decide requests for two page views", n)
	}
}

func TestNavigationWithoutALoadIsAPageViewWhenThePathChanges(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the first page view", func() bool { return len(s.calls()) == 1 })

	steps := []struct {
		script   string
		path     string // of the new page view; "" for none
		referrer string
	}{
		{`history.pushState(null, "", "/b")`, "/b", "/a?consent=granted"},
		{`history.replaceState(null, "", "/b?sort=price")`, "", ""},
		{`location.hash = "reviews"`, "", ""},
		{`history.pushState(null, "", "/c"); history.replaceState(null, "", "/d")`, "/d", "/b?sort=price#reviews"},
		{`history.go(-1)`, "/b", "/d"},
		{`omo("page")`, "/b", "/b?sort=price#reviews"},
	}
	want := 1
	for _, step := range steps {
		p.does(step.script)
		if step.path == "" {
			// Nothing shows the absence of a call but the next call, which is then one too many; the
			// pause lets it be made.
			p.does(`new Promise((done) => setTimeout(done, 120))`)
			continue
		}
		want++
		until(t, "a page view after "+step.script, func() bool { return len(s.calls()) >= want })
		last := s.calls()[want-1]
		if got := strings.TrimPrefix(last.Page.URL, s.URL); !strings.HasPrefix(got, step.path) {
			t.Errorf("after %s: page %s, want %s", step.script, got, step.path)
		}
		if got := strings.TrimPrefix(last.Page.Referrer, s.URL); got != step.referrer {
			t.Errorf("after %s: referrer %s, want %s", step.script, got, step.referrer)
		}
	}
	if got := len(s.calls()); got != want {
		t.Errorf("%d page views, want %d", got, want)
	}
}

func TestAPageBackFromTheCacheIsAPageView(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the first page view", func() bool { return len(s.calls()) == 1 })
	p.does(`window.sameDocument = true; ` + ready) // a page that waits for an answer is not kept
	p.goes(s.URL + "/b?consent=granted")
	until(t, "the second page view", func() bool { return len(s.calls()) == 2 })
	p.does(`history.back()`)
	until(t, "the third page view", func() bool { return len(s.calls()) == 3 })
	if got := s.calls()[2].Page.URL; got != s.URL+"/a?consent=granted" {
		t.Errorf("third page view is of %s", got)
	}
	if !reads[bool](p, `!!window.sameDocument`) {
		t.Error("the page was loaded anew: the beacon keeps pages out of the back/forward cache")
	}
}

// Chromium does not prerender while DevTools are attached, so the page plays it: the flag and the event are
// the two that a prerendered document has.
func TestAPrerenderedPageIsAPageViewOnlyOnceLookedAt(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(`let prerendering = true;
		Object.defineProperty(document, "prerendering", {get: () => prerendering});
		window.activate = () => { prerendering = false; document.dispatchEvent(new Event("prerenderingchange")) }`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the beacon is there", func() bool { return reads[bool](p, `!!window.omo`) })
	p.does(`omo("track", "early"); new Promise((done) => setTimeout(done, 700))`)
	if n, stored := len(s.calls())+len(s.seen()), reads[int](p, `localStorage.length`); n > 0 || stored > 0 {
		t.Fatalf("%d calls and %d stored keys, but nobody looked at the page yet", n, stored)
	}
	p.does(`activate()`)
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	if events := s.calls()[0].Events; len(events) != 1 || events[0].Name != "early" {
		t.Errorf("events with the page view = %+v", events)
	}
}

func TestConsentDecidesWhatIsKeptAndSent(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, c := range []struct {
		name    string
		consent string
		optOut  bool
		then    string // a call on the page
		calls   []string
		id      string
		tracked bool
	}{
		{name: "granted", consent: "granted", calls: []string{"granted"}, id: "minted-1", tracked: true},
		{name: "unknown", consent: "unknown", calls: []string{"unknown"}},
		{name: "not said", consent: "", calls: []string{"unknown"}},
		{name: "unknown on a site of opt-out", consent: "unknown", optOut: true, calls: []string{"unknown"}, id: "minted-1", tracked: true},
		{name: "denied", consent: "denied", calls: []string{"denied"}},
		{name: "granted later", consent: "unknown", then: `omo("consent", "granted")`, calls: []string{"unknown", "granted"}, id: "minted-1", tracked: true},
		{name: "denied later", consent: "granted", then: `omo("consent", "denied"); omo("track", "secret")`, calls: []string{"granted"}, tracked: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			s.optOut = c.optOut
			p := person{t, browsertest.Visitor(t, browser)}
			p.goes(s.URL + "/a?consent=" + c.consent)
			until(t, "the decide call", func() bool { return len(s.calls()) == 1 })
			p.does(`omo("track", "add_to_cart", {value: 6800})`)
			if c.tracked && c.then != "" && c.consent == "granted" {
				until(t, "the event before the change", func() bool { return len(s.named("add_to_cart")) == 1 })
			}
			if c.then != "" {
				p.does(c.then)
			}
			until(t, "all calls", func() bool { return len(s.calls()) == len(c.calls) })
			if c.tracked {
				until(t, "the tracked event", func() bool { return len(s.named("add_to_cart")) == 1 })
			} else {
				p.does(`new Promise((done) => setTimeout(done, 700))`) // longer than an event waits to be sent
			}
			for i, d := range s.calls() {
				if d.Consent != c.calls[i] {
					t.Errorf("call %d says consent %q, want %q", i, d.Consent, c.calls[i])
				}
			}
			until(t, "the visitor id in storage is "+c.id, func() bool {
				return reads[string](p, `localStorage.getItem("omo_vid") || ""`) == c.id
			})
			if !c.tracked && (len(s.named("add_to_cart")) > 0 || reads[int](p, `localStorage.length`) > 0) {
				t.Errorf("without consent: events %v, storage %d", s.seen(), reads[int](p, `localStorage.length`))
			}
			if n := len(s.named("secret")); n > 0 {
				t.Error("an event after consent was denied was sent")
			}
		})
	}
}

func TestCallsBeforeTheScriptAreObeyed(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(`window.omo = function () { (omo.q = omo.q || []).push(arguments) };
		omo("consent", "granted"); omo("identify", "jwt-2"); omo("track", "early", {n: 1})`)
	p.goes(s.URL + "/a")
	until(t, "the decide call", func() bool { return len(s.calls()) > 0 })
	d := s.calls()[0]
	if d.Consent != "granted" || d.Identify != "jwt-2" || len(d.Events) != 1 || d.Events[0].Name != "early" {
		t.Errorf("call = %+v", d)
	}
	p.does(`omo("identify", "jwt-3")`)
	until(t, "identify is sent", func() bool { return len(s.calls()) == 2 })
	if d := s.calls()[1]; d.Identify != "jwt-3" || d.PageView == nil || *d.PageView {
		t.Errorf("a token during the page view must not be another page view: %+v", d)
	}
}

func TestEngagementIsReportedWhenThePageIsLeft(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	start := time.Now()
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(`scrollTo(0, document.documentElement.scrollHeight / 2)`)
	p.movesTo(400, 300)
	p.does(`document.dispatchEvent(new MouseEvent("mouseout", {clientY: -1, relatedTarget: null}))`)
	p.does(`new Promise((done) => setTimeout(done, 300))`)
	p.goes(s.URL + "/b?consent=granted")
	spent := time.Since(start)
	until(t, "the engagement", func() bool { return len(s.named("omo_engagement")) == 1 })

	e := s.named("omo_engagement")[0]
	if e.Properties["view"] != s.calls()[0].PageViewID || !strings.HasSuffix(e.Page.URL, "/a?consent=granted") {
		t.Errorf("the engagement is of page view %v, %s", e.Properties["view"], e.Page.URL)
	}
	number := func(name string) float64 { n, _ := e.Properties[name].(float64); return n }
	if dwell := number("dwell_ms"); dwell < 300 || dwell > float64(spent.Milliseconds()) {
		t.Errorf("dwell_ms = %v, the page was open for at most %v", dwell, spent)
	}
	if scroll := number("scroll"); scroll < 50 || scroll > 80 {
		t.Errorf("scroll = %v %%, the page was scrolled to its middle", scroll)
	}
	if number("exit") <= 0 || e.Properties["exit_by"] != "mouse" {
		t.Errorf("exit = %v by %v", e.Properties["exit"], e.Properties["exit_by"])
	}
	if idle := number("idle_ms"); idle < 200 || idle > number("dwell_ms") {
		t.Errorf("idle_ms = %v of %v", idle, number("dwell_ms"))
	}
}

// A page that says no forgets what a page of before kept, as one does that says it
// later: a yes after that begins anew.
func TestAPageThatBeginsWithANoForgets(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	var up atomic.Bool
	s.fault = func(path string) int {
		if path == "/v1/events" && !up.Load() {
			return 503
		}
		return 0
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready + `.then(() => omo("track", "secret"))`)
	until(t, "its refusal", func() bool { return len(s.sent()) > 0 })

	p.goes(s.URL + "/b?consent=denied")
	until(t, "the page view of a no", func() bool { return len(s.calls()) == 2 })
	if kept := reads[string](p, `JSON.stringify({...localStorage})`); kept != "{}" {
		t.Errorf("after a no the browser has %s", kept)
	}
	up.Store(true)
	p.goes(s.URL + "/c?consent=granted")
	until(t, "the page view of a yes", func() bool { return len(s.calls()) == 3 })
	p.does(ready + `.then(() => omo("track", "after"))`)
	until(t, "an event of a yes", func() bool { return len(s.named("after")) == 1 })
	if id := s.calls()[2].Visitor.ID; id != "" || len(s.named("secret")) > 0 {
		t.Errorf("after a no the visitor is %q, and %d events of before were sent", id, len(s.named("secret")))
	}
}

// What the server gave where nothing was said is known again on the next page,
// without any cookie: the browser may keep those of another site away.
func TestAVisitorOfOptOutIsKnownOnTheNextPage(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.optOut = true
	p := person{t, browsertest.New(t)}
	for i, want := range []string{"", "minted-1"} {
		p.goes(s.URL + "/a?consent=unknown")
		until(t, "the page view", func() bool { return len(s.calls()) == i+1 })
		p.does(ready)
		if got := s.calls()[i].Visitor.ID; got != want {
			t.Errorf("page view %d is of visitor %q, want %q", i, got, want)
		}
	}
}

// An opt-out holds at once: what was asked before opens no more, and the server hears
// of it, to take its cookie away.
func TestAnOptOutHoldsAtOnce(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	release := s.undecided()
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{shows("welcome", "bar", bannerAction)}
		}
		return nil
	}
	p := person{t, browsertest.New(t)}
	p.before(patient)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(`omo("optout")`)
	until(t, "word of the opt-out", func() bool { return len(s.calls()) == 2 })
	if d := s.calls()[1]; d.Consent != "denied" || d.Visitor.ID != "" || len(d.Events) > 0 || d.PageView == nil || *d.PageView {
		t.Errorf("the call is %+v", d)
	}
	release()
	p.does(ready + `.then(() => new Promise((done) => setTimeout(done, 300)))`)
	if n := p.counts(".box") + s.asked("GET /r.js"); n > 0 {
		t.Error("it opens all the same")
	}
	if kept := reads[string](p, `JSON.stringify({...localStorage})`); kept != `{"omo_out":"1"}` {
		t.Errorf("the browser has %s", kept)
	}
}
