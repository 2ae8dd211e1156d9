package beacon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// opens gives a visitor before a page on which the action is open.
func opens(t *testing.T, browser person, s *shop, query string, action offer) person {
	t.Helper()
	s.answer = func(d decide) []offer { return []offer{placed(shows("c1", "s1", action))} }
	p := person{t, browsertest.Visitor(t, browser.tab)}
	p.goes(s.URL + "/start?consent=granted" + query)
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	return p
}

// focus says where the focus is: an element of the page, or of the open action.
const focus = `(() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement; return e.id || e.className || e.tagName })()`

// A modal takes the focus, keeps it, and gives it back to where it was.
func TestAModalKeepsTheFocusAndGivesItBack(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	for name, close := range map[string]func(person){"Escape": pressing(kb.Escape), "the cross": clicking(".x"), "beside it": person.pressesBeside} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(d decide) []offer {
				if d.Trigger == "" {
					return []offer{waits("c1", "modal", "go")}
				}
				return []offer{shows("c1", "modal", stays(modalAction))}
			}
			p := person{t, browsertest.Visitor(t, browser.tab)}
			p.goes(s.URL + "/start?consent=granted")
			until(t, "the page view", func() bool { return len(s.calls()) == 1 })
			p.does(`document.querySelector("#before").focus(); omo("track", "go")`)
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			if got := reads[string](p, focus); got != "box card" {
				t.Errorf("the focus is on %s, not on the dialog itself", got)
			}
			var path []string
			for range 5 {
				p.presses(kb.Tab)
				path = append(path, reads[string](p, focus))
			}
			if visited := strings.Join(path, ", "); !strings.HasPrefix(visited, "go, y, x") || strings.Contains(visited, "before") {
				t.Errorf("Tab leads through %s", visited)
			}
			close(p)
			until(t, "it is closed", func() bool { return p.counts(".box") == 0 })
			if got := reads[string](p, focus); got != "before" {
				t.Errorf("the focus went back to %s", got)
			}
		})
	}
}

// Nothing but a modal takes the focus; all can be reached and closed by the keyboard.
func TestOtherActionsLeaveTheFocusAlone(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	for name, action := range map[string]offer{"banner": bannerAction, "slide_in": slideAction, "survey": surveyAction, "chat": chatAction, "html": htmlAction, "inline": inlineAction, "ranking": rankingAction} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			p := opens(t, browser, s, "&short&room=320", action)
			if got := reads[string](p, focus); got != "BODY" {
				t.Errorf("the focus is on %s", got)
			}
			p.does(`document.querySelector("#before").focus()`)
			for range 14 { // the page's own, and then the action's: its cross is the last of it, or before "before"
				if name == "inline" {
					p.does(`document.querySelector("omo-action").shadowRoot.querySelector(".x").focus()`)
				} else {
					p.presses(kb.Tab)
				}
				if reads[string](p, focus) == "x" {
					break
				}
			}
			if got := reads[string](p, focus); got != "x" {
				t.Fatalf("Tab never came to its cross, but to %s", got)
			}
			p.presses(kb.Enter)
			until(t, "it is closed", func() bool { return len(s.named("omo_close")) == 1 })
			if got := reads[string](p, focus); name != "inline" && got != "before" {
				t.Errorf("the focus went to %s", got)
			}
		})
	}
}

// Whoever wants less motion gets none.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	for _, reduced := range []string{"reduce", "no-preference"} {
		s := openShop(t)
		s.answer = func(d decide) []offer { return []offer{shows("c1", "s1", slideAction)} }
		p := person{t, browsertest.Visitor(t, browser.tab)}
		p.media("prefers-reduced-motion", reduced)
		p.before(`new MutationObserver(() => { const r = document.querySelector("omo-action")?.shadowRoot; if (r) window.moved = Math.max(window.moved || 0, r.getAnimations().length) }).observe(document, {childList: true, subtree: true})`)
		p.goes(s.URL + "/start?consent=granted")
		until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
		if n := reads[int](p, `window.moved`); (n > 0) != (reduced != "reduce") {
			t.Errorf("%s: %d animations", reduced, n)
		}
	}
}

