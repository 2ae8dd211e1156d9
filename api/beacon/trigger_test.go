package beacon_test

import (
	"cmp"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

const (
	leaves = `document.dispatchEvent(new MouseEvent("mouseout", {clientY: -1, relatedTarget: null}))`
	// ready is when the page has read the answers that it was given.
	ready = `settled()`
	// hideable lets a page play that its tab is hidden: a headless one never is.
	hideable = `let hidden = false;
		Object.defineProperty(document, "hidden", {get: () => hidden});
		window.hide = (yes) => { hidden = yes; document.dispatchEvent(new Event("visibilitychange", {bubbles: true})) };`
	// stopped is a page whose clock stands at its beginning until thaw(), however long the test takes.
	stopped = `{ const real = performance.now.bind(performance); let held = true; performance.now = () => held ? 0 : real(); window.thaw = () => { held = false } }`
)

// within does something at each tenth of a second.
func within(tenths int, act string) string {
	return `(async () => { for (let i = 0; i < ` + strconv.Itoa(tenths) + `; i++) { ` + act + `; await new Promise((done) => setTimeout(done, 100)); } })()`
}

// adds puts a section into the page, of so many windows' height.
func adds(windows string, before string) string {
	return `{ const s = document.createElement("section"); s.id = "reviews"; s.style.height = ` + windows + ` * innerHeight + "px"; document.body.insertBefore(s, ` + before + `); }`
}

func TestAnArmedCampaignAsksAgainAtItsTriggerAndOnlyOnce(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	exit := leaves
	const sideways = `document.dispatchEvent(new MouseEvent("mouseout", {clientY: 300, relatedTarget: null}))`
	const half, quarter = `scrollTo(0, document.documentElement.scrollHeight / 2)`, `scrollTo(0, document.documentElement.scrollHeight / 4)`
	for _, c := range []struct {
		name   string
		on     []string
		query  string        // of the page
		early  string        // a script that runs before the page's own
		acts   []string      // scripts, in turn
		again  []string      // those that are told once more at the end; nil: all
		fires  string        // the trigger of the second call; "" for none
		after  time.Duration // from the page's beginning to the trigger's call, by its own clock
		quiet  time.Duration // how long to listen where nothing may come; 0: 300 ms
		action any
	}{
		{name: "exit intent", on: []string{"exit_intent"}, acts: []string{exit, exit}, fires: "exit_intent", action: couponAction},
		{name: "exit intent of the control", on: []string{"exit_intent"}, acts: []string{exit, exit}, fires: "exit_intent"},
		{name: "the pointer leaves through the side", on: []string{"exit_intent"}, acts: []string{sideways}},
		{name: "back in the tab", on: []string{"tab_return"}, acts: []string{`hide(true)`, `hide(false)`}, fires: "tab_return", action: couponAction},
		{name: "a background tab looked at for the first time", on: []string{"tab_return"}, early: `hidden = true`, acts: []string{`hide(false)`}},
		{name: "away from the tab", on: []string{"tab_return"}, acts: []string{`hide(true)`}, again: []string{}},
		{name: "dwell", on: []string{"dwell:600ms"}, early: stopped, acts: []string{`thaw()`}, again: []string{}, fires: "dwell:600ms", after: 590 * time.Millisecond, action: couponAction},
		{name: "scroll", on: []string{"scroll:50%"}, acts: []string{half}, fires: "scroll:50%", action: couponAction},
		{name: "scroll and up again", on: []string{"scroll:50%"}, acts: []string{half + `; addEventListener("scroll", () => setTimeout(() => scrollTo(0, 0)), {once: true})`}, fires: "scroll:50%"},
		{name: "scroll not far enough", on: []string{"scroll:50%"}, acts: []string{quarter}, quiet: 1700 * time.Millisecond},
		{name: "a page without anything to scroll", on: []string{"scroll:100%"}, query: "&short", early: stopped, acts: []string{`thaw()`}, again: []string{}, fires: "scroll:100%", after: 600 * time.Millisecond},
		{name: "a page that is short at first", on: []string{"scroll:50%"}, query: "&short", early: `addEventListener("DOMContentLoaded", () => setTimeout(() => ` + adds("5", "null") + `, 200))`, quiet: 1700 * time.Millisecond},
		{name: "idle", on: []string{"idle:600ms"}, early: stopped, acts: []string{`thaw()`}, again: []string{}, fires: "idle:600ms", after: 590 * time.Millisecond, action: couponAction},
		{name: "idle after a busy second", on: []string{"idle:900ms"}, early: stopped, acts: []string{`thaw(); ` + within(10, `document.dispatchEvent(new PointerEvent("pointermove"))`)}, again: []string{}, fires: "idle:900ms", after: 1500 * time.Millisecond},
		{name: "busy", on: []string{"idle:1500ms"}, early: stopped, acts: []string{`thaw(); ` + within(20, `document.dispatchEvent(new KeyboardEvent("keydown"))`)}, quiet: time.Millisecond},
		{name: "in view", on: []string{"in_view:#end"}, acts: []string{`document.querySelector("#end").scrollIntoView()`}, fires: "in_view:#end", action: couponAction},
		{name: "not in view", on: []string{"in_view:#end"}, acts: []string{half}, quiet: 700 * time.Millisecond},
		{name: "in view, once it is there", on: []string{"in_view:#reviews"}, acts: []string{adds("0.5", "document.body.firstChild")}, again: []string{}, fires: "in_view:#reviews"},
		{name: "a third of it in view", on: []string{"in_view:#reviews"}, acts: []string{adds("0.9", "null") + `document.querySelector("#reviews").scrollIntoView(); scrollBy(0, -0.55 * innerHeight)`}, again: []string{}, quiet: 700 * time.Millisecond},
		{name: "longer than the window, and half of that", on: []string{"in_view:#reviews"}, acts: []string{adds("6", "null") + `document.querySelector("#reviews").scrollIntoView(); scrollBy(0, -0.3 * innerHeight)`}, again: []string{}, fires: "in_view:#reviews"},
		{name: "an event", on: []string{"add_to_cart"}, acts: []string{`omo("track", "add_to_cart", {value: 6800})`}, fires: "add_to_cart", action: couponAction},
		{name: "another event", on: []string{"add_to_cart"}, acts: []string{`omo("track", "view_cart")`}},
		{name: "an event by the name of a trigger", on: []string{"exit_intent"}, acts: []string{`omo("track", "exit_intent")`}},
		{name: "all of a list", on: []string{"dwell:600ms", "exit_intent"}, early: stopped, acts: []string{exit + `; thaw()`}, fires: "dwell:600ms", after: 590 * time.Millisecond, action: couponAction},
		{name: "a list in another order", on: []string{"exit_intent", "add_to_cart", "tab_return"}, acts: []string{`omo("track", "add_to_cart")`, `hide(true)`, `hide(false)`, exit}, fires: "exit_intent", action: couponAction},
		{name: "a list that an event ends", on: []string{"add_to_cart", "scroll:50%"}, acts: []string{half + `; new Promise((done) => setTimeout(done, 4000))`, `omo("track", "add_to_cart")`}, fires: "add_to_cart"},
		{name: "one of a list is not enough", on: []string{"dwell:1h", "exit_intent"}, acts: []string{exit}},
		{name: "a trigger of a later version", on: []string{"full_moon:3"}, acts: []string{exit}},
		{name: "a selector that is none", on: []string{"in_view:##", "exit_intent"}, acts: []string{exit}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			s.answer = func(d decide) []offer {
				if d.Trigger == "" {
					return []offer{waits("rescue", "modal", c.on...)}
				}
				return []offer{shows("rescue", "modal", c.action), waits("other", "bar", "exit_intent")}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(hideable + c.early)
			p.goes(s.URL + "/a?consent=granted" + c.query)
			until(t, "the page view", func() bool { return len(s.calls()) >= 1 })
			p.does(ready)
			if n := p.counts(".box") + len(s.named("omo_exposure")); n > 0 {
				t.Error("an armed campaign opened or was exposed")
			}
			for _, act := range c.acts {
				p.does(act)
			}
			if c.fires == "" {
				p.does(`new Promise((done) => setTimeout(done, ` + strconv.FormatInt(cmp.Or(c.quiet, 300*time.Millisecond).Milliseconds(), 10) + `))`)
				if n := len(s.calls()); n != 1 {
					t.Fatalf("%d decide calls, want only the page view", n)
				}
				return
			}
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) >= 1 })
			if c.again == nil {
				c.again = c.acts
			}
			for _, act := range c.again {
				p.does(act)
			}
			p.does(`new Promise((done) => setTimeout(done, 200))`)
			calls := s.calls()
			if len(calls) != 2 {
				t.Fatalf("%d decide calls, want two", len(calls))
			}
			first, second := calls[0], calls[1]
			if second.Trigger != c.fires || second.PageView == nil || *second.PageView || second.Page.URL != first.Page.URL || second.Visitor.ID != "minted-1" {
				t.Errorf("second call = %+v", second)
			}
			began := time.UnixMilli(int64(reads[float64](p, `performance.timeOrigin`)))
			if gap := sentAt(t, second).Sub(began); gap < c.after {
				t.Errorf("the trigger came after %v, want at least %v", gap, c.after)
			}
			want := 0
			if c.action != nil {
				want = 1
			}
			if n := p.counts(".box"); n != want {
				t.Errorf("%d actions are open, want %d", n, want)
			}
			if n := s.asked("GET /r.js"); n != want {
				t.Errorf("the renderer was loaded %d times, want %d", n, want)
			}
		})
	}
}

