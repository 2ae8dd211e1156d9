package beacon_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// undecided holds every answer of decide back until it is released.
func (s *shop) undecided() (release func()) {
	answered := make(chan bool)
	s.slow = func(path string) time.Duration {
		if path == "/v1/decide" {
			<-answered
		}
		return 0
	}
	release = sync.OnceFunc(func() { close(answered) })
	s.t.Cleanup(release)
	return release
}

// told gives what arrived by /v1/events, and the preview's token that came with it, by name.
func (s *shop) told() map[string]string {
	all := map[string]string{}
	for _, b := range s.sent() {
		for _, e := range b.Events {
			all[e.Name] = e.Preview
		}
	}
	return all
}

// Anybody can write a token into a link. Until the server has answered nobody
// knows what it is worth, and what the page tells meanwhile waits for that.
func TestWhatATokenOfUnknownWorthHoldsBack(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, c := range []struct {
		token string
		goes  bool
	}{{"junk", true}, {"real", false}} {
		t.Run(c.token, func(t *testing.T) {
			s := openShop(t)
			release := s.undecided()
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(`localStorage.setItem("omo_vid", "before")`)
			p.goes(s.URL + "/a?consent=granted&omo_preview=" + c.token)
			until(t, "the decide call", func() bool { return len(s.calls()) == 1 })
			p.does(`omo("track", "meanwhile"); new Promise((done) => setTimeout(done, 700))`) // longer than an event waits to be sent
			if told := s.told(); len(told) > 0 {
				t.Errorf("sent before anybody knew: %v", told)
			}
			release()
			p.does(ready + `.then(() => omo("track", "after"))`)
			if c.goes {
				until(t, "both events", func() bool { return len(s.named("meanwhile")) == 1 && len(s.named("after")) == 1 })
				if n := len(s.named("page_view")); n != 1 {
					t.Errorf("%d page views, want the one", n)
				}
			} else {
				until(t, "the preview's bar", func() bool { return reads[bool](p, `!!document.querySelector("omo-preview")`) })
				p.does(`omo("track", "later"); new Promise((done) => setTimeout(done, 700))`)
			}
			p.goes(s.URL + "/tea.png") // away from the shop's pages: what is left would go now
			p.does(`new Promise((done) => setTimeout(done, 300))`)
			if told := s.told(); !c.goes && len(told) > 0 {
				t.Errorf("a preview told %v", told)
			}
			kept := reads[int](p, `Object.keys(localStorage).filter((k) => k.startsWith("omo_e:")).length`)
			if !c.goes && kept > 0 {
				t.Errorf("a preview left %d events behind", kept)
			}
		})
	}
}

// Whoever leaves before the answer leaves the question to the server: each
// event goes with the token, now or from the next page, and it alone can read that.
func TestAPageLeftBeforeItsTokenIsKnownSendsTheTokenAlong(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, token := range []string{"junk", "real"} {
		t.Run(token, func(t *testing.T) {
			s := openShop(t)
			s.undecided()
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(`localStorage.setItem("omo_vid", "before")`)
			p.goes(s.URL + "/a?consent=granted&omo_preview=" + token)
			until(t, "the decide call", func() bool { return len(s.calls()) == 1 })
			p.does(`omo("track", "meanwhile"); new Promise((done) => setTimeout(done, 100))`)
			p.goes(s.URL + "/tea.png")
			until(t, "what the page told", func() bool { told := s.told(); _, has := told["meanwhile"]; return has })
			for name, with := range s.told() {
				if with != token {
					t.Errorf("%s came with the token %q, want %q", name, with, token)
				}
			}
		})
	}
}

// What an earlier visit left behind is no part of a preview.
func TestAPreviewSendsWhatWasThereBeforeIt(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	down := true
	s.fault = func(path string) int {
		if down && path == "/v1/events" {
			return 500
		}
		return 0
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready + `.then(() => omo("track", "before"))`)
	until(t, "its refusal", func() bool { return slices.ContainsFunc(s.sent(), func(b batch) bool { return b.status == 500 }) })
	s.mu.Lock()
	down = false
	s.mu.Unlock()
	p.goes(s.URL + "/b?consent=granted&omo_preview=real")
	until(t, "the event of before", func() bool { return len(s.named("before")) == 1 })
	if with := s.told()["before"]; with != "" {
		t.Errorf("it came with the token %q", with)
	}
}
