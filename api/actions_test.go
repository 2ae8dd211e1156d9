package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/rules"
)

// A page gets what only its moment knows: the channels that somebody is there
// for, the items that sell best; control gets the place that it needs as well.
func TestActionsAreFilledForTheirMoment(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *opening) {
		o.files["campaigns/actions.yaml"] = &fstest.MapFile{Data: []byte(`
id: talk
status: live
variants: [{id: a, weight: 1, action: {type: chat, title: t, channels: [{type: chat, hook: openChat, staffed: true}, {type: video, link: /book, staffed: true}, {type: faq, link: /faq}]}}]
---
id: best
status: live
variants: [{id: a, weight: 1, action: {type: ranking, title: t, event: purchase}}]
---
id: here
status: live
variants: [{id: control, weight: 1}, {id: a, weight: 0, action: {type: inline, title: t, selector: "#recommend", height: 80}}]
`)}
	})
	gets := func(want map[string]string) {
		t.Helper()
		var decided struct{ Decisions []map[string]any }
		s.browser().post("/v1/decide", object{"page": object{"url": "https://shop.example/x"}, "consent": "granted"}).is(http.StatusOK).into(&decided)
		got := map[string]string{}
		for _, d := range decided.Decisions {
			action, err := json.Marshal(d["action"])
			if err != nil {
				t.Fatal(err)
			}
			place, _ := d["selector"].(string)
			got[d["campaign"].(string)] = string(action) + place
		}
		for campaign, action := range want {
			if got[campaign] != action {
				t.Errorf("%s: %s, want %s", campaign, got[campaign], action)
			}
		}
	}
	const faq = `{"link":"/faq","type":"faq"}`
	gets(map[string]string{"talk": `{"channels":[` + faq + `],"title":"t","type":"chat"}`, "best": "", "here": "null#recommend"})
	s.trusted().do(http.MethodPut, "/v1/operators/mika", map[string]any{"online": true, "channels": []string{"chat"}}).is(http.StatusOK)
	s.engine.Rank(map[string][]rules.RankItem{"purchase 168h0m0s 5": {{ID: "tea", Name: "煎茶", URL: "/items/tea"}}})
	gets(map[string]string{
		"talk": `{"channels":[{"hook":"openChat","type":"chat"},` + faq + `],"title":"t","type":"chat"}`,
		"best": `{"items":[{"name":"煎茶","url":"/items/tea"}],"title":"t","type":"ranking"}`,
	})
	s.trusted().do(http.MethodPut, "/v1/operators/ken", map[string]any{"online": true}).is(http.StatusOK)
	gets(map[string]string{"talk": `{"channels":[{"hook":"openChat","type":"chat"},{"link":"/book","type":"video"},` + faq + `],"title":"t","type":"chat"}`})
	s.clock.pass(5 * time.Minute)
	gets(map[string]string{"talk": `{"channels":[` + faq + `],"title":"t","type":"chat"}`})
}
