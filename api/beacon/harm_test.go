package beacon_test

import (
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

func TestNothingBreaksAStrictContentPolicy(t *testing.T) {
	t.Parallel()
	s, shopPage := openShop(t), openShop(t) // script-src names the origin of the beacon and no other
	s.answer = func(decide) []offer {
		return []offer{shows("b", "bar", bannerAction), shows("c", "modal", couponAction), shows("r", "shelf", rankingAction)}
	}
	p := person{t, browsertest.New(t)}
	p.before(`window.broken = []; addEventListener("securitypolicyviolation", (e) => broken.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample))`)
	p.goes(shopPage.URL + "/a?csp&consent=granted&src=" + s.URL)
	until(t, "three exposures", func() bool { return len(s.named("omo_exposure")) == 3 })
	p.sees("img")
	// The policy is really there: what the page itself tries is refused.
	p.does(`try { document.body.innerHTML = "<b>" } catch {}`)
	violations := reads[[]string](p, `new Promise((done) => setTimeout(() => done(broken), 100))`)
	if len(violations) != 1 || !strings.HasPrefix(violations[0], "require-trusted-types-for") {
		t.Errorf("violations = %q, want only the test's own", violations)
	}
	if got := reads[string](p, `getComputedStyle(document.querySelector("omo-action").shadowRoot.querySelector(".bar")).borderRadius`); got != "16px" {
		t.Errorf("the style sheet did not arrive: border radius %q", got)
	}
	if n := len(s.named("omo_error")); n > 0 {
		t.Errorf("errors = %+v", s.named("omo_error"))
	}
}

func TestASecondBeaconDoesNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer { return []offer{shows("b", "bar", bannerAction)} }
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?twice&consent=granted")
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	if loaded := reads[int](p, `performance.getEntriesByType("resource").filter((r) => r.name.includes("/b.js")).length`); loaded != 2 {
		t.Fatalf("%d beacons on the page, want 2", loaded)
	}
	p.does(`omo("track", "once"); new Promise((done) => setTimeout(done, 200))`)
	until(t, "the event", func() bool { return len(s.named("once")) == 1 })
	if n, open := len(s.calls()), p.counts(".box"); n != 1 || open != 1 {
		t.Errorf("%d page views and %d banners, want one of each", n, open)
	}
}

func TestBlockedStorageOnlyForgets(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for name, block := range map[string]string{
		"the getter throws": `Object.defineProperty(window, "localStorage", {get() { throw new DOMException("denied", "SecurityError") }})`,
		"it is full":        `Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError") }`,
		"it is missing":     `Object.defineProperty(window, "localStorage", {value: null})`,
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(decide) []offer { return []offer{shows("b", "bar", bannerAction)} }
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(block + `; window.problems = []; addEventListener("error", (e) => problems.push(e.message)); addEventListener("unhandledrejection", (e) => problems.push(String(e.reason)))`)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			p.does(`omo("track", "add_to_cart", {value: 1})`)
			until(t, "the event", func() bool { return len(s.named("add_to_cart")) == 1 })
			if problems := reads[[]string](p, `problems`); len(problems) > 0 {
				t.Errorf("the page saw %q", problems)
			}
			if n := len(s.named("omo_error")); n > 0 {
				t.Errorf("blocked storage is not an error: %+v", s.named("omo_error"))
			}
		})
	}
}

func TestOurErrorsNeverReachThePage(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, c := range []struct {
		name   string
		page   string // runs before the page
		call   string // runs on it
		action any
		kind   string // of the one omo_error; "" for none
	}{
		{name: "a call that is none", call: `omo("fly"); omo(); omo(null); omo("track")`, kind: ""},
		{name: "an event that is no JSON", call: `const a = {}; a.a = a; omo("track", "loop", a); omo("track", "loop", a)`, kind: "call"},
		{name: "an event too large", call: `omo("track", "huge", {text: "x".repeat(40000)})`, kind: "event_too_large"},
		{name: "an action of the wrong shape", action: offer{"type": "ranking", "items": []any{nil, 7}}, kind: "open"},
		{name: "a broken image", action: offer{"type": "banner", "title": "どうぞ", "image": "/missing-\u0000"}, kind: "action_image"},
		{name: "a picture that the page may not load", action: offer{"type": "banner", "title": "どうぞ", "image": "data:image/png;base64,AAAA"}, kind: ""},
		{name: "a hostile style sheet", page: `addEventListener("DOMContentLoaded", () => { const s = document.createElement("style"); s.textContent = "html > * { display: none !important; opacity: 0 !important; visibility: hidden !important }"; document.head.append(s) })`, action: bannerAction, kind: ""},
		{name: "a page that takes it away", page: `new MutationObserver(() => document.querySelector("omo-action")?.remove()).observe(document, {childList: true, subtree: true})`, action: bannerAction, kind: "action_not_displayed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(decide) []offer {
				if c.action == nil {
					return nil
				}
				return []offer{shows("b", "bar", c.action)}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(`window.problems = []; addEventListener("error", (e) => e.message && problems.push(e.message)); addEventListener("unhandledrejection", (e) => problems.push(String(e.reason)));` + c.page)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			p.does(c.call)
			p.does(`omo("track", "still_here")`)
			until(t, "the beacon goes on", func() bool { return len(s.named("still_here")) == 1 })
			if c.kind != "" {
				until(t, "omo_error of kind "+c.kind, func() bool { return len(s.named("omo_error")) > 0 })
			}
			var kinds []string
			for _, e := range s.named("omo_error") {
				kinds = append(kinds, e.Properties["kind"].(string))
			}
			if got := strings.Join(kinds, " "); got != c.kind {
				t.Errorf("errors %q, want %q: %+v", got, c.kind, s.named("omo_error"))
			}
			if problems := reads[[]string](p, `problems`); len(problems) > 0 {
				t.Errorf("the page saw %q", problems)
			}
			if c.action != nil && c.kind == "" {
				until(t, "the exposure of what is on the screen", func() bool { return len(s.named("omo_exposure")) == 1 })
			}
			if c.kind == "action_not_displayed" && len(s.named("omo_exposure")) > 0 {
				t.Error("exposed, though it was taken away")
			}
		})
	}
}
