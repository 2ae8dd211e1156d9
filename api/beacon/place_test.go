package beacon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// shifts makes the page count how far its content jumps without a visitor's doing.
const shifts = `window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((e) => { if (!e.hadRecentInput) shift += e.value })).observe({type: "layout-shift", buffered: true});`

// Where the shop keeps room for it, an inline action moves nothing, whatever its
// picture does; and no other action ever does.
func TestNoActionMovesThePage(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	for name, action := range map[string]offer{"inline": inlineAction, "inline items": inlineItems, "banner": bannerAction, "modal": modalAction, "slide_in": slideAction, "survey": surveyAction, "chat": chatAction, "html": htmlAction, "coupon": couponAction, "ranking": rankingAction} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer { return []offer{placed(shows("c1", "s1", action))} }
			p := person{t, browsertest.Visitor(t, browser.tab)}
			p.before(shifts)
			p.goes(s.URL + "/start?room=320&consent=granted")
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			p.does(`Promise.all([...document.querySelector("omo-action").shadowRoot.querySelectorAll("img")].map((i) => i.decode())).then(() => new Promise((done) => setTimeout(done, 300)))`)
			if shift := reads[float64](p, `shift`); shift != 0 {
				t.Errorf("the page jumped by %v", shift)
			}
			for _, e := range s.named("omo_error") {
				if e.Properties["kind"] != "action_channel" { // this page has no desk
					t.Errorf("%+v", e.Properties)
				}
			}
		})
	}
}

// Where it does not, the page jumps, and the shop hears of it; the height is
// kept to the pixel all the same.
func TestAnInlineActionWithoutRoomIsTold(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	s := openShop(t)
	s.answer = func(d decide) []offer { return []offer{placed(shows("c1", "s1", inlineAction))} }
	p := person{t, browsertest.Visitor(t, browser.tab)}
	p.before(shifts)
	p.goes(s.URL + "/start?consent=granted")
	until(t, "word of it", func() bool { return len(s.named("omo_error")) == 1 })
	if kind := s.named("omo_error")[0].Properties["kind"]; kind != "action_unreserved" {
		t.Errorf("kind %v", kind)
	}
	if got := reads[float64](p, `document.querySelector("omo-action").getBoundingClientRect().height`); got != 96 {
		t.Errorf("its height is %v", got)
	}
	if reads[float64](p, `new Promise((done) => setTimeout(() => done(shift), 100))`) == 0 {
		t.Error("the browser saw no jump: this test measures nothing")
	}
}

// A page without the place shows and counts neither arm.
func TestWithoutItsPlaceNoArmCounts(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	for name, action := range map[string]any{"action": inlineAction, "control": nil} {
		for selector, kind := range map[string]string{"#nowhere": "action_place", "##": "open"} {
			t.Run(name+" "+selector, func(t *testing.T) {
				s := openShop(t)
				s.answer = func(d decide) []offer {
					o := shows("c1", "s1", action)
					o["selector"] = selector
					return []offer{o}
				}
				p := person{t, browsertest.Visitor(t, browser.tab)}
				p.goes(s.URL + "/start?consent=granted")
				until(t, "word of it", func() bool { return len(s.named("omo_error")) == 1 })
				p.does(`new Promise((done) => setTimeout(done, 200)).then(() => omo("track", "later"))`)
				until(t, "a later event", func() bool { return len(s.named("later")) == 1 })
				if e := s.named("omo_error")[0].Properties; e["kind"] != kind || len(s.named("omo_exposure")) > 0 || p.counts(".box") > 0 {
					t.Errorf("%v, %d exposures", e, len(s.named("omo_exposure")))
				}
			})
		}
	}
}

// A page of a framework is built after its address has changed: every arm waits for
// the place.
func TestAPlaceThatComesLateIsWaitedFor(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	for name, action := range map[string]any{"action": inlineAction, "control": nil} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer {
				if pathOf(d) != "/b" {
					return nil
				}
				o := shows("c1", "s1", action)
				o["selector"] = inlineAction["selector"]
				return []offer{o}
			}
			p := person{t, browsertest.Visitor(t, browser.tab)}
			p.goes(s.URL + "/a?consent=granted&room=96")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			p.does(ready + `.then(() => { window.place = document.querySelector("#place"); place.id = ""; history.pushState(null, "", "/b") })`)
			until(t, "the page view of /b", func() bool { return len(s.calls()) == 2 })
			p.does(ready + `.then(() => new Promise((done) => setTimeout(done, 400))).then(() => { place.id = "place" })`)
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			if errors := s.named("omo_error"); len(errors) > 0 || action != nil && p.counts(".box") != 1 {
				t.Errorf("%d actions are open, told: %+v", p.counts(".box"), errors)
			}
		})
	}
}

