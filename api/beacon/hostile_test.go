package beacon_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// Pages bend what the browser gives them, old libraries and visitors' markup do
// so too. The beacon goes on, and so does the page.
func TestPagesThatBendTheBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, c := range []struct {
		name string
		page string // runs before the page
		acts string // on it, once its view is known
		want string // an event, once the acts are done
	}{
		{name: "a history that cannot be changed", page: `Object.freeze(history)`, acts: `new Promise((done) => setTimeout(done, 100)).then(() => location.assign("/tea.png"))`, want: "omo_engagement"},
		{name: "a history that gives something back", page: `{ const real = history.pushState; history.pushState = function (...call) { real.apply(this, call); return "given" } }`, acts: `if (history.pushState(null, "", "/b") === "given") omo("track", "given")`, want: "given"},
		{name: "an address that never rests", acts: `window.storm = setInterval(() => history.replaceState(null, "", "/b?" + Math.random()), 10); omo("track", "step")`, want: "step"},
		{name: "a page that always has something to tell", acts: `setInterval(() => omo("track", "tick"), 100)`, want: "tick"},
		{name: "calls that are none", page: `window.omo = () => {}; omo.q = [null, 7, "x", ["track", "still"]]`, want: "still"},
		{name: "arrays that are written as texts", page: `Array.prototype.toJSON = function () { return "[" + this.join(", ") + "]" }`, acts: `omo("track", "lists", {items: [{item_id: "T1"}], at: new Date(0)})`, want: "lists"},
		{name: "promises of the page's own", page: `window.Promise = class {}`, acts: `omo("why"); omo("track", "promised")`, want: "promised"},
		{name: "an element by the name of ours", page: `addEventListener("DOMContentLoaded", () => { const e = document.createElement("div"); e.id = "omo"; document.body.append(e) })`, acts: `omo("track", "named")`, want: "named"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			s.fault = func(path string) int {
				if path == "/m/w.js" {
					return 404
				}
				return 0
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(noticed + c.page)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) > 0 })
			if c.acts != "" {
				p.runs(`{ ` + c.acts + ` }`)
			}
			until(t, "the event "+c.want, func() bool { return len(s.named(c.want)) > 0 })
			if c.want == "omo_engagement" {
				p.comesTo("the next page", `location.pathname === "/tea.png"`)
			}
			if problems := reads[[]string](p, `window.problems || []`); len(problems) > 0 {
				t.Errorf("the page saw %q", problems)
			}
			for _, e := range s.named("omo_error") {
				if kind := e.Properties["kind"]; kind != "call" && kind != "why" {
					t.Errorf("errors = %+v", e)
				}
			}
			if c.want == "lists" {
				told, err := json.Marshal(s.named("lists")[0].Properties)
				if want := `{"at":"1970-01-01T00:00:00.000Z","items":[{"item_id":"T1"}]}`; err != nil || string(told) != want {
					t.Errorf("told %s, want %s", told, want)
				}
			}
			if path := reads[string](p, `location.pathname`); c.want == "step" && path == "/b" {
				until(t, "the view of the address", func() bool { return len(s.calls()) == 2 })
			}
		})
	}
}

// comesTo waits until something holds on the page, whichever page that then is.
func (p person) comesTo(what, script string) {
	p.t.Helper()
	until(p.t, what, func() bool {
		holds, err := chromedp.Run(p.tab, chromedp.Evaluate[bool](script))
		return err == nil && holds // an error: the page is on its way
	})
}

// runs begins a script, and waits for nothing of it: the page may go away.
func (p person) runs(script string) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, chromedp.Evaluate[chromedp.Void](script)); err != nil {
		p.t.Fatalf("run %s: %v", script, err)
	}
}

