package beacon_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// Where the visitor's system allows a few colours only, what can be pressed is seen,
// and so is what was chosen.
func TestForcedColoursHideNothing(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	opened := func(t *testing.T, action offer) person {
		s := openShop(t)
		s.answer = func(decide) []offer { return []offer{shows("c1", "s1", action)} }
		p := person{t, browsertest.Visitor(t, browser.tab)}
		p.media("forced-colors", "active")
		p.goes(s.URL + "/start?consent=granted")
		until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
		return p
	}
	for name, action := range map[string]offer{"banner": bannerAction, "ranking": rankingAction, "coupon": couponAction, "modal": modalAction, "survey": surveyAction} {
		t.Run(name, func(t *testing.T) {
			p := opened(t, action)
			if look := p.picture(".x"); !apart(look.at(.5, .5), look.at(.5, .25)) {
				t.Error("its cross is not seen")
			}
			for _, button := range []string{".x", ".y", ".go", ".copy"} {
				if p.counts(button) > 0 {
					if look := p.picture(button); !apart(look.At(look.Rect.Min.X+look.Rect.Dx()/2, look.Rect.Min.Y), look.at(.5, .15)) {
						t.Errorf("%s has no edge", button)
					}
				}
			}
		})
	}
	t.Run("the stars", func(t *testing.T) {
		p := opened(t, surveyAction)
		p.clicks(".stars label:nth-child(2)")
		p.movesTo(5, 5)
		var stars []color.Color
		for _, star := range []string{"1", "2", "3"} {
			look := p.picture(".stars label:nth-child(" + star + ") span")
			if stars = append(stars, look.at(.5, .5)); !apart(look.at(.5, .5), look.at(.04, .04)) {
				t.Errorf("star %s is not seen", star)
			}
		}
		if apart(stars[0], stars[1]) || !apart(stars[1], stars[2]) {
			t.Errorf("two of three stars are chosen: %v", stars)
		}
	})
	t.Run("a choice", func(t *testing.T) {
		p := opened(t, offer{"type": "survey", "questions": surveyAction["questions"].([]offer)[2:3]})
		p.clicks(".choice label:nth-child(2)")
		p.movesTo(5, 5)
		if chosen, other := p.picture(":checked + span").at(.02, .5), p.picture(".choice label:first-child span").at(.02, .5); !apart(chosen, other) {
			t.Errorf("what is chosen is %v, what is not %v", chosen, other)
		}
	})
}

// A look is the part of a screenshot with one element.
type look struct{ *image.NRGBA }

func (l look) at(x, y float64) color.Color {
	size := l.Rect.Size()
	return l.At(l.Rect.Min.X+int(x*float64(size.X)), l.Rect.Min.Y+int(y*float64(size.Y)))
}

func (p person) picture(selector string) look {
	p.t.Helper()
	at := reads[[]int](p, `(async () => {
		const host = document.querySelector("omo-action"), root = host.shadowRoot;
		await Promise.all([...root.querySelectorAll("img")].map((i) => i.decode().catch(() => 0)));
		await Promise.all(root.getAnimations({subtree: true}).map((a) => a.finished));
		const {left, top, right, bottom} = root.querySelector(`+quoted(selector)+`).getBoundingClientRect();
		return [left, top, right, bottom].map(Math.round);
	})()`)
	shot, err := chromedp.Run(p.tab, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatalf("screenshot: %v", err)
	}
	whole, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		p.t.Fatalf("screenshot: %v", err)
	}
	part := image.NewNRGBA(image.Rect(at[0], at[1], at[2], at[3]))
	for y := at[1]; y < at[3]; y++ {
		for x := at[0]; x < at[2]; x++ {
			part.Set(x, y, whole.At(x, y))
		}
	}
	return look{part}
}

// apart says whether two colours can be told from each other.
func apart(a, b color.Color) bool {
	r1, g1, b1, _ := a.RGBA()
	r2, g2, b2, _ := b.RGBA()
	far := func(x, y uint32) int { return max(int(x), int(y)) - min(int(x), int(y)) }
	return far(r1, r2)+far(g1, g2)+far(b1, b2) > 0x6000
}
