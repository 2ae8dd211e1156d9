package beacon_test

import (
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// exposedAfter is how long after the page view's own time its exposure came.
func exposedAfter(t *testing.T, s *shop) time.Duration {
	t.Helper()
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	at, err := time.Parse(time.RFC3339, s.named("omo_exposure")[0].Time)
	if err != nil {
		t.Fatal(err)
	}
	return at.Sub(s.calls()[0].at)
}

func TestBothArmsAreExposedAtTheSameMoment(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	const way = 700 * time.Millisecond
	var after []time.Duration
	for _, action := range []any{nil, bannerAction} {
		s := openShop(t)
		s.slow = func(string) time.Duration { return way }
		s.answer = func(decide) []offer { return []offer{shows("welcome", "bar", action)} }
		p := person{t, browsertest.Visitor(t, browser)}
		p.goes(s.URL + "/a?consent=granted")
		after = append(after, exposedAfter(t, s))
		if n, control := s.asked("GET /r.js"), action == nil; n > 0 == control {
			t.Errorf("control %v: the renderer was asked for %d times", control, n)
		}
	}
	// The answer was one way, the renderer another: control waits as long.
	for i, arm := range []string{"control", "the action"} {
		if after[i] < 2*way {
			t.Errorf("%s was exposed after %v, want at least %v", arm, after[i], 2*way)
		}
	}
	t.Logf("control after %v, the action after %v", after[0], after[1])
}

func TestWhoLeavesBeforeIsExposedInNeitherArm(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for name, action := range map[string]any{"control": nil, "action": bannerAction} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.slow = func(string) time.Duration { return time.Second }
			s.answer = func(d decide) []offer {
				if pathOf(d) == "/a" {
					return []offer{shows("welcome", "bar", action)}
				}
				return nil
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(`window.answered = new Promise((done) => { const real = window.fetch; window.fetch = (...a) => real(...a).then((r) => { done(); return r }) })`)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			p.does(`answered.then(() => history.pushState(null, "", "/b"))`)
			until(t, "the next page view", func() bool { return len(s.calls()) == 2 })
			p.does(`new Promise((done) => setTimeout(done, 1500)).then(() => omo("track", "later"))`)
			until(t, "a later event", func() bool { return len(s.named("later")) == 1 })
			if n := len(s.named("omo_exposure")) + len(s.named("omo_error")) + p.counts(".box"); n > 0 {
				t.Errorf("exposed, shown or told as an error: %+v", s.seen())
			}
		})
	}
}

func TestWithoutTheRendererNothingIsShownExposedOrBroken(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for name, status := range map[string]int{"missing": 404, "line cut": hangUp} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.fault = func(path string) int {
				if path == "/r.js" {
					return status
				}
				return 0
			}
			s.answer = func(d decide) []offer {
				if d.Trigger == "" {
					return []offer{shows("welcome", "bar", bannerAction), waits("rescue", "modal", "exit_intent")}
				}
				return []offer{shows("rescue", "modal", couponAction)}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(`window.problems = []; addEventListener("error", (e) => problems.push(e.message)); addEventListener("unhandledrejection", (e) => problems.push(String(e.reason)))`)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "word of it", func() bool { return len(s.named("omo_error")) == 1 })
			p.does(leaves)
			until(t, "the second decide call", func() bool { return len(s.calls()) == 2 })
			p.does(ready + `.then(() => omo("track", "still_here"))`)
			until(t, "the beacon goes on", func() bool { return len(s.named("still_here")) == 1 })
			if n := len(s.named("omo_exposure")) + p.counts(".box"); n > 0 {
				t.Errorf("%d exposures or actions without anything to draw them", n)
			}
			if problems := reads[[]string](p, `problems`); len(problems) > 0 {
				t.Errorf("the page saw %q", problems)
			}
			if n := len(s.named("omo_error")); n != 1 {
				t.Errorf("%d errors told, want one: %+v", n, s.named("omo_error"))
			}
		})
	}
}
