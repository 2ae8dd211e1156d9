package api_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// comesIn logs somebody in in a browser that is on a page of the screens, and out
// who was in, as another tab of it would.
func comesIn(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(async () => {
		await fetch("/ui/logout", {method: "POST"});
		if (%[1]q) await fetch("/ui/login", {method: "POST", body: new URLSearchParams({name: %[1]q, password: %[2]q})});
	})()`, name, password), chromedp.EvalAwaitPromise)
}

// Who is logged out, or may not do it, reads that and what to do about it; what was
// written stays, and is sent by the next press after logging in.
func TestPressingAfterALogout(t *testing.T) {
	t.Parallel()
	tab, stop := context.WithTimeout(browsertest.New(t), 5*time.Minute)
	defer stop()
	s, _ := staffed(t)
	const (
		text  = `document.querySelector("[name=yaml]")`
		login = `document.querySelector('#connection a[href="/ui/login"][target=_blank]')`
		press = `.go button.main`
	)
	says := func(ja string) chromedp.Action[chromedp.Void] {
		return holds(fmt.Sprintf(`%s.includes(%q) && %s.includes("name: 書きかけ")`, connectionSays, ja, text+".value"))
	}
	does := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			said, _ := chromedp.Run(tab, chromedp.Evaluate[string](connectionSays))
			t.Fatalf("%s: the screen says %q: %v", what, said, err)
		}
	}
	does("logged in", chromedp.Navigate(s.URL+"/ui/login"), comesIn("edit"), chromedp.Navigate(s.URL+"/ui/playground"), edited,
		chromedp.Evaluate[chromedp.Void](`(() => { const t = `+text+`; t.value = t.value.replace(/name: .*/, "name: 書きかけ"); t.dispatchEvent(new Event("input", {bubbles: true})); })()`),
		chromedp.WaitVisible(`#findings p.up`))
	does("logged out", comesIn(""), clicks(press), says("ログインの期限が切れました"), holds(login+`.checkVisibility()`))
	does("with too little", comesIn("view"), clicks(press), says("この操作をする権限がありません"), holds(`!`+login+`.checkVisibility()`))
	does("logged in again", comesIn("edit"), clicks(press), holds(`document.querySelector("#trial .verdict-line")?.textContent.includes("書きかけ") && `+connectionSays+` === ""`))
}
