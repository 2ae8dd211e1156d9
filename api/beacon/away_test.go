package beacon_test

import (
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// away is a tab in the background; look(ms) is to look at it so much later.
const away = hideable + `hidden = true;
	{ const real = Date.now; let later = 0; Date.now = () => real() + later; window.look = (ms) => { later += ms; hide(false) } }`

// What the server has answered it keeps free for a minute. Whoever looks at the tab
// after that gets what is right by then, which may be nothing, in every arm.
func TestATabLookedAtLateAsksAgain(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, c := range []struct {
		name   string
		later  string // ms
		on     string // a trigger that the page waits for first
		again  bool   // does the second answer still have it?
		calls  int
		counts string // the decision of the exposure
	}{
		{name: "soon", later: "20_000", calls: 1, counts: "d1"},
		{name: "late", later: "70_000", again: true, calls: 2, counts: "d2"},
		{name: "late, and another tab had it", later: "70_000", calls: 2},
		{name: "late, after a trigger", later: "70_000", on: "add_to_cart", again: true, calls: 3, counts: "d3"},
	} {
		for arm, action := range map[string]any{"action": bannerAction, "control": nil} {
			t.Run(c.name+", "+arm, func(t *testing.T) {
				s := openShop(t)
				asked := 0
				s.answer = func(d decide) []offer {
					if c.on != "" && d.Trigger == "" {
						return []offer{waits("welcome", "bar", c.on)}
					}
					if asked++; asked == 1 || c.again {
						return []offer{shows("welcome", "bar", action)}
					}
					return nil
				}
				p := person{t, browsertest.Visitor(t, browser)}
				p.before(away)
				p.goes(s.URL + "/a?consent=granted")
				until(t, "the page view", func() bool { return len(s.calls()) == 1 })
				if p.does(ready); c.on != "" {
					p.does(`omo("track", ` + quoted(c.on) + `)`)
					until(t, "its trigger", func() bool { return len(s.calls()) == 2 })
					p.does(ready)
				}
				if n := p.counts(".box") + len(s.named("omo_exposure")); n > 0 {
					t.Error("something opened or was exposed where nobody looks")
				}
				p.does(`look(` + c.later + `)`)
				until(t, "all calls", func() bool { return len(s.calls()) >= c.calls })
				if c.counts != "" {
					until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
				}
				p.does(ready + `.then(() => new Promise((done) => setTimeout(done, 200))).then(() => omo("track", "the_end"))`)
				until(t, "the last event", func() bool { return len(s.named("the_end")) == 1 })
				exposures := s.named("omo_exposure")
				if want := min(1, len(c.counts)); len(exposures) != want || want > 0 && exposures[0].Properties["decision_id"] != c.counts {
					t.Errorf("exposures = %+v, want one of %q", exposures, c.counts)
				}
				if want := len(exposures); action != nil && p.counts(".box") != want {
					t.Errorf("%d actions are open, want %d", p.counts(".box"), want)
				}
				calls := s.calls()
				if len(calls) != c.calls {
					t.Fatalf("%d decide calls, want %d", len(calls), c.calls)
				}
				if last := calls[len(calls)-1]; last.PageViewID != calls[0].PageViewID || last.Trigger != c.on || len(idsOf(last, "add_to_cart")) != len(c.on)/len("add_to_cart") {
					t.Errorf("the last call is %+v, want the question of before", last)
				}
			})
		}
	}
}

// The server said how long a coupon holds when it answered, and a tab that waits
// makes it no longer.
func TestACouponOfATabInTheBackgroundEndsInTime(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer {
		return []offer{shows("c1", "s1", offer{"type": "coupon", "title": "クーポン", "code": "A", "expires_in": 3600, "expires_at": "2030-11-22T21:00:00+09:00"})}
	}
	p := person{t, browsertest.New(t)}
	p.before(away)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready + `.then(() => look(40_000))`)
	p.sees(".left")
	// On a slow machine it says less, and never more.
	if got := reads[string](p, `document.querySelector("omo-action").shadowRoot.querySelector(".left").textContent`); !strings.HasPrefix(got, "あと00:5") || got > "あと00:59:20" {
		t.Errorf("it says %q", got)
	}
}
