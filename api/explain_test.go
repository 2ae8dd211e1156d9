package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// RuleSets and Past: nothing has been loaded yet, all is in the ledger.
func (r *reports) RuleSets(context.Context, func(string, *ingest.Record) error) error {
	if r.away {
		return errAway
	}
	return nil
}

func (r *reports) Past(context.Context, string, string, uint64, func(string, *ingest.Record) error) error {
	return nil
}

// A decision of a moment ago, explained as it was logged; the same visitor now,
// on another page; and what cannot be asked.
func TestExplain(t *testing.T) {
	t.Parallel()
	s := open(t, previewing)
	var decided struct {
		DecisionID string `json:"decision_id"`
		Visitor    struct{ ID string }
		Decisions  []struct{ Campaign, Variant string }
	}
	s.browser().post("/v1/decide", map[string]any{"consent": "granted", "page": map[string]any{"url": "https://shop.example/cart"}}).is(http.StatusOK).into(&decided)
	visitor, at := decided.Visitor.ID, s.clock.Now()
	seq := s.ledger.Last()
	s.clock.pass(time.Hour)

	ask := func(body map[string]any) answer { return s.trusted().post("/v1/explain", body) }
	var got replay.Answer
	for what, moment := range map[string]any{"by seq": seq, "by time": at.Add(time.Minute).Format(time.RFC3339), "by seq as text": "100000"} {
		got = replay.Answer{}
		ask(map[string]any{"visitor": visitor, "at": moment}).is(http.StatusOK).into(&got)
		if got.Decision != decided.DecisionID || got.AsLogged == nil || !*got.AsLogged || got.Seq != seq || !got.At.Equal(at) || got.Page != "https://shop.example/cart" {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if len(got.Campaigns) != len(s.engine.Live().Set.Campaigns) {
		t.Errorf("%d campaigns are explained", len(got.Campaigns))
	}
	offered := map[string]string{}
	for _, c := range got.Campaigns {
		if c.Reason == "offered" || c.Reason == "control" {
			offered[c.Campaign] = c.Variant
		}
	}
	for _, d := range decided.Decisions {
		if d.Variant != "" && offered[d.Campaign] != d.Variant {
			t.Errorf("%s got %s, explained as %s", d.Campaign, d.Variant, offered[d.Campaign])
		}
	}

	before := s.ledger.Last()
	got = replay.Answer{}
	ask(map[string]any{"visitor": map[string]any{"id": visitor}}).is(http.StatusOK).into(&got)
	if got.AsLogged != nil || got.Decision != "" || !got.At.Equal(s.clock.Now()) || got.Page != "https://shop.example/cart" {
		t.Errorf("now, on the page seen last: %+v", got)
	}
	got = replay.Answer{}
	ask(map[string]any{"visitor": visitor, "page": map[string]any{"url": "https://shop.example/items/1"}, "campaign": "welcome", "at": at.Add(time.Minute).Format(time.RFC3339)}).is(http.StatusOK).into(&got)
	if got.AsLogged != nil || got.Page != "https://shop.example/items/1" || len(got.Campaigns) != 1 || got.Campaigns[0].Campaign != "welcome" || !got.At.Equal(at.Add(time.Minute)) {
		t.Errorf("then, on another page: %+v", got)
	}
	if s.ledger.Last() != before {
		t.Error("explaining was recorded")
	}
	for text, c := range map[string]struct {
		status int
		body   map[string]any
	}{
		"visitor is missing":                 {400, map[string]any{}},
		"page.url is missing":                {400, map[string]any{"visitor": visitor, "page": map[string]any{"title": "t"}}},
		"a trigger goes with a page":         {400, map[string]any{"visitor": visitor, "trigger": "exit_intent", "at": seq}},
		"at is neither a time":               {400, map[string]any{"visitor": visitor, "at": "yesterday"}},
		"nothing is known of visitor nobody": {404, map[string]any{"visitor": "nobody"}},
		"before the visitor's first event":   {404, map[string]any{"visitor": visitor, "at": "2020-01-01T00:00:00Z"}},
		"no campaign xmas was in the rules":  {404, map[string]any{"visitor": visitor, "campaign": "xmas"}},
		"campaign autumn is a draft":         {404, map[string]any{"visitor": visitor, "campaign": "autumn"}},
		"trigger is longer than 256 bytes":   {400, map[string]any{"visitor": visitor, "trigger": strings.Repeat("x", 257)}},
	} {
		if a := ask(c.body).is(c.status); !strings.Contains(string(a.body), text) {
			t.Errorf("%s\nwant it to say %q", a.body, text)
		}
	}
	s.browser().post("/v1/explain", map[string]any{"visitor": visitor}).is(http.StatusForbidden)
	s.reports.away = true
	ask(map[string]any{"visitor": visitor}).is(http.StatusServiceUnavailable)
}
