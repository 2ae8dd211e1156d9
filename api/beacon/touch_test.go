package beacon_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// A look into another tab is a guess as well, told when somebody can see what
// opens; where there is a pointer the pointer says it.
func TestOnATouchDeviceALookIntoAnotherTabIsExitIntent(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for name, touch := range map[string]bool{"by touch": true, "with a pointer": false} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer {
				if d.Trigger == "" {
					return []offer{waits("rescue", "modal", "exit_intent")}
				}
				return []offer{shows("rescue", "modal", couponAction)}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			if touch {
				if err := chromedp.Do(p.tab, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch)); err != nil {
					t.Fatalf("window: %v", err)
				}
			}
			p.before(hideable)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			p.does(ready + `.then(() => hide(true)).then(() => new Promise((done) => setTimeout(done, 200)))`)
			if n := len(s.calls()); n != 1 {
				t.Fatalf("%d decide calls while the tab is away, want only the page view", n)
			}
			p.does(`hide(false)`)
			if touch {
				p.sees(".card")
			}
			p.does(`new Promise((done) => setTimeout(done, 200)).then(() => { history.pushState(null, "", "/b") })`)
			until(t, "both reports", func() bool { return len(s.named("omo_engagement")) == 2 })
			var by any
			for _, e := range s.named("omo_engagement") {
				if e.Properties["exit_by"] != nil {
					by = e.Properties["exit_by"]
				}
			}
			if touch && by != "tab" || !touch && by != nil {
				t.Errorf("exit_by = %v", by)
			}
		})
	}
}

// The way back is the visitor's: whatever waits for an exit, the first step back leaves.
func TestTheBackButtonIsNobodysTrigger(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer { return []offer{waits("rescue", "modal", "exit_intent")} }
	p := person{t, browsertest.New(t)}
	if err := chromedp.Do(p.tab, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch)); err != nil {
		t.Fatalf("window: %v", err)
	}
	for i, path := range []string{"/a", "/b"} {
		p.goes(s.URL + path + "?consent=granted")
		until(t, "the page view", func() bool { return len(s.calls()) == 1+i })
		p.does(ready)
	}
	length := reads[int](p, `history.length`)
	p.clicksAt(100, 100) // browsers let a page add to the history once it was touched
	p.does(`history.back()`)
	until(t, "the page before", func() bool { return reads[string](p, `location.pathname`) == "/a" })
	until(t, "its page view", func() bool { return len(s.calls()) == 3 })
	p.does(ready)
	if got := reads[int](p, `history.length`); got != length {
		t.Errorf("the history has %d entries, had %d", got, length)
	}
	for _, d := range s.calls() {
		if d.Trigger != "" {
			t.Errorf("going back was taken for %s", d.Trigger)
		}
	}
}
