package beacon_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A person sits before one browser tab.
type person struct {
	t   testing.TB
	tab context.Context
}

func (p person) goes(url string) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, chromedp.Navigate(url)); err != nil {
		p.t.Fatalf("go to %s: %v", url, err)
	}
}

// does runs a script on the page, and waits for its promise.
func (p person) does(script string) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, chromedp.Evaluate[chromedp.Void](script, chromedp.EvalAwaitPromise)); err != nil {
		p.t.Fatalf("run %s: %v", script, err)
	}
}

func (p person) presses(key string) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, chromedp.KeyEvent(key)); err != nil {
		p.t.Fatalf("press %q: %v", key, err)
	}
}

// movesTo moves the real pointer, as the browser sees it.
func (p person) movesTo(x, y float64) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y)); err != nil {
		p.t.Fatalf("move the pointer: %v", err)
	}
}

// reads gives the value of an expression on the page, or of its promise. Where
// the page goes away under it, the next page is asked.
func reads[T any](p person, script string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	for tries := 0; err != nil && tries < 3 && strings.Contains(err.Error(), "navigated or closed"); tries++ {
		value, err = chromedp.Run(p.tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	}
	if err != nil {
		p.t.Fatalf("read %s: %v", script, err)
	}
	return value
}

// sees waits for a selector inside the shadow root of an open action.
func (p person) sees(selector string) {
	p.t.Helper()
	until(p.t, "the visitor sees "+selector, func() bool { return p.counts(selector) > 0 })
}

// counts says how many elements match inside all open actions.
func (p person) counts(selector string) int {
	p.t.Helper()
	return reads[int](p, `[...document.querySelectorAll("omo-action")].reduce((n, host) => n + host.shadowRoot.querySelectorAll(`+quoted(selector)+`).length, 0)`)
}

// clicks clicks an element inside an open action with the real pointer.
func (p person) clicks(selector string) {
	p.t.Helper()
	p.sees(selector)
	at := reads[[]float64](p, `(async () => {
		const host = [...document.querySelectorAll("omo-action")].find((h) => h.shadowRoot.querySelector(`+quoted(selector)+`));
		const node = host.shadowRoot.querySelector(`+quoted(selector)+`);
		await Promise.all([...host.shadowRoot.querySelectorAll("img")].map((i) => i.decode().catch(() => 0))); // they make room for themselves
		await Promise.all(host.shadowRoot.getAnimations({subtree: true}).map((a) => a.finished));
		const box = node.getBoundingClientRect();
		return [box.x + box.width / 2, box.y + box.height / 2];
	})()`)
	p.clicksAt(at[0], at[1])
}

// offline takes the network away from the page, or gives it back.
func (p person) offline(yes bool) {
	p.t.Helper()
	_, err := chromedp.Call(p.tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: yes, DownloadThroughput: -1, UploadThroughput: -1}},
	})
	if err == nil {
		_, err = chromedp.Call(p.tab, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: yes, DownloadThroughput: -1, UploadThroughput: -1})
	}
	if err != nil {
		p.t.Fatalf("set offline %v: %v", yes, err)
	}
	until(p.t, "the page knows", func() bool { return reads[bool](p, `navigator.onLine`) != yes })
}

// quoted writes text as a script's string.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return string(b)
}

// before runs a script on each later page ahead of the page's own.
func (p person) before(script string) {
	p.t.Helper()
	_, err := chromedp.Call(p.tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	if err != nil {
		p.t.Fatalf("prepare the page: %v", err)
	}
}

// clicksAt clicks a point of the window.
func (p person) clicksAt(x, y float64) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, chromedp.MouseClickXY(x, y)); err != nil {
		p.t.Fatalf("click at %v, %v: %v", x, y, err)
	}
}

// pressesBeside presses beside a modal until it is closed: not at once, for nobody can mean that.
func (p person) pressesBeside() {
	p.t.Helper()
	until(p.t, "a press beside it closes it", func() bool {
		if p.counts(".box") == 0 {
			return true
		}
		p.clicksAt(20, 20)
		return false
	})
}

// types enters text where the focus is.
func (p person) types(text string) {
	p.t.Helper()
	if _, err := chromedp.Call(p.tab, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.t.Fatalf("type %q: %v", text, err)
	}
}
