package beacon_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// place is where something stands in the window, once nothing moves any more.
type place struct {
	Top, Bottom, High float64
	Hit               bool // the pointer reaches its middle
}

func (p person) finds(selector string) place {
	p.t.Helper()
	return reads[place](p, `(async () => {
		const root = document.querySelector("omo-action").shadowRoot;
		await Promise.all([...root.querySelectorAll("img")].map((i) => i.decode().catch(() => 0)));
		await Promise.all(root.getAnimations().map((a) => a.finished));
		const node = root.querySelector(`+quoted(selector)+`), {top, bottom, left, width, height} = node.getBoundingClientRect();
		return {Top: top, Bottom: bottom, High: innerHeight, Hit: root.elementFromPoint(left + width / 2, top + height / 2) === node};
	})()`)
}

func (w place) inWindow() bool { return w.Top >= 0 && w.Bottom <= w.High }

// However low the window and however long the words, all of a bar can be read, and
// its cross is there.
func TestABarIsNeverHigherThanTheWindow(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	long := maps.Clone(bannerAction)
	long["body"] = strings.Repeat("お茶は静岡と京都の茶園から直接届きます。", 50)
	high := maps.Clone(long)
	high["position"] = "top"
	ranking := maps.Clone(rankingAction)
	ranking["body"] = long["body"]
	for _, window := range [][2]int64{{390, 844}, {360, 640}, {320, 256}, {667, 375}} {
		for name, action := range map[string]offer{"bottom": long, "top": high, "ranking": ranking} {
			t.Run(fmt.Sprintf("%dx%d/%s", window[0], window[1], name), func(t *testing.T) {
				s := openShop(t)
				s.answer = func(decide) []offer { return []offer{shows("c1", "s1", action)} }
				p := person{t, browsertest.Visitor(t, browser)}
				if err := chromedp.Do(p.tab, chromedp.EmulateViewport(window[0], window[1], chromedp.EmulateMobile, chromedp.EmulateTouch)); err != nil {
					t.Fatalf("window: %v", err)
				}
				// Shops say how high what they have at the top is.
				p.before(`addEventListener("DOMContentLoaded", () => document.documentElement.style.setProperty("--omo-top", "48px"))`)
				p.goes(s.URL + "/a?consent=granted")
				until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
				box, cross := p.finds(".box"), p.finds(".x")
				if !box.inWindow() || !cross.inWindow() || !cross.Hit {
					t.Fatalf("it is at %+v, its cross at %+v", box, cross)
				}
				last := map[bool]string{true: "li:last-child .price", false: ".words"}[name == "ranking"]
				p.does(`document.querySelector("omo-action").shadowRoot.querySelector(".bar, .shelf").scrollTop = 1e6`)
				if end := p.finds(last); end.Bottom > box.Bottom {
					t.Errorf("its end, %s, is at %+v of %+v", last, end, box)
				}
				p.does(`document.querySelector("omo-action").shadowRoot.querySelector(".go").scrollIntoView({block: "nearest"})`)
				if leads := p.finds(".go"); !leads.inWindow() {
					t.Errorf("its button is at %+v", leads)
				}
				if again := p.finds(".x"); again != cross {
					t.Errorf("its cross went from %+v to %+v", cross, again)
				}
				p.clicks(".x")
				until(t, "the close", func() bool { return says(s.named("omo_close"), "by=button") })
			})
		}
	}
}

// A modal that has no room for all of itself begins at its top, where its cross is.
func TestAModalInALowWindowOpensAtItsTop(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for name, action := range map[string]offer{"modal": modalAction, "coupon": couponAction} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(decide) []offer { return []offer{shows("c1", "s1", action)} }
			p := person{t, browsertest.Visitor(t, browser)}
			if err := chromedp.Do(p.tab, chromedp.EmulateViewport(667, 375, chromedp.EmulateMobile, chromedp.EmulateTouch)); err != nil {
				t.Fatalf("window: %v", err)
			}
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			if box, cross := p.finds(".box"), p.finds(".x"); !box.inWindow() || !cross.inWindow() || !cross.Hit {
				t.Errorf("it is at %+v, its cross at %+v", box, cross)
			}
			if got := reads[string](p, focus); got != "box card" {
				t.Errorf("the focus is on %s", got)
			}
			p.does(`document.querySelector("omo-action").shadowRoot.querySelector("dialog").scrollTop = 1e6`)
			if end := p.finds(".go"); !end.inWindow() {
				t.Errorf("its end is at %+v", end)
			}
		})
	}
}