// A redirect counts, leads on, and is no trap: back leads to where the visitor
// came from. Control counts and stays.
func TestARedirect(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	leads := func(link string) func(decide) []offer {
		return func(d decide) []offer {
			if pathOf(d) == "/from" {
				return nil
			}
			return []offer{shows("c1", "s1", offer{"type": "redirect", "link": link})}
		}
	}
	s := openShop(t)
	s.answer = leads("/to?consent=granted")
	p := person{t, browsertest.Visitor(t, browser.tab)}
	p.goes(s.URL + "/from?consent=granted")
	p.goes(s.URL + "/start?consent=granted")
	at := func(path string) func() bool {
		return func() bool { return reads[string](p, `location.pathname`) == path }
	}
	until(t, "the other page", at("/to"))
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	p.does(`setTimeout(() => history.back())`)
	until(t, "where the visitor came from", at("/from"))
	if n := len(s.named("omo_exposure")); n != 1 {
		t.Errorf("%d exposures", n)
	}

	s = openShop(t)
	s.answer = func(decide) []offer { return []offer{shows("c1", "s1", nil)} }
	p = person{t, browsertest.Visitor(t, browser.tab)}
	p.goes(s.URL + "/start?consent=granted")
	until(t, "the exposure of control", func() bool { return len(s.named("omo_exposure")) == 1 })
	if !at("/start")() {
		t.Error("control was led away")
	}
}

// A preview's redirect does not lead out of the preview, however long its bar is
// on the way: the page that it leads to is not recorded either.
func TestAPreviewOfARedirectStaysAPreview(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if pathOf(d) == "/to" {
			return nil
		}
		return []offer{shows("c1", "s1", offer{"type": "redirect", "link": "/to?consent=granted"})}
	}
	s.slow = func(path string) time.Duration {
		if strings.HasPrefix(path, "/m/p") {
			return 500 * time.Millisecond
		}
		return 0
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/start?consent=granted&omo_preview=a.token")
	until(t, "the other page", func() bool { return len(s.calls()) == 2 })
	if d := s.calls()[1]; pathOf(d) != "/to" || d.Preview != "a.token" {
		t.Errorf("the other page asked for the preview %q: %+v", d.Preview, d)
	}
	if n := len(s.sent()); n != 0 {
		t.Errorf("%d batches were sent", n)
	}
}

// What the server takes for no preview is none: no bar, and a visit that is recorded.
func TestAnybodysPreviewIsAVisit(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer { return []offer{shows("c1", "s1", bannerAction)} }
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/?consent=granted&omo_preview=junk")
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	if n := reads[int](p, `document.querySelectorAll("omo-preview").length`); n != 0 {
		t.Errorf("%d bars of previews", n)
	}
	p.clicks(".x")
	until(t, "the close", func() bool { return len(s.named("omo_close")) == 1 })
}

// Two campaigns that lead to each other are stopped, and the shop hears of it;
// also where the browser keeps nothing.
func TestRedirectsDoNotGoInCircles(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	for name, before := range map[string]string{"storage": "", "no storage": `Object.defineProperty(window, "sessionStorage", {get() { throw new DOMException("denied", "SecurityError") }})`} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer {
				if pathOf(d) == "/a" {
					return []offer{shows("a-to-b", "s1", offer{"type": "redirect", "link": "/b?consent=granted"})}
				}
				return []offer{shows("b-to-a", "s1", offer{"type": "redirect", "link": "/a?consent=granted"})}
			}
			p := person{t, browsertest.Visitor(t, browser.tab)}
			p.before(before)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the circle is broken", func() bool { return len(s.named("omo_error")) == 1 })
			if kind := s.named("omo_error")[0].Properties["kind"]; kind != "action_loop" {
				t.Errorf("kind %v", kind)
			}
			pages := len(s.calls())
			p.does(`new Promise((done) => setTimeout(done, 500))`)
			if n := len(s.calls()); n != pages || n > 3 {
				t.Errorf("%d pages, and then %d", pages, n)
			}
		})
	}
}

