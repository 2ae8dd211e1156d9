package beacon_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// What a page says of its language is often no tag that the browser knows: dates and
// prices are written all the same, in what is meant, else in the visitor's language.
func TestDatesAndPricesWhateverThePageCallsItsLanguage(t *testing.T) {
	t.Parallel()
	browser := browsertest.New(t)
	const inJapanese, inEnglish, inChinese = "閉じる 2030年11月22日", "Close November 22, 2030", "Close 2030年11月22日"
	for lang, want := range map[string]string{"ja_JP": inJapanese, "JA": inJapanese, "日本語": inJapanese, "en_US": inEnglish, "zh_CN": inChinese} {
		t.Run(lang, func(t *testing.T) {
			s := openShop(t)
			s.answer = func(decide) []offer {
				return []offer{shows("coupon", "modal", couponAction), shows("ranking", "shelf", rankingAction)}
			}
			p := person{t, browsertest.Visitor(t, browser)}
			p.goes(s.URL + "/a?consent=granted&lang=" + url.QueryEscape(lang))
			until(t, "an end of the opening", func() bool { return len(s.named("omo_exposure")) == 2 || len(s.named("omo_error")) > 0 })
			if errors := s.named("omo_error"); len(errors) > 0 {
				t.Fatalf("errors: %+v", errors)
			}
			says := reads[string](p, `(() => {
				const [coupon, ranking] = [...document.querySelectorAll("omo-action")].map((host) => host.shadowRoot);
				return [coupon.querySelector(".x").ariaLabel, coupon.querySelector(".expiry").textContent, ranking.querySelector(".price").textContent].join(" ");
			})()`)
			label, date, _ := strings.Cut(want, " ")
			if !strings.HasPrefix(says, label+" ") || !strings.Contains(says, date) || !strings.Contains(says, "1,080") {
				t.Errorf("it says %q, want %s, %s and the price", says, label, date)
			}
			p.does(`omo("why")`)
			until(t, "the answer to why", func() bool { return reads[bool](p, `!!document.querySelector("omo-why")`) })
			title := map[bool]string{true: "なぜ表示されているのですか？", false: "Why do I see this?"}[want == inJapanese]
			if got := reads[string](p, `document.querySelector("omo-why").shadowRoot.querySelector("h2").textContent`); got != title {
				t.Errorf("why is called %q, want %q", got, title)
			}
		})
	}
}