// An image may be called currentScript or title, and where visitors write markup they
// may write that. What it names is no server of ours, and the page view is told.
func TestMarkupCannotTakeThePlaceOfTheScript(t *testing.T) {
	t.Parallel()
	s, other := openShop(t), openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(`new MutationObserver((_, self) => {
		if (!document.head) return;
		self.disconnect();
		document.head.append(Object.assign(document.createElement("img"), {name: "currentScript", src: ` + quoted(other.URL+"/tea.png") + `}));
		document.currentScript.dataset.key = "pk_test";
		document.head.append(Object.assign(document.createElement("img"), {name: "title"}));
	}).observe(document, {childList: true, subtree: true})`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "a page view", func() bool { return len(s.calls())+len(other.calls()) == 1 })
	if tag := reads[string](p, `document.currentScript.tagName`); tag != "IMG" {
		t.Fatalf("currentScript is %s: this test shows nothing", tag)
	}
	if len(other.calls()) > 0 {
		t.Error("the visitor was told to a stranger")
	}
	if kind := reads[string](p, `typeof document.title`); kind != "object" || len(s.calls()) != 1 || s.calls()[0].Page.Title == "" {
		t.Errorf("the title is a %s, and told are %+v", kind, s.calls())
	}
}

// Heartbeats go where the beacon came from, though its tag is gone and another's
// looks like it.
func TestHeartbeatsGoWhereTheBeaconCameFrom(t *testing.T) {
	t.Parallel()
	s, other := openShop(t), openShop(t)
	s.answer = func(decide) []offer { return []offer{waits("omo:invitation", "", "invited:50ms")} }
	p := person{t, browsertest.New(t)}
	p.before(`window.beats = []; { const real = fetch; window.fetch = (...call) => { if (String(call[0]).includes("heartbeat")) beats.push(new URL(call[0]).origin); return real(...call) } }
	addEventListener("DOMContentLoaded", () => {
		const ours = document.querySelector("script[data-key]");
		const tag = document.createElement("script");
		tag.type = "other";
		tag.dataset.key = "other";
		tag.src = ` + quoted(other.URL+"/b.js") + `;
		ours.before(tag);
	});
	addEventListener("load", () => document.querySelectorAll("script[data-key]")[1].remove())`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "a heartbeat", func() bool { return reads[int](p, `beats.length`) > 0 })
	if origin := reads[string](p, `beats[0]`); origin != s.URL {
		t.Errorf("the heart beats for %s, want %s", origin, s.URL)
	}
}

// Where a page stands and how large it is would have the browser lay it out at
// once: nothing of that is asked for a page view.
func TestTheBeginningAsksForNoLayout(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(`window.asked = []; for (const name of ["scrollY", "innerHeight", "scrollX", "innerWidth"]) Object.defineProperty(window, name, {get() { asked.push(name); return 0 }})`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	if asked := reads[[]string](p, `asked`); len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}
	p.does(`document.dispatchEvent(new Event("scroll", {bubbles: true}))`)
	if asked := reads[[]string](p, `asked`); len(asked) == 0 {
		t.Error("the watch sleeps: scrolling asks where the page stands")
	}
}

// Whoever goes on before a page is whole has seen it.
func TestAPageLeftWhileItStillLoadsIsAPageView(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/tea.png")
	p.before(`window.omo = function () { (omo.q = omo.q || []).push(arguments) }; omo("track", "early")`)
	address := s.URL + "/endless?consent=granted&unfinished"
	p.runs(`location.assign(` + quoted(address) + `)`)
	p.comesTo("the beacon is there", `location.pathname === "/endless" && !!window.omo?.on`)
	if state, n := reads[string](p, `document.readyState`), len(s.calls()); state != "loading" || n > 0 {
		t.Fatalf("the page is %s after %d calls: this test shows nothing", state, n)
	}
	p.runs(`location.assign("/tea.png")`)
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	until(t, "what the page told", func() bool { return len(s.named("early")) == 1 })
	if got := s.calls()[0].Page.URL; got != address {
		t.Errorf("the page view is of %s", got)
	}
}