// sentAt is when the page sent a call, by its own clock.
func sentAt(t *testing.T, d decide) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, d.SentAt)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDwellCountsVisibleTimeOnly(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{waits("slow", "modal", "dwell:600ms")}
		}
		return []offer{shows("slow", "modal", couponAction)}
	}
	p := person{t, browsertest.New(t)}
	// The visitor goes at the very moment of the page view: there is no time to wait in before.
	p.before(hideable + `{ const real = window.fetch; window.fetch = (...call) => { window.fetch = real; hide(true); return real(...call) } }`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(`new Promise((done) => setTimeout(done, 1000))`)
	if n := len(s.calls()); n != 1 {
		t.Fatalf("%d decide calls while nobody looked, want 1", n)
	}
	back := reads[int64](p, `(() => { const now = Date.now(); hide(false); return now })()`)
	until(t, "the trigger once looked at again", func() bool { return len(s.calls()) == 2 })
	if waited := sentAt(t, s.calls()[1]).Sub(time.UnixMilli(back)); waited < 500*time.Millisecond {
		t.Errorf("it came %v after the visitor did", waited)
	}
	p.sees(".card")
}

// A touch device has no pointer that leaves the window: the sign is a fast way
// back up after reading down.
func TestOnATouchDeviceAFastWayUpIsExitIntent(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, c := range []struct {
		name  string
		way   string // window heights, in turn
		pause int    // ms between
		fires bool
	}{
		{"fast and up", `[1, 2, 1.6, 1.2]`, 30, true},
		{"slowly up", `[1, 2, 1.7, 1.4, 1.1]`, 450, false},
		{"only down", `[1, 2, 3]`, 30, false},
		{"a little up", `[1, 2, 1.8]`, 30, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer {
				if d.Trigger == "" {
					return []offer{waits("rescue", "modal", "exit_intent")}
				}
				return []offer{shows("rescue", "modal", nil)}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			if err := chromedp.Do(p.tab, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch)); err != nil {
				t.Fatalf("window: %v", err)
			}
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			// Time goes by the test's steps: a machine that is busy would make a fast way of a slow one, and the reverse.
			p.does(`(async () => {
				let now = performance.now();
				performance.now = () => now;
				for (const at of ` + c.way + `) {
					const scrolled = new Promise((done) => addEventListener("scroll", done, {once: true}));
					now += ` + strconv.Itoa(c.pause) + `;
					scrollTo(0, at * innerHeight);
					await scrolled;
				}
				await new Promise((done) => setTimeout(done, 200));
			})()`)
			if !c.fires {
				if n := len(s.calls()); n != 1 {
					t.Fatalf("%d decide calls, want only the page view", n)
				}
				return
			}
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			p.goes(s.URL + "/b?consent=granted")
			until(t, "the engagement", func() bool { return len(s.named("omo_engagement")) == 1 })
			if by := s.named("omo_engagement")[0].Properties["exit_by"]; by != "scroll" {
				t.Errorf("exit_by = %v, want the label of a guess", by)
			}
		})
	}
}
