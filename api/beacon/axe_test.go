package beacon_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// Every action, light and dark, in both languages, passes axe-core's rules of
// WCAG 2.2 A and AA; and its nodes were really looked at.
func TestEveryActionIsAccessible(t *testing.T) {
	t.Parallel()
	script := browsertest.Axe(t)
	browser := person{t, browsertest.New(t)}
	type look struct {
		name   string
		action offer
		more   func(person) // before it is looked at
	}
	survey := func(i int) offer {
		return offer{"type": "survey", "questions": surveyAction["questions"].([]offer)[i : i+1]}
	}
	all := []look{
		{"banner", bannerAction, nil}, {"coupon", couponAction, nil}, {"ranking", rankingAction, nil}, {"modal", modalAction, nil},
		{"slide_in", slideAction, nil}, {"inline", inlineAction, nil}, {"inline-items", inlineItems, nil}, {"chat", chatAction, nil}, {"html", htmlAction, nil},
		{"survey-stars", surveyAction, clicking(".stars label:nth-child(3)")}, {"survey-nps", survey(1), clicking(".nps label:nth-child(3)")},
		{"survey-choice", survey(2), clicking(".choice label:nth-child(1)")}, {"survey-text", survey(3), nil}, {"survey-thanks", survey(3), clicking(".go")},
	}
	visited := 0
	for i, l := range all {
		t.Run(l.name, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(decide) []offer { return []offer{placed(shows("c1", "s1", l.action))} }
			p := person{t, browser.tab}
			p.goes(s.URL + "/start?consent=granted&short&room=320&lang=" + []string{"ja", "en"}[i%2])
			until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
			if l.more != nil {
				l.more(p)
			}
			if err := chromedp.Do(p.tab, chromedp.Evaluate[chromedp.Void](script)); err != nil {
				t.Fatalf("load axe-core: %v", err)
			}
			type result struct {
				Violations []string
				Nodes      []string // of the action, that a rule passed
			}
			// It measures contrast below the body only, and actions stand beside that.
			p.does(`window.host = document.querySelector("omo-action"), window.box = host.shadowRoot.querySelector(".box");
				if (host.parentNode === document.documentElement) { box.close?.(); document.body.append(host); box.showModal?.() }
				Promise.all(host.shadowRoot.getAnimations({subtree: true}).map((a) => a.finished))`)
			for _, theme := range []string{"light", "dark"} {
				r := reads[result](p, `(async () => {
					box.classList.toggle("dark", `+fmt.Sprint(theme == "dark")+`);
					await new Promise((done) => requestAnimationFrame(done));
					await Promise.all(host.shadowRoot.getAnimations({subtree: true}).map((a) => a.finished));
					const found = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]});
					const within = (list) => list.flatMap((rule) => rule.nodes.filter((n) => Array.isArray(n.target[0])).map((n) => rule.id + " " + n.target[0].join(" ") + " " + (n.failureSummary || "")));
					return {Violations: [...within(found.violations), ...found.violations.filter((v) => v.nodes.some((n) => !Array.isArray(n.target[0]))).map((v) => "page " + v.id)], Nodes: within(found.passes)};
				})()`)
				if len(r.Violations) > 0 {
					t.Errorf("%s: violations:\n%s", theme, strings.Join(r.Violations, "\n"))
				}
				if contrast := slices.ContainsFunc(r.Nodes, func(n string) bool { return strings.HasPrefix(n, "color-contrast ") }); len(r.Nodes) < 5 || !contrast {
					t.Errorf("%s: axe-core looked at %d nodes of the action, contrast %v", theme, len(r.Nodes), contrast)
				}
				visited += len(r.Nodes)
			}
		})
	}
	t.Logf("axe-core passed %d rules on nodes of %d actions, light and dark", visited, len(all))
}