// An action that follows the visitor's device is dark where that is, and
// Japanese breaks its lines between phrases.
func TestLooksFollowDeviceAndLanguage(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	style := func(p person, selector, property string) string {
		return reads[string](p, fmt.Sprintf(`getComputedStyle(document.querySelector("omo-action").shadowRoot.querySelector(%q)).getPropertyValue(%q)`, selector, property))
	}
	for scheme, paper := range map[string]string{"dark": "rgb(36, 33, 30)", "light": "rgb(255, 253, 249)"} {
		s := openShop(t)
		action := stays(slideAction)
		action["theme"] = "auto"
		s.answer = func(d decide) []offer { return []offer{shows("c1", "s1", action)} }
		p := person{t, browsertest.Visitor(t, browser.tab)}
		p.media("prefers-color-scheme", scheme)
		p.goes(s.URL + "/start?consent=granted")
		until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
		if got := style(p, ".half", "background-color"); got != paper {
			t.Errorf("%s: the paper is %s, want %s", scheme, got, paper)
		}
		if got := style(p, "p", "word-break") + " " + style(p, "p", "line-break"); got != "auto-phrase strict" {
			t.Errorf("lines break by %s", got)
		}
		// The phrases of this text are known: no line begins inside one.
		lines := reads[[]string](p, `(() => {
			const node = document.querySelector("omo-action").shadowRoot.querySelector("p").firstChild;
			const range = document.createRange(), lines = [];
			let top;
			[...node.data].forEach((c, i) => { range.setStart(node, i); range.setEnd(node, i + 1); const y = range.getBoundingClientRect().top; if (y !== top) lines.push(""); top = y; lines[lines.length - 1] += c });
			return lines;
		})()`)
		if len(lines) < 2 || !strings.HasPrefix(lines[1], "お楽しみ") {
			t.Errorf("the lines are %q", lines)
		}
	}
}

// A coupon counts down to its real end and not beyond; one that is over is not opened.
func TestACouponCountsDownToItsEnd(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	s := openShop(t)
	ends := func(in time.Duration) offer {
		// The visitor's clock is a year behind: what is left counts.
		return offer{"type": "coupon", "title": "クーポン", "code": "A", "expires": 86400, "expires_in": int(in.Seconds()), "expires_at": time.Now().Add(in).AddDate(1, 0, 0).UTC().Format(time.RFC3339Nano)}
	}
	s.answer = func(d decide) []offer { return []offer{shows("c1", "s1", ends(time.Hour))} }
	p := person{t, browsertest.Visitor(t, browser.tab)}
	p.before(`{ const real = Date.now; window.later = 0; Date.now = () => real() + later }`)
	p.goes(s.URL + "/start?consent=granted")
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	left := `document.querySelector("omo-action").shadowRoot.querySelector(".left").textContent`
	if got := reads[string](p, left); !strings.HasPrefix(got, "あと00:5") && got != "あと01:00:00" {
		t.Errorf("it says %q", got)
	}
	p.does(`window.later = 3_600_000`)
	until(t, "the end", func() bool { return reads[string](p, left) == "有効期限が切れました" })

	s = openShop(t)
	p = opens(t, browser, s, "&lang=en", ends(26*time.Hour))
	if got := reads[string](p, left); got != "1 d 2 h left" && got != "1 d 1 h left" {
		t.Errorf("it says %q", got)
	}

	s = openShop(t)
	s.answer = func(d decide) []offer { return []offer{shows("c1", "s1", ends(0))} }
	p = person{t, browsertest.Visitor(t, browser.tab)}
	p.goes(s.URL + "/start?consent=granted")
	until(t, "word of it", func() bool { return len(s.named("omo_error")) == 1 })
	if kind := s.named("omo_error")[0].Properties["kind"]; kind != "action_expired" || len(s.named("omo_exposure")) > 0 || p.counts(".box") > 0 {
		t.Errorf("%v, %d exposures", kind, len(s.named("omo_exposure")))
	}
}

// media sets what the visitor's device asks for.
func (p person) media(feature, value string) {
	p.t.Helper()
	_, err := chromedp.Call(p.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}})
	if err != nil {
		p.t.Fatalf("set %s: %v", feature, err)
	}
}
