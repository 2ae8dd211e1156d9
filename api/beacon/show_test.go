package beacon_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

func campaignsOf(events []event) []string {
	names := []string{}
	for _, e := range events {
		names = append(names, fmt.Sprint(e.Properties["campaign"]))
	}
	slices.Sort(names)
	return names
}

func TestExposureIsReportedForWhatOpenedAndForControl(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer {
		return []offer{
			shows("bar-1", "bar", bannerAction),
			shows("bar-2", "bar", bannerAction), // its slot is taken: neither opened nor exposed
			shows("ctl-1", "modal", nil),
			shows("new-1", "later", offer{"type": "hologram"}), // a type of a later version
		}
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "two exposures", func() bool { return len(s.named("omo_exposure")) >= 2 })
	p.sees(".bar")
	if n := p.counts(".box"); n != 1 {
		t.Errorf("%d actions are open, want 1", n)
	}
	until(t, "the unknown action is told", func() bool { return len(s.named("omo_error")) == 1 })
	if got := campaignsOf(s.named("omo_exposure")); !slices.Equal(got, []string{"bar-1", "ctl-1"}) {
		t.Errorf("exposures of %v", got)
	}
	for _, e := range s.named("omo_exposure") {
		c := e.Properties["campaign"].(string)
		want := map[string]any{"campaign": c, "variant": "v1", "phase": "1", "decision_id": "d1", "token": "t-" + c, "slot": map[string]string{"bar-1": "bar", "ctl-1": "modal"}[c]}
		for name, value := range want {
			if e.Properties[name] != value {
				t.Errorf("%s: %s = %v, want %v", c, name, e.Properties[name], value)
			}
		}
	}
}

func TestWhatOpensWaitsUntilThePageIsLookedAt(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer {
		return []offer{shows("bar-1", "bar", bannerAction), shows("ctl-1", "modal", nil)}
	}
	p := person{t, browsertest.New(t)}
	p.before(`let hidden = true;
		Object.defineProperty(document, "hidden", {get: () => hidden});
		window.look = () => { hidden = false; document.dispatchEvent(new Event("visibilitychange", {bubbles: true})) }`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(`new Promise((done) => setTimeout(done, 300))`)
	if n := p.counts(".box") + len(s.named("omo_exposure")); n > 0 {
		t.Fatal("opened or exposed in a tab that nobody looks at")
	}
	p.does(`look()`)
	until(t, "both exposures", func() bool { return len(s.named("omo_exposure")) == 2 })
}

func TestClosingAndClicking(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t) // one for all: each shop is a site of its own, with its own storage
	for _, c := range []struct {
		name   string
		action offer
		act    func(person)
		event  string
		how    string // property `by` of a close, `target` of a click
		stays  bool
		goes   string
	}{
		{name: "Escape closes a banner", action: bannerAction, act: func(p person) { p.presses(kb.Escape) }, event: "omo_close", how: "escape"},
		{name: "Escape closes a coupon", action: couponAction, act: func(p person) { p.presses(kb.Escape) }, event: "omo_close", how: "escape"},
		{name: "the cross closes a banner", action: bannerAction, act: func(p person) { p.clicks(".x") }, event: "omo_close", how: "button"},
		{name: "the cross closes a ranking", action: rankingAction, act: func(p person) { p.clicks(".x") }, event: "omo_close", how: "button"},
		{name: "a click beside a coupon closes it", action: couponAction, act: person.pressesBeside, event: "omo_close", how: "outside"},
		{name: "copying a code", action: couponAction, act: func(p person) { p.clicks(".copy") }, event: "omo_click", how: "copy", stays: true},
		{name: "following a banner", action: bannerAction, act: func(p person) { p.clicks(".go") }, event: "omo_click", how: "link", goes: "/shipping"},
		{name: "following a ranked item", action: rankingAction, act: func(p person) { p.clicks("li:nth-child(2) .item") }, event: "omo_click", how: "item:2", goes: "/items/2"},
		{name: "a button that leads nowhere", action: offer{"type": "banner", "title": "どうぞ", "button": "わかりました"}, act: func(p person) { p.clicks(".go") }, event: "omo_click", how: "button"},
		{name: "a link that would run is none", action: offer{"type": "banner", "title": "どうぞ", "button": "わかりました", "link": "javascript:alert(1)"}, act: func(p person) { p.clicks(".go") }, event: "omo_click", how: "button"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer {
				if strings.Contains(d.Page.URL, "/start") {
					return []offer{shows("c1", "s1", c.action)}
				}
				return nil
			}
			p := person{t, tab}
			p.goes(s.URL + "/start?consent=granted")
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			c.act(p)
			until(t, c.event, func() bool { return len(s.named(c.event)) == 1 })
			e := s.named(c.event)[0]
			if how := map[string]any{"omo_close": e.Properties["by"], "omo_click": e.Properties["target"]}[c.event]; how != c.how {
				t.Errorf("%s says %v, want %s", c.event, how, c.how)
			}
			if e.Properties["token"] != "t-c1" || e.Properties["decision_id"] != "d1" {
				t.Errorf("%s = %+v", c.event, e.Properties)
			}
			if c.goes != "" {
				until(t, "the page "+c.goes, func() bool { return reads[string](p, `location.pathname`) == c.goes })
				return
			}
			want := 0
			if c.stays {
				want = 1
			}
			if n := p.counts(".box"); n != want {
				t.Errorf("%d actions are open after, want %d", n, want)
			}
		})
	}
}

func TestWithoutASlotActionsStandBesideEachOther(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer {
		return []offer{shows("first", "", couponAction), shows("second", "", couponAction)}
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "both exposures", func() bool { return len(s.named("omo_exposure")) == 2 })
}

func TestAClosedSlotIsFreeAgain(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{shows("first", "modal", couponAction), waits("second", "modal", "exit_intent")}
		}
		return []offer{shows("second", "modal", couponAction)}
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the first exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	p.presses(kb.Escape)
	until(t, "the first is closed", func() bool { return p.counts(".box") == 0 })
	p.does(`document.dispatchEvent(new MouseEvent("mouseout", {clientY: -1, relatedTarget: null}))`)
	until(t, "the second exposure", func() bool { return len(s.named("omo_exposure")) == 2 })
	p.does(`history.pushState(null, "", "/elsewhere")`)
	until(t, "what was open goes with its page view", func() bool { return len(s.calls()) == 3 })
	if n := len(s.named("omo_close")); n > 1 {
		t.Error("leaving a page is not closing an action")
	}
}
