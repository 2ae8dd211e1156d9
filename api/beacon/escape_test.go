package beacon_test

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// pressed says on the page that an Escape went its whole way, the browser's own part of it too.
const pressed = `window.escapes = 0; addEventListener("keyup", (e) => { if (e.key === "Escape") escapes++ }, true)`

// escapes presses Escape, and waits until whatever it does is done.
func (p person) escapes() {
	p.t.Helper()
	before := reads[int](p, `escapes`)
	p.presses(kb.Escape)
	until(p.t, "the key's end", func() bool { return reads[int](p, `escapes`) > before })
	p.does(`new Promise((done) => setTimeout(done))`)
}

// closed are the campaigns whose close is told, once as many are.
func (s *shop) closed(t testing.TB, n int) []string {
	t.Helper()
	until(t, "the closes", func() bool { return len(s.named("omo_close")) >= n })
	return campaignsOf(s.named("omo_close"))
}

// One Escape closes one thing: the window over the page, then what has the focus,
// then what came last.
func TestAnEscapeClosesOneThing(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer {
		return []offer{
			shows("modal", "", modalAction), shows("slide", "", slideAction), shows("coupon", "", couponAction),
			placed(shows("inline", "", inlineAction)), shows("banner", "", bannerAction), shows("ranking", "", rankingAction),
		}
	}
	p := person{t, browsertest.New(t)}
	p.before(pressed)
	p.goes(s.URL + "/a?consent=granted&room=96")
	until(t, "the exposures", func() bool { return len(s.named("omo_exposure")) == 6 })
	var before []string
	for i, want := range []string{"coupon", "modal", "slide", "ranking", "banner"} {
		if want == "slide" { // has the focus; the others came later
			p.does(`document.querySelectorAll("omo-action").forEach((host) => host.shadowRoot.querySelector(".corner .go")?.focus())`)
		}
		p.escapes()
		got := s.closed(t, i+1)
		if before = append(before, want); len(got) != i+1 || !slices.Contains(got, want) || p.counts(".box") != 5-i {
			t.Fatalf("after %d times Escape %v are closed and %d open, want %v", i+1, got, p.counts(".box"), before)
		}
	}
	p.escapes() // what is a part of the page stays, unless it has the focus
	if n := p.counts(".inline"); n != 1 {
		t.Error("an Escape somewhere on the page closed what is a part of it")
	}
	p.does(`document.querySelector("omo-action").shadowRoot.querySelector(".x").focus()`)
	p.escapes()
	if got := s.closed(t, 6); !slices.Contains(got, "inline") {
		t.Errorf("closed are %v", got)
	}
}

// The page's own windows close, and what is ours stays.
func TestAnEscapeForThePageIsNotForUs(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for name, page := range map[string]string{
		"a dialog":                           `document.body.insertAdjacentHTML("beforeend", "<dialog id=own><input></dialog>"); own.showModal()`,
		"a dialog that its script closes":    `document.body.insertAdjacentHTML("beforeend", "<dialog id=own><input></dialog>"); own.showModal(); document.addEventListener("keydown", (e) => e.key === "Escape" && own.close())`,
		"a dialog within a component":        `window.own = document.body.appendChild(document.createElement("div")).attachShadow({mode: "open"}).appendChild(document.createElement("dialog")); own.append(document.createElement("input")); own.showModal()`,
		"a menu that takes the key":          `window.own = {open: true}; document.addEventListener("keydown", (e) => { if (own.open) e.preventDefault(); own.open = false })`,
		"a dialog that lies above our modal": `document.body.insertAdjacentHTML("beforeend", "<dialog id=own><input></dialog>"); own.showModal()`,
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			action := bannerAction
			if name == "a dialog that lies above our modal" {
				action = modalAction
			}
			s.answer = func(decide) []offer { return []offer{shows("c1", "s1", action)} }
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(pressed)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			p.clicks(".words") // the browser knows of a person
			p.does(page)
			p.escapes()
			if reads[bool](p, `own.open`) || p.counts(".box") != 1 {
				t.Fatalf("the page's is open: %v; %d of ours are, want 1", reads[bool](p, `own.open`), p.counts(".box"))
			}
			p.escapes()
			if got := s.closed(t, 1); p.counts(".box") != 0 {
				t.Errorf("the next Escape is ours, and closed %v", got)
			}
		})
	}
}

// An Escape that takes back what an input method composes is no close.
func TestAnEscapeWhileComposingClosesNothing(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	for _, position := range []string{"bottom-right", "center"} {
		t.Run(position, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(decide) []offer {
				return []offer{shows("c1", "s1", offer{"type": "survey", "position": position, "questions": surveyAction["questions"].([]offer)[3:]})}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.before(pressed + `; addEventListener("keydown", (e) => (window.composing = e.isComposing), true)`)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			p.clicks("textarea")
			p.types("とても良い")
			if err := compose(p, "おみせ"); err != nil {
				t.Fatalf("compose: %v", err)
			}
			p.escapes()
			if !reads[bool](p, `composing`) {
				t.Fatal("the test composes nothing")
			}
			// Safari ends the composition before it tells of the key, which has a code of its own then.
			if err := compose(p, ""); err != nil {
				t.Fatalf("compose: %v", err)
			}
			p.does(`document.querySelector("omo-action").shadowRoot.querySelector("textarea").dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", keyCode: 229, bubbles: true, composed: true, cancelable: true}))`)
			if text := reads[string](p, `document.querySelector("omo-action")?.shadowRoot.querySelector("textarea").value || ""`); text != "とても良い" {
				t.Fatalf("the text is %q", text)
			}
			p.escapes()
			if got := s.closed(t, 1); p.counts(".box") != 0 {
				t.Errorf("the next Escape is a close: %v", got)
			}
		})
	}
}

func compose(p person, text string) error {
	_, err := chromedp.Call(p.tab, input.ImeSetComposition, input.ImeSetCompositionParams{Text: text, SelectionStart: int64(len([]rune(text))), SelectionEnd: int64(len([]rune(text)))})
	return err
}
