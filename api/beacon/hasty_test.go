package beacon_test

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// The second half of a double click answers no question that nobody has read.
func TestADoubleClickLeavesNoQuestionOut(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(decide) []offer { return []offer{shows("c1", "s1", surveyAction)} }
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	p.clicks(".stars label:nth-child(4)")
	p.does(`window.survey = document.querySelector("omo-action").shadowRoot; survey.querySelector(".go").click(); survey.querySelector(".go").click()`)
	if p.counts(".nps") != 1 {
		t.Fatalf("it asks %q", reads[string](p, `survey.querySelector("legend").textContent`))
	}
	until(t, "the next question, for who leaves this one out", func() bool {
		if p.counts(".choice") == 0 {
			p.does(`survey.querySelector(".go").click()`)
		}
		return p.counts(".choice") == 1
	})
	p.does(`survey.querySelector("input").checked = true; survey.querySelector(".go").click()`) // an answer counts however fast
	if p.counts("textarea") != 1 {
		t.Error("a fast answer was not taken")
	}
	until(t, "both answers", func() bool {
		return says(s.named("omo_answer"), "question=stars answer=4 question=doubt answer=味の違い")
	})
}

// Text that is marked with the pointer is marked, wherever the pointer ends.
func TestMarkingTextClosesNoModal(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	survey := offer{"type": "survey", "position": "center", "questions": surveyAction["questions"].([]offer)[3:]}
	for selector, action := range map[string]offer{"textarea": survey, ".code": couponAction} {
		t.Run(selector, func(t *testing.T) {
			s := openShop(t)
			p := opens(t, browser, s, "", action)
			p.does(`window.done = 0; addEventListener("mouseup", () => setTimeout(() => done++))`)
			at := reads[[]float64](p, `(async () => {
				const root = document.querySelector("omo-action").shadowRoot;
				await Promise.all([...root.querySelectorAll("img")].map((i) => i.decode()));
				await Promise.all(root.getAnimations().map((a) => a.finished));
				await new Promise((late) => setTimeout(late, 600)); // enough to be a press beside it
				const box = root.querySelector(`+quoted(selector)+`).getBoundingClientRect();
				return [box.x + box.width / 2, box.y + box.height / 2];
			})()`)
			for _, step := range []struct {
				kind input.DispatchMouseEventType
				x    float64
			}{{input.DispatchMouseEventTypeMousePressed, at[0]}, {input.DispatchMouseEventTypeMouseMoved, 300}, {input.DispatchMouseEventTypeMouseReleased, 200}} {
				if err := chromedp.Do(p.tab, chromedp.MouseEvent(step.kind, step.x, at[1], chromedp.ButtonLeft, chromedp.ClickCount(1))); err != nil {
					t.Fatalf("drag: %v", err)
				}
			}
			until(t, "the end of the dragging", func() bool { return reads[int](p, `done`) == 1 })
			if p.counts(".box") != 1 {
				t.Fatal("it closed the modal")
			}
			p.pressesBeside()
		})
	}
}

// A press that opens a modal, or comes right after one did, does not close it.
func TestADoubleClickThatOpensAModalLeavesItOpen(t *testing.T) {
	t.Parallel()
	browser := person{t, browsertest.New(t)}
	for name, kinds := range map[string]string{"pressed before it opened": `["click"]`, "pressed right after": `["pointerdown", "click"]`} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(decide) []offer { return []offer{shows("c1", "s1", modalAction)} }
			p := person{t, browsertest.Visitor(t, browser.tab)}
			p.before(`new MutationObserver((_, watch) => {
				const box = document.querySelector("omo-action")?.shadowRoot.querySelector("dialog[open]");
				if (!box) return;
				watch.disconnect();
				for (const kind of ` + kinds + `) box.dispatchEvent(new PointerEvent(kind, {bubbles: true, composed: true}));
				window.pressed = true;
			}).observe(document, {childList: true, subtree: true})`)
			p.goes(s.URL + "/a?consent=granted")
			until(t, "the press", func() bool { return reads[bool](p, `!!window.pressed`) })
			if p.counts(".box") != 1 {
				t.Fatal("it closed the modal")
			}
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			p.pressesBeside()
			until(t, "the close", func() bool { return says(s.named("omo_close"), "by=outside") })
		})
	}
}
