package beacon_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// gtag is how Google's own snippet begins.
const gtag = `window.dataLayer = window.dataLayer || []; window.gtag = function () { dataLayer.push(arguments) };`

func TestTheDataLayerIsUnderstood(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	const items = `[{item_id: "T1", item_name: "煎茶", price: "1080", quantity: 2, secret: "x"}]`
	const read = `{"items":[{"item_id":"T1","item_name":"煎茶","price":1080,"quantity":2}],"value":2160,"currency":"JPY"}`
	for _, c := range []struct {
		name  string
		early string // before the page's scripts
		late  string // once the beacon is there
		query string
		want  []string // "name properties" of the events
	}{
		{name: "Tag Manager's form, from before", early: gtag + `dataLayer.push({ecommerce: null}); dataLayer.push({event: "add_to_cart", ecommerce: {currency: "JPY", value: "2160", items: ` + items + `}})`,
			want: []string{"add_to_cart " + read}},
		{name: "Tag Manager's form, later", early: gtag, late: `dataLayer.push({event: "add_to_cart", ecommerce: {currency: "JPY", value: 2160, items: ` + items + `}})`,
			want: []string{"add_to_cart " + read}},
		{name: "gtag's form", early: gtag + `gtag("js", new Date()); gtag("config", "G-1"); gtag("event", "purchase", {transaction_id: "T-9", value: 100, currency: "JPY", send_to: "G-1"})`, late: `gtag("event", "login", {method: "email", email: "a@b.example"})`,
			want: []string{`purchase {"currency":"JPY","transaction_id":"T-9","value":100}`, `login {"method":"email"}`}},
		{name: "several in one push", early: gtag, late: `dataLayer.push({event: "view_cart"}, {event: "begin_checkout"})`,
			want: []string{"view_cart {}", "begin_checkout {}"}},
		{name: "the same object again is another event", early: gtag, late: `const e = {event: "search", search_term: "茶"}; dataLayer.push(e); dataLayer.push(e)`,
			want: []string{`search {"search_term":"茶"}`, `search {"search_term":"茶"}`}},
		{name: "a layer that comes with the page", early: `addEventListener("DOMContentLoaded", () => setTimeout(() => { ` + gtag + `gtag("event", "view_cart", {value: 1}) }))`,
			want: []string{`view_cart {"value":1}`}},
		{name: "what is none of the shop's events", early: gtag + `gtag("event", "page_view"); gtag("event", "scroll"); dataLayer.push({event: "gtm.js", "gtm.start": 1}, "purchase", null, 7, () => {}, ["x"]); gtag("event"); gtag("event", "purchase ", {}); gtag("set", {value: 1})`},
		{name: "values that are none", early: gtag + `gtag("event", "view_cart", {value: "much", currency: {a: 1}, items: [null, 7, {item_id: 5, price: ""}]}); gtag("event", "login", 7)`,
			want: []string{`view_cart {"items":[{"item_id":5}]}`, "login {}"}},
		{name: "a shop that tells its events itself", early: gtag + `gtag("event", "view_cart", {value: 1})`, query: "&datalayer=off"},
		{name: "what is no layer", early: `window.dataLayer = {push() { throw new Error("mine") }}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(`window.problems = []; addEventListener("error", (e) => problems.push(e.message)); addEventListener("unhandledrejection", (e) => problems.push(String(e.reason)));` + c.early)
			p.goes(s.URL + "/a?consent=granted" + c.query)
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			if strings.Contains(c.early, "gtag =") && c.query == "" {
				until(t, "the tap", func() bool {
					return reads[bool](p, `Array.isArray(window.dataLayer) && dataLayer.hasOwnProperty("push")`)
				})
			}
			if c.late != "" {
				p.does(c.late)
			}
			p.does(`omo("track", "the_end")`)
			until(t, "the last event", func() bool { return len(s.named("the_end")) == 1 })
			var got []string
			for _, e := range s.seen() {
				if e.Name != "page_view" && e.Name != "the_end" {
					got = append(got, e.Name+" "+jsonOf(t, e.Properties))
				}
			}
			var want []string
			for _, w := range c.want {
				name, properties, _ := strings.Cut(w, " ")
				var value any
				if err := json.Unmarshal([]byte(properties), &value); err != nil {
					t.Fatal(err)
				}
				want = append(want, name+" "+jsonOf(t, value))
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if problems := reads[[]string](p, `problems`); len(problems) > 0 {
				t.Errorf("the page saw %q", problems)
			}
			if loaded, wants := s.asked("GET /m/d.js") > 0, strings.Contains(c.early, "gtag =") && c.query == ""; loaded != wants {
				t.Errorf("the tap was loaded: %v, want %v", loaded, wants)
			}
		})
	}
}

// What the page's push gives back and throws is the page's own.
func TestThePagesPushDoesWhatItDid(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(`window.dataLayer = [1]; dataLayer.push = function (...all) { if (all[0] === "bad") throw new Error("mine"); window.told = all; return Array.prototype.push.apply(this, all) + 100 }; window.mine = dataLayer.push;`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the tap", func() bool { return reads[bool](p, `dataLayer.push !== mine`) })
	got := reads[[]any](p, `(() => {
		const evil = {get event() { throw new Error("evil") }};
		let thrown = "";
		const given = dataLayer.push(evil, 2);
		try { dataLayer.push("bad") } catch (e) { thrown = e.message }
		return [given, dataLayer.length, told.length, told[0] === evil, thrown];
	})()`)
	if want := []any{103.0, 3.0, 2.0, true, "mine"}; !slices.Equal(got, want) {
		t.Errorf("push gave %v, want %v", got, want)
	}
	until(t, "word of the trouble", func() bool { return len(s.named("omo_error")) == 1 })
	p.does(`dataLayer.push({event: "view_cart"})`)
	until(t, "the next event", func() bool { return len(s.named("view_cart")) == 1 })
}

func TestAnEventOfTheDataLayerIsATrigger(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{waits("story", "modal", "add_to_cart")}
		}
		return []offer{shows("story", "modal", couponAction)}
	}
	p := person{t, browsertest.New(t)}
	p.before(gtag)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the tap", func() bool { return reads[bool](p, `dataLayer.hasOwnProperty("push")`) })
	p.does(`gtag("event", "add_to_cart", {value: 6800})`)
	p.sees(".card")
	if calls := s.calls(); len(calls) != 2 || calls[1].Trigger != "add_to_cart" || len(idsOf(calls[1], "add_to_cart")) != 1 {
		t.Errorf("calls = %+v", calls)
	}
}

// Some pages put another array in the place of their dataLayer, with what was in it.
func TestAnotherDataLayerIsHeardAsWell(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(gtag + `gtag("event", "view_cart", {value: 1})`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "what was in the first", func() bool { return len(s.named("view_cart")) == 1 })
	p.does(`window.first = dataLayer; dataLayer = [...dataLayer, {event: "search"}]; history.pushState(null, "", "/b")`)
	until(t, "what came with the second", func() bool { return len(s.named("search")) == 1 })
	p.does(`gtag("event", "login", {method: "email"}); omo("track", "the_end")`)
	until(t, "what was told to the second", func() bool { return len(s.named("login")) == 1 && len(s.named("the_end")) == 1 })
	p.does(`dataLayer = first; history.pushState(null, "", "/c")`)
	until(t, "the third page view", func() bool { return len(s.calls()) == 3 })
	p.does(ready + `.then(() => gtag("event", "sign_up", {method: "email"})).then(() => omo("track", "the_very_end"))`)
	until(t, "the last event", func() bool { return len(s.named("the_very_end")) == 1 })
	for _, name := range []string{"view_cart", "search", "login", "sign_up"} {
		if n := len(s.named(name)); n != 1 {
			t.Errorf("%s counts %d times", name, n)
		}
	}
}

// A second dataLayer may forward to the first: each event happened once.
func TestAnEventOfTwoDataLayersIsHeardOnce(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(gtag + `gtag("event", "view_cart", {value: 1})`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "what was in the first", func() bool { return len(s.named("view_cart")) == 1 })
	p.does(`window.first = dataLayer; dataLayer = [{event: "search"}]; dataLayer.push = function (...all) { first.push(...all); return Array.prototype.push.apply(this, all) }; history.pushState(null, "", "/b")`)
	until(t, "what came with the second", func() bool { return len(s.named("search")) == 1 })
	p.does(`gtag("event", "login", {method: "email"}); omo("track", "the_end")`)
	until(t, "the last event", func() bool { return len(s.named("the_end")) == 1 })
	for name, want := range map[string]int{"login": 1, "search": 1} {
		if n := len(s.named(name)); n != want {
			t.Errorf("%s counts %d times", name, n)
		}
	}
}

func TestConsentModeIsFollowed(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	const no, yes = `{personalization_storage: "denied", analytics_storage: "denied"}`, `{personalization_storage: "granted", analytics_storage: "granted"}`
	for _, c := range []struct {
		name  string
		early string
		late  string
		want  string // consents of the decide calls, in order
		kept  string // the visitor id at the end
	}{
		{name: "no word at all", want: "denied", kept: "before"},
		{name: "a yes by default", early: `gtag("consent", "default", ` + yes + `)`, want: "granted", kept: "before"},
		{name: "a no by default", early: `gtag("consent", "default", ` + no + `)`, want: "denied", kept: "before"},
		{name: "a no by default, and a yes that comes later", early: `gtag("consent", "default", ` + no + `)`, late: `gtag("consent", "update", ` + yes + `)`, want: "denied granted", kept: "before"},
		{name: "the yes of before, told soon", early: `gtag("consent", "default", {...` + no + `, wait_for_update: 1900}); setTimeout(() => gtag("consent", "update", ` + yes + `), 300)`, want: "granted", kept: "before"},
		{name: "a yes that never comes", early: `gtag("consent", "default", {...` + no + `, wait_for_update: 300})`, want: "denied", kept: "before"},
		{name: "a no of the visitor's", early: `gtag("consent", "default", ` + yes + `)`, late: `gtag("consent", "update", ` + no + `)`, want: "granted", kept: ""},
		{name: "personalization decides", early: `gtag("consent", "default", {personalization_storage: "denied", analytics_storage: "granted"})`, want: "denied", kept: "before"},
		{name: "analytics alone", early: `gtag("consent", "default", {analytics_storage: "granted", ad_storage: "denied"})`, want: "granted", kept: "before"},
		{name: "advertising alone", early: `gtag("consent", "default", {ad_storage: "granted"})`, want: "denied", kept: "before"},
		{name: "a yes for one region", early: `gtag("consent", "default", {...` + yes + `, region: ["US"]})`, want: "denied", kept: "before"},
		{name: "a no for one region", early: `gtag("consent", "default", ` + yes + `); gtag("consent", "default", {...` + no + `, region: ["ES"]})`, want: "denied", kept: "before"},
		{name: "a default after the visitor's yes", early: `gtag("consent", "update", ` + yes + `); gtag("consent", "default", ` + no + `)`, want: "granted", kept: "before"},
		{name: "a default after the visitor's no", early: `gtag("consent", "update", ` + no + `); gtag("consent", "default", ` + yes + `)`, want: "denied", kept: ""},
		{name: "a yes to advertising alone, later", early: `gtag("consent", "default", ` + no + `)`, late: `gtag("consent", "update", {ad_storage: "granted"})`, want: "denied", kept: "before"},
		{name: "a default about what decides, after a yes to analytics", early: `gtag("consent", "update", {analytics_storage: "granted"}); gtag("consent", "default", {personalization_storage: "denied"})`, want: "denied", kept: "before"},
		{name: "words that are none", early: `gtag("consent", "default", "yes"); gtag("consent"); gtag("consent", "update", {analytics_storage: "maybe"})`, want: "denied", kept: ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(`localStorage.setItem("omo_vid", localStorage.getItem("omo_first") ? localStorage.getItem("omo_vid") || "" : "before"); localStorage.setItem("omo_first", "1");` + gtag + c.early)
			p.goes(s.URL + "/a?consent=gcm")
			until(t, "the page view", func() bool { return len(s.calls()) >= 1 })
			if c.late != "" {
				p.does(ready + `.then(() => { ` + c.late + ` })`)
			}
			words := strings.Fields(c.want)
			until(t, "every call", func() bool { return len(s.calls()) >= len(words) })
			p.does(`new Promise((done) => setTimeout(done, 200))`)
			var got []string
			for _, d := range s.calls() {
				got = append(got, d.Consent)
				if d.Consent == "denied" && (d.Visitor.ID != "" || len(d.Events) > 0) {
					t.Errorf("told without consent: %+v", d)
				}
			}
			if !slices.Equal(got, words) {
				t.Errorf("calls said %q, want %q", got, words)
			}
			if kept := reads[string](p, `localStorage.getItem("omo_vid") || ""`); kept != c.kept {
				t.Errorf("the visitor id is %q, want %q", kept, c.kept)
			}
		})
	}
}

// Until Consent Mode says yes the server does not see its cookie: it would take
// it away for a no that nobody has said.
func TestTheCookieWaitsForConsentMode(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/tea.png")
	p.does(`document.cookie = "omo_vid=mine"`)
	p.before(gtag)
	p.goes(s.URL + "/a?consent=gcm")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready + `.then(() => gtag("consent", "update", {analytics_storage: "granted"}))`)
	until(t, "the page view that counts", func() bool { return len(s.calls()) == 2 })
	if calls := s.calls(); calls[0].cookie != "" || calls[1].cookie != "mine" {
		t.Errorf("cookies %q and %q, want the second call's only", calls[0].cookie, calls[1].cookie)
	}
}

// A no by default is no word of the visitor's: what an earlier page could not
// send waits for the answer, and goes with the yes of before.
func TestWhatWasLeftWaitsForConsentMode(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(`if (!localStorage.getItem("omo_first")) {
		const id = Date.now().toString(16).padStart(12, "0").replace(/(.{8})/, "$1-") + "-7000-8000-000000000001";
		localStorage.setItem("omo_first", "1");
		localStorage.setItem("omo_vid", "before");
		localStorage.setItem("omo_e:" + id, JSON.stringify({id, name: "left_behind", time: new Date().toISOString(), page: {url: location.href}, properties: {}}));
	}` + gtag + `gtag("consent", "default", {analytics_storage: "denied", wait_for_update: 1900}); setTimeout(() => gtag("consent", "update", {analytics_storage: "granted"}), 300)`)
	p.goes(s.URL + "/a?consent=gcm")
	until(t, "the event of before", func() bool { return len(s.named("left_behind")) == 1 })
}

// An order may have more items than an event can carry: what it is worth counts all
// the same, and the first of them go along.
func TestAPurchaseOfVeryManyItemsCounts(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(gtag)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the tap", func() bool { return reads[bool](p, `dataLayer.hasOwnProperty("push")`) })
	p.does(`window.order = {transaction_id: "T1", value: 324000, currency: "JPY", items: Array.from({length: 100}, (_, i) => ({
		item_id: "SKU-" + i, item_name: "【送料無料】静岡県産 深蒸し煎茶 特上 100g 3袋セット ギフト包装対応", item_brand: "お茶の時間 牧之原茶舗",
		item_category: "日本茶", item_category2: "煎茶", item_variant: "100g×3", item_list_name: "今週の人気商品ランキング", price: 3240, quantity: 1, index: i}))};
		dataLayer.push({event: "purchase", ecommerce: order}); omo("track", "purchase", order)`)
	until(t, "both purchases, and word of it", func() bool { return len(s.named("purchase")) == 2 && len(s.named("omo_error")) == 1 })
	for _, e := range s.named("purchase") {
		items, _ := e.Properties["items"].([]any)
		if e.Properties["transaction_id"] != "T1" || e.Properties["value"] != 324000.0 || e.Properties["currency"] != "JPY" {
			t.Errorf("it lost what it is about: %v", e.Properties)
		}
		if len(items) < 25 || len(items) == 100 || items[0].(map[string]any)["item_id"] != "SKU-0" {
			t.Errorf("it has %d items", len(items))
		}
		if size := len(jsonOf(t, e.Properties)); size > 32<<10 {
			t.Errorf("the server would refuse %d bytes", size)
		}
	}
	if kind := s.named("omo_error")[0].Properties["kind"]; kind != "event_too_large" {
		t.Errorf("told as %v", kind)
	}
	if n := reads[int](p, `order.items.length`); n != 100 {
		t.Errorf("the page's own order has %d items left", n)
	}
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