// A no in one tab is a no in all of them, also in a page that is open already.
func TestAnOptOutHoldsInEveryTab(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	one := person{t, browsertest.New(t)}
	one.goes(s.URL + "/a?consent=granted")
	until(t, "the first tab's page view", func() bool { return len(s.calls()) == 1 })
	two := person{t, browsertest.Tab(t, one.tab)}
	two.goes(s.URL + "/b?consent=granted")
	until(t, "the second tab's page view", func() bool { return len(s.calls()) == 2 })
	one.does(ready)
	two.does(ready + `.then(() => omo("optout"))`)
	one.comesTo("the word of the other tab", `!!localStorage.omo_out`) // storage is shared, not at once
	one.does(`omo("track", "secret"); history.pushState(null, "", "/c")`)
	until(t, "the view of /c", func() bool { return len(s.calls()) == 3 })
	one.does(`new Promise((done) => setTimeout(done, 700))`) // longer than an event waits to be sent
	if d := s.calls()[2]; d.Consent != "denied" || d.Visitor.ID != "" || len(s.named("secret")) > 0 {
		t.Errorf("after the opt-out: %+v, %d events", d, len(s.named("secret")))
	}
	if kept := reads[string](one, `localStorage.omo_vid || ""`); kept != "" {
		t.Errorf("after the opt-out the visitor is %s", kept)
	}
	two.does(`omo("optout", false)`)
	one.comesTo("the other word", `!localStorage.omo_out`)
	one.does(`omo("track", "again")`)
	until(t, "an event after the opt-out was taken back", func() bool { return len(s.named("again")) == 1 })
	if now := reads[string](one, `localStorage.omo_vid || ""`); now == s.calls()[0].Visitor.ID {
		t.Errorf("the visitor that opted out is %q again", now)
	}
}

// What is under our name in storage and is no event of ours goes, and no other with it.
func TestJunkInStorageIsNotSentForever(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(`if (!sessionStorage.junk) {
		sessionStorage.junk = 1;
		const e = (id, name, time) => JSON.stringify({id, name, time, page: {url: location.href}, properties: {}});
		const now = new Date().toISOString(), id = (n) => "018f0000-0000-7000-8000-00000000000" + n;
		for (const [key, text] of Object.entries({1: "{", 2: "null", 3: e(id(4), "other", now), 5: e(id(5), "old", "2020-01-01T00:00:00Z"), 6: e(id(6), "undated"), 7: e(id(7), "good", now)})) localStorage["omo_e:" + id(key)] = text;
	}`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the good one", func() bool { return len(s.named("good")) == 1 })
	until(t, "an empty queue", func() bool {
		return reads[int](p, `Object.keys(localStorage).filter((k) => k.startsWith("omo_e:")).length`) == 0
	})
	for _, name := range []string{"other", "old", "undated"} {
		if len(s.named(name)) > 0 {
			t.Errorf("%s was sent", name)
		}
	}
}

// A page in a sandbox has no storage and no origin, and is left as it was.
func TestASandboxedFrameIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	frame := `<script>addEventListener("error", (e) => e.message && parent.postMessage(e.message, "*")); addEventListener("unhandledrejection", (e) => parent.postMessage(String(e.reason), "*"))</script>
		<script src="` + s.URL + `/b.js" data-key="pk_test" data-consent="granted"></script>
		<script>addEventListener("load", () => { omo("track", "x"); history.replaceState(1, ""); parent.postMessage("loaded", "*") })</script>`
	p.does(`window.heard = []; addEventListener("message", (e) => heard.push(e.data));
		{ const f = document.createElement("iframe"); f.sandbox = "allow-scripts"; f.src = "data:text/html," + encodeURIComponent(` + quoted(frame) + `); document.body.append(f) }`)
	until(t, "the frame", func() bool { return slices.Contains(reads[[]string](p, `heard`), "loaded") })
	until(t, "its page view", func() bool {
		return slices.ContainsFunc(s.calls(), func(d decide) bool { return strings.HasPrefix(d.Page.URL, "data:") })
	})
	if heard := reads[[]string](p, `heard`); len(heard) != 1 {
		t.Errorf("the frame saw %q", heard)
	}
}
