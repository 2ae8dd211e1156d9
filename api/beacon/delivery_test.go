package beacon_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

func TestARefusedEventIsSentAgainUnderItsID(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, c := range []struct {
		name   string
		status int
		after  string
		wait   time.Duration // at least this long until it comes again
	}{
		{"server error", http.StatusInternalServerError, "", 200 * time.Millisecond},
		{"line cut", hangUp, "", 0}, // Chromium itself may repeat a request whose reused connection was cut
		{"too many requests", http.StatusTooManyRequests, "2", 1900 * time.Millisecond},
		{"unavailable", http.StatusServiceUnavailable, "1", 900 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t)
			failures := 1
			s.after = c.after
			s.fault = func(path string) int {
				if path != "/v1/events" || failures == 0 {
					return 0
				}
				failures--
				return c.status
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			p.does(`omo("track", "add_to_cart", {value: 6800})`)
			until(t, "the event", func() bool { return len(s.named("add_to_cart")) == 1 })

			batches := s.sent()
			if len(batches) != 2 {
				t.Fatalf("%d requests, want the refused one and the accepted one", len(batches))
			}
			first, second := batches[0], batches[1]
			if first.Events[0].ID != second.Events[0].ID || first.Events[0].Time != second.Events[0].Time {
				t.Errorf("sent as %+v and again as %+v", first.Events[0], second.Events[0])
			}
			if !isUUIDv7.MatchString(first.Events[0].ID) {
				t.Errorf("event id %q is not a UUIDv7", first.Events[0].ID)
			}
			if gap := second.at.Sub(first.at); gap < c.wait {
				t.Errorf("came again after %v, want at least %v", gap, c.wait)
			}
		})
	}
}

func TestAPageViewWhoseAnswerNeverCameIsSentAsAnEventOfTheSameID(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.lose = func(path string) bool { return path == "/v1/decide" }
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view as an event", func() bool { return len(s.sent()) > 0 })
	first, call := s.sent()[0], s.calls()[0]
	e := first.Events[0]
	if e.Name != "page_view" || e.ID != call.PageViewID || e.Page.Title != call.Page.Title || e.Page.Item == nil {
		t.Errorf("event %+v of call %+v", e, call)
	}
	if !isUUIDv7.MatchString(first.Visitor.ID) {
		t.Errorf("visitor %q: a browser that got no id makes one", first.Visitor.ID)
	}
}

func TestOfflineEventsWaitInStorageAndGoWhenTheNetworkIsBack(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	const queued = `Object.keys(localStorage).filter((k) => k.startsWith("omo_e:"))`
	for _, bound := range []struct {
		name             string
		pad              int // characters of three bytes
		events           int // in storage at last
		minBytes, maxEnd int
	}{
		{"by number", 0, 100, 0, 60_000},
		{"by size", 200, 0, 59_000, 60_000},
	} {
		t.Run(bound.name, func(t *testing.T) {
			s := openShop(t)
			p := person{t, browsertest.Visitor(t, browser)}
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			p.offline(true)
			p.does(fmt.Sprintf(`for (let i = 0; i < 130; i++) omo("track", "spin", {i, pad: "茶".repeat(%d)})`, bound.pad))
			if n := reads[int](p, queued+`.length`); bound.events > 0 && n != bound.events {
				t.Errorf("%d events in storage, want %d", n, bound.events)
			}
			size := reads[int](p, queued+`.reduce((n, k) => n + new Blob([localStorage.getItem(k)]).size, 0)`)
			if size < bound.minBytes || size > bound.maxEnd {
				t.Errorf("%d bytes in storage, want %d to %d", size, bound.minBytes, bound.maxEnd)
			}
			p.offline(false)
			has := func(name, property string, value any) func() bool {
				return func() bool {
					for _, e := range s.named(name) {
						if e.Properties[property] == value {
							return true
						}
					}
					return false
				}
			}
			until(t, "the newest event", has("spin", "i", 129.0))
			until(t, "word of the loss", has("omo_error", "kind", "queue_full"))
			until(t, "an empty queue", func() bool { return reads[int](p, queued+`.length`) == 0 })
		})
	}
}

func TestTwoTabsShareTheVisitorAndLoseNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	one := person{t, browsertest.New(t)}
	one.goes(s.URL + "/a?consent=granted")
	until(t, "the first tab's page view", func() bool { return len(s.calls()) == 1 })
	two := person{t, browsertest.Tab(t, one.tab)}
	two.goes(s.URL + "/b?consent=granted")
	until(t, "the second tab's page view", func() bool { return len(s.calls()) == 2 })
	for i := range 20 {
		one.does(fmt.Sprintf(`omo("track", "step", {of: "one", i: %d})`, i))
		two.does(fmt.Sprintf(`omo("track", "step", {of: "two", i: %d})`, i))
	}
	until(t, "all forty events", func() bool { return len(s.named("step")) == 40 })
	for _, b := range s.sent() {
		if b.Visitor.ID != "minted-1" {
			t.Errorf("a batch of visitor %q", b.Visitor.ID)
		}
	}
}
