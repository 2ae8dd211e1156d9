package beacon_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// A deed is what a visitor does with an open action, and what becomes known of it.
type deed struct {
	name   string
	action offer
	act    func(person)
	told   map[string]string // event → "property=value …" that it says, of each
	closes bool
}

// deeds are of every type of action: it is used, and it is closed.
var deeds = []deed{
	{"banner", bannerAction, clicking(".x"), told("omo_close by=button"), true},
	{"modal, its link", stays(modalAction), clicking(".go"), told("omo_click target=link"), false},
	{"modal, its button", offer{"type": "modal", "title": "お知らせ", "button": "わかりました"}, clicking(".go"), told("omo_click target=button", "omo_close by=click"), true},
	{"modal, Escape", modalAction, pressing(kb.Escape), told("omo_close by=escape"), true},
	{"modal, beside it", modalAction, person.pressesBeside, told("omo_close by=outside"), true},
	{"slide_in, its link", stays(slideAction), clicking(".go"), told("omo_click target=link"), false},
	{"slide_in, Escape", slideAction, pressing(kb.Escape), told("omo_close by=escape"), true},
	{"slide_in, the cross", slideAction, clicking(".x"), told("omo_close by=button"), true},
	{"inline, its link", stays(inlineAction), clicking(".go"), told("omo_click target=link"), false},
	{"inline, an item", inlineItems, func(p person) { p.does(`addEventListener("click", (e) => e.preventDefault())`); p.clicks("li .item") }, told("omo_click target=item:1"), false},
	{"inline, the cross", inlineAction, clicking(".x"), told("omo_close by=button"), true},
	{"survey, the cross", surveyAction, clicking(".x"), told("omo_close by=button"), true},
	{"survey, Escape", surveyAction, pressing(kb.Escape), told("omo_close by=escape"), true},
	{"survey, all of it", surveyAction, answering, told("omo_answer question=recommend answer=9 question=stars answer=4 question=words answer=また来ます"), false},
	{"chat, a channel of the page", chatAction, func(p person) {
		p.clicks(".way")
		if got := reads[string](p, `JSON.stringify(opened)`); got != `[{"campaign":"c1","variant":"v1"}]` {
			p.t.Errorf("the hook was called with %s", got)
		}
	}, told("omo_chat state=offered channels=chat,phone,line,video,form,faq topic=お茶選びでお困りですか state=accepted channel=chat topic=お茶選びでお困りですか", "omo_click target=channel:chat", "omo_close by=click"), true},
	{"chat, Escape", chatAction, pressing(kb.Escape), told("omo_chat state=offered", "omo_close by=escape"), true},
	{"html, a link", htmlAction, func(p person) { p.does(`addEventListener("click", (e) => e.preventDefault())`); p.clicks(".rich a") }, told("omo_click target=link"), false},
	{"html, the cross", htmlAction, clicking(".x"), told("omo_close by=button"), true},
	{"coupon, its code", couponAction, clicking(".copy"), told("omo_click target=copy"), false},
	{"ranking, the cross", rankingAction, clicking(".x"), told("omo_close by=button"), true},
}

func clicking(selector string) func(person) { return func(p person) { p.clicks(selector) } }
func pressing(key string) func(person)      { return func(p person) { p.presses(key) } }

// stays is the action with a link that does not leave the page.
func stays(action offer) offer {
	out := offer{}
	for key, value := range action {
		out[key] = value
	}
	out["link"] = "#here"
	return out
}

func told(events ...string) map[string]string {
	out := map[string]string{}
	for _, e := range events {
		name, what, _ := strings.Cut(e, " ")
		out[name] = what
	}
	return out
}

// answering goes through the survey as a visitor would; the third question is left out.
func answering(p person) {
	p.clicks(".go") // must answer the first: nothing happens
	p.sees(".stars")
	p.clicks(".stars label:nth-child(4)")
	p.clicks(".go")
	p.sees(".nps")
	p.clicks(".nps label:nth-child(10)")
	p.clicks(".go")
	p.sees(".choice")
	until(p.t, "the question after it", func() bool { // nobody leaves one out at once
		if p.counts("textarea") == 0 {
			p.clicks(".go")
		}
		return p.counts("textarea") > 0
	})
	p.clicks("textarea")
	p.types("また来ます")
	p.clicks(".go")
	p.sees(".thanks")
}

// Every action on a page with a strict policy that enforces Trusted Types: it is
// shown, exposed once, used and closed; all of that is told; and the browser saw
// no violation.
func TestEveryActionOnAStrictPage(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t) // one for all: each page is a site of its own, with its own storage
	person{t, tab}.before(`window.broken = []; addEventListener("securitypolicyviolation", (e) => broken.push(e.violatedDirective + " " + e.sample)); window.opened = []; window.Desk = {open: (about) => opened.push(about)}`)
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			s, page := openShop(t), openShop(t) // script-src names the origin of the beacon and no other
			s.answer = func(c decide) []offer { return []offer{placed(shows("c1", "s1", d.action))} }
			p := person{t, tab}
			p.goes(page.URL + "/start?csp&room=320&consent=granted&src=" + s.URL)
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			d.act(p)
			for name, what := range d.told {
				until(t, name+" "+what, func() bool { return says(s.named(name), what) })
			}
			want := 1
			if d.closes {
				want = 0
			}
			if n := p.counts(".box"); n != want {
				t.Errorf("%d actions are open after, want %d", n, want)
			}
			if broken := reads[[]string](p, `broken`); len(broken) > 0 {
				t.Errorf("violations: %q", broken)
			}
			if errors := s.named("omo_error"); len(errors) > 0 {
				t.Errorf("errors: %+v", errors)
			}
			for _, e := range append(s.named("omo_answer"), s.named("omo_chat")...) {
				if e.Properties["campaign"] != "c1" || e.Properties["variant"] != "v1" || e.Properties["token"] != "t-c1" {
					t.Errorf("%s = %+v", e.Name, e.Properties)
				}
			}
		})
	}
}

// says whether the events hold all those properties, and where a property is
// named several times, as many events of that name there are.
func says(events []event, what string) bool {
	counts := map[string]int{}
	for _, e := range events {
		for name, value := range e.Properties {
			counts[fmt.Sprintf("%s=%v", name, value)]++
		}
	}
	asked := map[string]int{}
	for _, word := range strings.Fields(what) {
		asked[word]++
	}
	for word, n := range asked {
		if counts[word] != n {
			return false
		}
	}
	return len(events) == max(1, strings.Count(what, "question="), strings.Count(what, "state="))
}

// placed gives a decision the place that its action needs, as the server does.
func placed(o offer) offer {
	if action, is := o["action"].(offer); is && action["selector"] != nil {
		o["selector"] = action["selector"]
	}
	return o
}

// What is above the page stays out of reach of its scripts.
func TestTheShadowRootIsClosed(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer { return []offer{shows("c1", "s1", modalAction)} }
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?shut&consent=granted")
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	if !reads[bool](p, `document.querySelector("omo-action").shadowRoot === null`) {
		t.Error("the page can reach into an action")
	}
}
