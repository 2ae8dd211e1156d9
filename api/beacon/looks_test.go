package beacon_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// Every action keeps inside the window, on a desk and in a hand. With
// OMO_SCREENSHOTS=folder the pictures are kept there, to be looked at.
func TestActionsFitTheWindow(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("OMO_SCREENSHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	browser := browsertest.New(t)
	with := func(action offer, changes offer) offer {
		changed := maps.Clone(action)
		maps.Copy(changed, changes)
		return changed
	}
	long := "とても長い題名のお知らせですが、読みやすい所で折り返して、窓からはみ出さないことが大切です。長い英数字ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789も同じです"
	actions := []struct {
		name   string
		action offer
		lang   string
	}{
		{name: "banner", action: bannerAction},
		{name: "banner-top-dark", action: with(bannerAction, offer{"position": "top", "theme": "dark", "image": ""})},
		{name: "banner-long", action: with(bannerAction, offer{"title": long, "body": long + long})},
		{name: "coupon", action: couponAction},
		{name: "coupon-dark", action: with(couponAction, offer{"theme": "dark", "image": ""})},
		{name: "coupon-corner", action: with(couponAction, offer{"position": "bottom-right", "image": "", "expires_at": nil, "expires": 86400})},
		{name: "coupon-words-only", action: offer{"type": "coupon", "title": "初回全額返金保証", "body": "お口に合わなければ、全額お返しします。", "button": "わかりました"}},
		{name: "coupon-en", lang: "en", action: with(couponAction, offer{"title": "10% off, today only", "body": "Use it before you order.\nAll teas are included.", "button": "Shop with this coupon"})},
		{name: "ranking", action: rankingAction},
		{name: "ranking-dark", action: with(rankingAction, offer{"theme": "dark", "body": "先週もっとも多くの方に選ばれたお茶です。"})},
	}
	for _, window := range []struct {
		name          string
		width, height int64
		options       []chromedp.EmulateViewportOption
	}{
		{"desktop", 1280, 800, nil},
		{"phone", 390, 844, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch}},
	} {
		for _, a := range actions {
			t.Run(window.name+"/"+a.name, func(t *testing.T) {
				s := openShop(t)
				s.answer = func(decide) []offer { return []offer{shows("c", "s", a.action)} }
				p := person{t, browsertest.Visitor(t, browser)}
				if err := chromedp.Do(p.tab, chromedp.EmulateViewport(window.width, window.height, window.options...)); err != nil {
					t.Fatalf("window: %v", err)
				}
				p.goes(s.URL + "/items/tea?consent=granted&lang=" + a.lang)
				until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
				p.does(`{
					const root = document.querySelector("omo-action").shadowRoot;
					Promise.all([...root.getAnimations().map((a) => a.finished), ...[...root.querySelectorAll("img")].map((i) => i.decode())]);
				}`)
				type measure struct {
					Left, Top, Right, Bottom float64
					Width, Height            float64
					Page                     float64 // how far the page itself scrolls sideways
					Cut                      []string
				}
				m := reads[measure](p, `(() => {
					const root = document.querySelector("omo-action").shadowRoot;
					const box = root.querySelector(".box").getBoundingClientRect();
					const cut = [...root.querySelectorAll("h2, p, .go, .copy, .price")].filter((n) => n.scrollWidth > n.clientWidth + 1 && n.clientWidth).map((n) => n.className || n.tagName);
					return {Left: box.left, Top: box.top, Right: box.right, Bottom: box.bottom, Width: innerWidth, Height: innerHeight,
						Page: document.documentElement.scrollWidth - innerWidth, Cut: cut};
				})()`)
				if m.Left < 0 || m.Top < 0 || m.Right > m.Width || m.Bottom > m.Height || m.Page > 0 || len(m.Cut) > 0 {
					t.Errorf("does not fit: %+v", m)
				}
				picture, err := chromedp.Run(p.tab, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatalf("screenshot: %v", err)
				}
				if err := os.WriteFile(filepath.Join(folder, window.name+"-"+a.name+".png"), picture, 0o644); err != nil {
					t.Fatalf("keep the screenshot: %v", err)
				}
			})
		}
	}
}
