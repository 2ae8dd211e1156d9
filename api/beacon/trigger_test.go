package beacon_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

func TestAnArmedCampaignAsksAgainAtItsTriggerAndOnlyOnce(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	exit := `document.dispatchEvent(new MouseEvent("mouseout", {clientY: -1, relatedTarget: null}))`
	for _, c := range []struct {
		name   string
		on     []string
		acts   []string      // scripts, in turn
		fires  string        // the trigger of the second call; "" for none
		after  time.Duration // the page view begins a little before its call arrives here
		action any
	}{
		{name: "exit intent", on: []string{"exit_intent"}, acts: []string{exit, exit}, fires: "exit_intent", action: couponAction},
		{name: "exit intent of the control", on: []string{"exit_intent"}, acts: []string{exit, exit}, fires: "exit_intent"},
		{name: "the pointer leaves through the side", on: []string{"exit_intent"}, acts: []string{`document.dispatchEvent(new MouseEvent("mouseout", {clientY: 300, relatedTarget: null}))`}},
		{name: "dwell", on: []string{"dwell:600ms"}, fires: "dwell:600ms", after: 500 * time.Millisecond, action: couponAction},
		{name: "all of a list", on: []string{"dwell:600ms", "exit_intent"}, acts: []string{exit}, fires: "dwell:600ms", after: 500 * time.Millisecond, action: couponAction},
		{name: "one of a list is not enough", on: []string{"dwell:1h", "exit_intent"}, acts: []string{exit}},
		{name: "a trigger of a later version", on: []string{"full_moon"}, acts: []string{exit}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer {
				if d.Trigger == "" {
					return []offer{waits("rescue", "modal", c.on...)}
				}
				return []offer{shows("rescue", "modal", c.action), waits("other", "bar", "exit_intent")}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			p.does(`new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))`) // the answer is read
			if n := p.counts(".box") + len(s.named("omo_exposure")); n > 0 {
				t.Error("an armed campaign opened or was exposed")
			}
			for _, act := range c.acts {
				p.does(act)
			}
			if c.fires == "" {
				p.does(`new Promise((done) => setTimeout(done, 300))`)
				if n := len(s.calls()); n != 1 {
					t.Fatalf("%d decide calls, want only the page view", n)
				}
				return
			}
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			for _, act := range c.acts {
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
			if gap := second.at.Sub(first.at); gap < c.after {
				t.Errorf("the trigger came after %v, want at least %v", gap, c.after)
			}
			want := 0
			if c.action != nil {
				want = 1
			}
			if n := p.counts(".box"); n != want {
				t.Errorf("%d actions are open, want %d", n, want)
			}
		})
	}
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
	p.before(`let hidden = false;
		Object.defineProperty(document, "hidden", {get: () => hidden});
		window.hide = (yes) => { hidden = yes; document.dispatchEvent(new Event("visibilitychange", {bubbles: true})) }`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(`hide(true); new Promise((done) => setTimeout(done, 1000))`)
	if n := len(s.calls()); n != 1 {
		t.Fatalf("%d decide calls while nobody looked, want 1", n)
	}
	p.does(`hide(false)`)
	until(t, "the trigger once looked at again", func() bool { return len(s.calls()) == 2 })
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
			p.does(`(async () => {
				for (const at of ` + c.way + `) {
					scrollTo(0, at * innerHeight);
					await new Promise((done) => setTimeout(done, ` + strconv.Itoa(c.pause) + `));
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
