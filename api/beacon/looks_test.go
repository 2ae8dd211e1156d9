package beacon_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	type look struct {
		name   string
		action offer
		lang   string
	}
	actions := []look{
		{name: "banner", action: bannerAction},
		{name: "banner-top-dark", action: with(bannerAction, offer{"position": "top", "theme": "dark", "image": ""})},
		{name: "banner-long", action: with(bannerAction, offer{"title": long, "body": long + long})},
		{name: "coupon", action: couponAction},
		{name: "coupon-dark", action: with(couponAction, offer{"theme": "dark", "image": ""})},
		{name: "coupon-corner", action: with(couponAction, offer{"position": "bottom-right", "image": "", "expires_at": nil, "expires": 86400})},
		{name: "coupon-words-only", action: offer{"type": "coupon", "title": "初回全額返金保証", "body": "お口に合わなければ、全額お返しします。", "button": "わかりました"}},
		{name: "coupon-en", lang: "en", action: with(couponAction, offer{"title": "10% off, today only", "body": "Use it before you order.\nAll teas are included.", "button": "Shop with this coupon"})},
		{name: "modal", action: modalAction},
		{name: "modal-dark-html", action: with(modalAction, offer{"theme": "dark", "image": "", "html": htmlAction["html"]})},
		{name: "modal-en", lang: "en", action: with(modalAction, offer{"title": "Join and get 500 points", "body": "It takes a minute. Use your points from your very next order.", "button": "Join now"})},
		{name: "slide", action: slideAction},
		{name: "slide-dark-left", action: with(slideAction, offer{"theme": "dark", "image": "", "position": "bottom-left"})},
		{name: "slide-long", action: with(slideAction, offer{"title": long, "body": long + long + long + long})},
		{name: "inline", action: inlineAction},
		{name: "inline-dark", action: with(inlineAction, offer{"theme": "dark"})},
		{name: "inline-items", action: inlineItems},
		{name: "survey", action: surveyAction},
		{name: "survey-dark", action: with(surveyAction, offer{"theme": "dark"})},
		{name: "survey-nps", action: with(surveyAction, offer{"title": "", "body": "", "questions": surveyAction["questions"].([]offer)[1:2]})},
		{name: "survey-choice", action: with(surveyAction, offer{"title": "", "body": "", "position": "center", "questions": surveyAction["questions"].([]offer)[2:3]})},
		{name: "survey-text-en", lang: "en", action: with(surveyAction, offer{"title": "One last thing", "body": "", "questions": []offer{{"id": "a", "type": "text", "text": "What could we do better?"}}})},
		{name: "chat", action: with(chatAction, offer{"channels": chatAction["channels"].([]offer)[1:]})},
		{name: "chat-dark-center", action: with(chatAction, offer{"theme": "dark", "position": "center", "image": "/tea.png"})},
		{name: "chat-en", lang: "en", action: with(chatAction, offer{"title": "May we help you?", "body": "Our tea experts are here until 6 pm."})},
		{name: "html", action: htmlAction},
		{name: "ranking", action: rankingAction},
		{name: "ranking-plain", action: with(rankingAction, offer{"items": []offer{{"name": "深蒸し煎茶 静岡産 100g", "url": "/items/1", "price": 1080}, {"name": "宇治抹茶 缶入り 40g", "url": "/items/2", "price": 2160}, {"name": "京都の玄米茶", "url": "/items/4"}}})},
		{name: "ranking-dark", action: with(rankingAction, offer{"theme": "dark", "body": "先週もっとも多くの方に選ばれたお茶です。"})},
	}
	if os.Getenv("OMO_SCREENSHOTS") == "" { // of each type one: pictures are for people
		seen := map[any]bool{}
		actions = slices.DeleteFunc(actions, func(a look) bool {
			again := seen[a.action["type"]] && !strings.HasSuffix(a.name, "-long")
			seen[a.action["type"]] = true
			return again
		})
	}
	for _, window := range []struct {
		name          string
		width, height int64
		options       []chromedp.EmulateViewportOption
	}{
		{"desktop", 1280, 800, nil},
		{"phone", 390, 844, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch}},
	} {
		p := person{t, browsertest.Visitor(t, browser)}
		if err := chromedp.Do(p.tab, chromedp.EmulateViewport(window.width, window.height, window.options...)); err != nil {
			t.Fatalf("window: %v", err)
		}
		for _, a := range actions {
			t.Run(window.name+"/"+a.name, func(t *testing.T) {
				s := openShop(t)
				s.answer = func(decide) []offer { return []offer{shows("c", "s", a.action)} }
				p := person{t, p.tab}
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
