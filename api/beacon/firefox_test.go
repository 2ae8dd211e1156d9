package beacon_test

import (
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// The story of one visitor in another maker's browser: what is shown, armed,
// told by the dataLayer, closed, asked, kept over pages and sent when the page
// is left, under a strict policy.
func TestSmokeInFirefox(t *testing.T) {
	t.Parallel()
	fox := browsertest.Firefox(t)
	s, shopPage := openShop(t), openShop(t)
	s.answer = func(d decide) []offer {
		switch {
		case d.Trigger == "exit_intent":
			return []offer{shows("rescue", "modal", couponAction)}
		case d.Trigger != "" || !strings.Contains(d.Page.URL, "/a"):
			return nil
		}
		return []offer{shows("b", "bar", bannerAction), shows("ctl", "corner", nil), waits("rescue", "modal", "exit_intent")}
	}
	reads := func(script string) string {
		t.Helper()
		var value any
		if err := fox.Reads("String("+script+")", &value); err != nil {
			return "" // the page is on its way
		}
		return value.(string)
	}
	sees := func(selector string) {
		t.Helper()
		until(t, selector, func() bool {
			return reads(`[...document.querySelectorAll("omo-action")].some((h) => h.shadowRoot.querySelector(`+quoted(selector)+`))`) == "true"
		})
	}
	fox.Before(noticed + `window.broken = []; addEventListener("securitypolicyviolation", (e) => broken.push(e.violatedDirective + " " + e.blockedURI));` + gtag)
	fox.Goes(shopPage.URL + "/a?csp&consent=granted&src=" + s.URL)
	sees(".bar")
	until(t, "both exposures", func() bool { return len(s.named("omo_exposure")) == 2 })
	until(t, "the tap and the watch", func() bool { return s.asked("GET /m/d.js") == 1 && s.asked("GET /m/t.js") == 1 })
	fox.Does(`gtag("event", "add_to_cart", {value: 6800})`)
	until(t, "the dataLayer's event", func() bool { return len(s.named("add_to_cart")) == 1 })
	fox.Does(leaves)
	sees(".card")
	until(t, "the exposure of what was armed", func() bool { return len(s.named("omo_exposure")) == 3 })
	fox.Does(`[...document.querySelectorAll("omo-action")].map((h) => h.shadowRoot.querySelector(".card .x")).find(Boolean).click()`)
	until(t, "the close", func() bool { return len(s.named("omo_close")) == 1 })
	fox.Does(`omo("why")`)
	until(t, "the dialog", func() bool { return reads(`!!document.querySelector("omo-why")`) == "true" })
	fox.Does(`document.querySelector("omo-why").shadowRoot.querySelector(".main").click(); omo("track", "last_words"); await new Promise((done) => setTimeout(done, 100))`)
	for _, list := range []string{"problems", "broken"} {
		if got := reads(`JSON.stringify(` + list + `)`); got != "[]" {
			t.Errorf("%s: %s", list, got)
		}
	}
	fox.Goes(shopPage.URL + "/b?csp&consent=granted&src=" + s.URL)
	until(t, "the next page view, of the same visitor", func() bool {
		calls := s.calls()
		last := calls[len(calls)-1]
		return strings.Contains(last.Page.URL, "/b") && last.Visitor.ID == "minted-1"
	})
	for _, name := range []string{"last_words", "omo_engagement"} {
		until(t, name, func() bool { return len(s.named(name)) == 1 })
	}
	if n := len(s.named("omo_error")); n > 0 {
		t.Errorf("errors = %+v", s.named("omo_error"))
	}
}