// Whatever comes in an action, the page goes on and the shop hears what was wrong.
func TestHostileActions(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	script := `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`
	long := make([]rune, 10_000)
	for i := range long {
		long[i] = []rune("長い題名")[i%4]
	}
	for _, c := range []struct {
		name   string
		action offer
		kind   string // of the one omo_error; "" none
		shown  bool
	}{
		{"script in every text", offer{"type": "modal", "title": script, "body": script, "button": script, "html": []any{script, []any{"p", script}}}, "", true},
		{"script in a survey", offer{"type": "survey", "title": script, "thanks": script, "questions": []offer{{"id": "a", "type": "choice", "text": script, "options": []string{script, "b"}}}}, "", true},
		{"script in items", offer{"type": "ranking", "title": script, "items": []offer{{"name": script, "url": "javascript:window.hacked=1", "price": script}}}, "", true},
		{"elements that are none of ours", offer{"type": "html", "html": []any{[]any{"p", "words"}, []any{"script", "window.hacked=1"}, []any{"iframe", offer{"src": "javascript:window.hacked=1"}}}}, "action_html", true},
		{"attributes that are none of ours", offer{"type": "html", "html": []any{[]any{"p", offer{"onclick": "window.hacked=1", "style": "position: fixed"}, "words"}, []any{"a", offer{"href": "javascript:window.hacked=1"}, "link"}}}, "", true},
		{"a title of 10 kB", offer{"type": "banner", "title": string(long)}, "action_too_long", true},
		{"a broken image", offer{"type": "modal", "title": "どうぞ", "image": "/nothing\u0000"}, "action_image", true},
		{"no channel that leads anywhere", offer{"type": "chat", "title": "どうぞ", "channels": []offer{{"type": "chat"}}}, "action_channel", false},
		{"a hook that the page lacks", offer{"type": "chat", "title": "どうぞ", "channels": []offer{{"type": "chat", "hook": "No.such"}}}, "action_channel", true},
		{"a hook that throws", offer{"type": "chat", "title": "どうぞ", "channels": []offer{{"type": "chat", "hook": "throwing"}}}, "hook", true},
		{"HTML that is none", offer{"type": "html", "title": "どうぞ", "html": 7}, "open", false},
		{"a redirect that would run", offer{"type": "redirect", "link": "javascript:window.hacked=1"}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer { return []offer{shows("c1", "s1", c.action)} }
			p := person{t, browsertest.Visitor(t, browser.tab)}
			p.before(`window.problems = []; addEventListener("error", (e) => e.message && problems.push(e.message)); addEventListener("unhandledrejection", (e) => problems.push(String(e.reason))); window.throwing = () => { throw Error("of the page") }`)
			p.goes(s.URL + "/start?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			if c.shown {
				until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			}
			if c.shown && (c.kind == "hook" || c.kind == "action_channel") {
				p.clicks(".way")
			}
			if c.kind != "" {
				until(t, "omo_error "+c.kind, func() bool { return len(s.named("omo_error")) == 1 })
			}
			p.does(`omo("track", "still_here")`)
			until(t, "the beacon goes on", func() bool { return len(s.named("still_here")) == 1 })
			kinds := ""
			for _, e := range s.named("omo_error") {
				kinds += fmt.Sprint(e.Properties["kind"])
			}
			if kinds != c.kind {
				t.Errorf("errors %q, want %q", kinds, c.kind)
			}
			if !c.shown && len(s.named("omo_exposure"))+p.counts(".box") > 0 {
				t.Error("shown or exposed")
			}
			if hacked := reads[bool](p, `!!window.hacked`); hacked {
				t.Error("a text ran")
			}
			if n := p.counts("script, iframe, [onclick], [style], a[href^=javascript]"); n > 0 {
				t.Errorf("%d elements of others' making", n)
			}
			if problems := reads[[]string](p, `problems`); len(problems) > 0 {
				t.Errorf("the page saw %q", problems)
			}
			if c.shown && c.kind != "hook" {
				if fits := reads[bool](p, `(() => { const b = document.querySelector("omo-action").shadowRoot.querySelector(".box").getBoundingClientRect(); return b.top >= 0 && b.left >= 0 && b.bottom <= innerHeight && b.right <= innerWidth })()`); !fits {
					t.Error("it does not fit the window")
				}
			}
		})
	}
}

// A shop's chat may load long after its page: nothing is decided before the click,
// for control cannot look for it either.
func TestAHookThatComesLateIsCalled(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer {
		return []offer{shows("c1", "s1", offer{"type": "chat", "title": "ご相談", "channels": []offer{{"type": "chat", "hook": "Desk.open"}}})}
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	p.does(`window.opened = 0; window.Desk = {open() { opened++ }}`)
	p.clicks(".way")
	until(t, "the close after it", func() bool { return len(s.named("omo_close")) == 1 })
	if n := reads[int](p, `opened`); n != 1 || len(s.named("omo_error")) > 0 {
		t.Errorf("the chat was opened %d times; told %+v", n, s.named("omo_error"))
	}
}
