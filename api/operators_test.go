package api_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
)

// Somebody says that a desk is open: rules see it for five minutes, in decisions
// and in explanations of them alike.
func TestOperators(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *opening) {
		o.files["campaigns/desk.yaml"] = &fstest.MapFile{Data: []byte("id: desk\nstatus: live\nwhen: operators_online() >= 1\nvariants: [{id: a, weight: 1, action: {type: banner, title: t}}]\n")}
	})
	visitor := ""
	offered := func() bool {
		var decided struct {
			Visitor   struct{ ID string }
			Decisions []struct{ Campaign string }
		}
		s.trusted().post("/v1/decide", map[string]any{"visitor": map[string]any{"id": "ann"}, "consent": "granted", "page": map[string]any{"url": "https://shop.example/cart"}}).is(http.StatusOK).into(&decided)
		visitor = decided.Visitor.ID
		for _, d := range decided.Decisions {
			if d.Campaign == "desk" {
				return true
			}
		}
		return false
	}
	explained := func(at any) string {
		var got replay.Answer
		ask := map[string]any{"visitor": visitor, "campaign": "desk", "page": map[string]any{"url": "https://shop.example/cart"}}
		if at != nil {
			ask["at"] = at
		}
		s.trusted().post("/v1/explain", ask).is(http.StatusOK).into(&got)
		return got.Campaigns[0].Reason
	}
	if offered() {
		t.Error("offered with nobody there")
	}
	s.trusted().do(http.MethodPut, "/v1/operators/mika", map[string]any{"online": true, "channels": []string{"chat"}}).is(http.StatusOK)
	if reason := explained(nil); reason != "offered" {
		t.Errorf("somebody is there, and now it would be %s", reason)
	}
	then := s.clock.Now()
	if !offered() {
		t.Error("not offered with somebody there")
	}
	s.clock.pass(5 * time.Minute)
	if offered() {
		t.Error("offered after five minutes without a word")
	}
	if reason := explained(nil); reason != "rule_false" {
		t.Errorf("nobody is there, and now it would be %s", reason)
	}
	if reason := explained(then.Format(time.RFC3339)); reason != "offered" {
		t.Errorf("somebody was there, and then it would have been %s", reason)
	}
	s.trusted().do(http.MethodPut, "/v1/operators/mika", map[string]any{"online": true}).is(http.StatusOK)
	s.trusted().do(http.MethodPut, "/v1/operators/mika", map[string]any{"online": false}).is(http.StatusOK)
	if offered() {
		t.Error("offered after the desk was closed")
	}
	s.trusted().do(http.MethodPut, "/v1/operators/"+strings.Repeat("x", 129), map[string]any{"online": true}).is(http.StatusBadRequest)
	s.trusted().do(http.MethodPut, "/v1/operators/mika", map[string]any{"online": true, "channels": []string{""}}).is(http.StatusBadRequest)
	s.browser().do(http.MethodPut, "/v1/operators/mika", map[string]any{"online": true}).is(http.StatusForbidden)
}
