package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
)

func TestFirstVisitMintsAVisitorAndSignsItsCookie(t *testing.T) {
	t.Parallel()
	s := open(t)
	a := s.browser().answered(object{"consent": "granted"})
	d := a.decision()
	if d.Visitor.ID == "" || !d.Visitor.New {
		t.Errorf("visitor %+v", d.Visitor)
	}
	cookie := a.header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "omo_vid=") || !strings.HasSuffix(cookie, "; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax") {
		t.Errorf("cookie %q", cookie)
	}
	if got := d.campaigns(); got != "quiet welcome" {
		t.Errorf("campaigns %q", got)
	}
	same(t, "recorded", s.names(), []string{"page_view", "omo_decision"})
	if r := s.recorded()[0].Event; r.Visitor != d.Visitor.ID || r.Device.Type != "desktop" || r.Page.Path != "/" || r.Geo.IP != "127.0.0.0" {
		t.Errorf("page view %+v, device %+v, geo %+v", r, r.Device, r.Geo)
	}
}

func TestTheCookieIsSecureWhereThePageIs(t *testing.T) {
	t.Parallel()
	forwarded := func(s *shop) string {
		return s.browser().with("X-Forwarded-Proto", "https").answered(nil).is(http.StatusOK).header.Get("Set-Cookie")
	}
	if cookie := forwarded(open(t, trustProxy)); !strings.HasSuffix(cookie, "; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("behind a proxy with TLS: %q", cookie)
	}
	if cookie := forwarded(open(t)); strings.Contains(cookie, "Secure") {
		t.Errorf("without a proxy anybody could claim TLS: %q", cookie)
	}
}

func TestControlIsListedWithoutAction(t *testing.T) {
	t.Parallel()
	a := open(t).browser().answered(nil).is(http.StatusOK)
	if d := a.decision().Decisions[0]; d.Campaign != "quiet" || !d.Control || d.Variant != "control" || d.Token == "" || d.Action != nil {
		t.Errorf("%+v", d)
	}
	if !strings.Contains(string(a.body), `"action":null`) {
		t.Errorf("%s", a.body)
	}
}

func TestActionReachesThePageAsItWasWritten(t *testing.T) {
	t.Parallel()
	d := open(t).browser().decide(nil).Decisions[1]
	if d.Campaign != "welcome" || d.Control || d.Slot != "bar" || d.Action == nil || d.Action.Title != "ようこそ <b>&</b>" {
		t.Errorf("%+v %+v", d, d.Action)
	}
	same(t, "on", d.On, []string{"page_view"})
}

func TestArmedWaitsForItsTrigger(t *testing.T) {
	t.Parallel()
	b := open(t).browser()
	cart := object{"url": "https://shop.example/cart"}
	armed := b.decide(object{"page": cart}).Decisions[0]
	if armed.Campaign != "leaving" || !armed.Armed || armed.Variant != "" || armed.Action != nil || armed.Token != "" {
		t.Errorf("on the page view: %+v", armed)
	}
	same(t, "on", armed.On, []string{"exit_intent"})

	now := b.decide(object{"page": cart, "page_view": false, "trigger": "exit_intent"})
	if now.campaigns() != "leaving" || now.Decisions[0].Armed || now.Decisions[0].Action.Code != "STAY500" || now.Visitor.New {
		t.Errorf("at the trigger: %+v", now)
	}
	if again := b.decide(object{"page": cart, "page_view": false, "trigger": "exit_intent"}); len(again.Decisions) != 0 {
		t.Errorf("once a session, and yet again: %+v", again)
	}
	same(t, "recorded", b.shop.names(), []string{"page_view", "omo_decision", "omo_decision", "omo_decision"})
}

func TestOnlySlotsThatThePageHas(t *testing.T) {
	t.Parallel()
	s := open(t)
	if got := s.browser().decide(object{"slots": list{"bar"}}).campaigns(); got != "welcome" {
		t.Errorf("with a bar: %q", got)
	}
	if got := s.browser().decide(object{"slots": list{}}).campaigns(); got != "" {
		t.Errorf("with no place at all: %q", got)
	}
}

func TestExplainIsForTheSecretKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.browser().answered(object{"explain": true}).says(http.StatusForbidden, "needs_secret", "explain is answered with the secret key only: it tells what the rules are")
	d := s.trusted().decide(object{"explain": true, "slots": list{"corner"}, "consent": "granted"})
	why := map[string]string{}
	for _, x := range d.Suppressed {
		why[x.Campaign] = strings.TrimSpace(x.Reason + " " + x.Detail)
	}
	for campaign, want := range map[string]string{
		"welcome": "slot_taken the page has no slot bar", "leaving": "page /", "gold": `rule_false visitor.rank == "gold"`, "big-cart": "rule_false cart.value >= 5000",
	} {
		if why[campaign] != want {
			t.Errorf("%s: %q, expected %q", campaign, why[campaign], want)
		}
	}
	if s.trusted().decide(nil).Suppressed != nil {
		t.Error("unasked, and yet explained")
	}
}

// A shadow is in no answer but to who asks why: there with the variant.
func TestAShadowIsExplained(t *testing.T) {
	t.Parallel()
	s := open(t, shadow)
	d := s.trusted().decide(object{"explain": true, "consent": "granted"})
	if d.campaigns() != "welcome" || len(d.Suppressed) == 0 || d.Suppressed[0].Campaign != "quiet" || d.Suppressed[0].Reason != "shadow" || d.Suppressed[0].Detail != "the visitor's variant is control" {
		t.Errorf("decided are %q, suppressed %+v", d.campaigns(), d.Suppressed)
	}
	var why replay.Answer
	s.trusted().post("/v1/explain", object{"visitor": d.Visitor.ID, "campaign": "quiet"}).is(http.StatusOK).into(&why)
	if v := why.Campaigns[0]; v.Reason != "shadow" || v.Variant != "control" || v.Detail != "" {
		t.Errorf("explained as %+v", v)
	}
}

func TestContextIsForTheSecretKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	phone := object{"context": object{"user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "ip": "203.0.113.77", "language": "ja-JP"}}
	s.browser().answered(phone).says(http.StatusForbidden, "needs_secret", "context is taken with the secret key only")
	a := s.trusted().answered(phone).is(http.StatusOK)
	if cookie := a.header.Get("Set-Cookie"); cookie != "" {
		t.Errorf("a server was given the cookie %q", cookie)
	}
	if e := s.recorded()[0].Event; e.Device.Type != "mobile" || e.Device.Language != "ja" || e.Geo.IP != "203.0.113.0" {
		t.Errorf("device %+v geo %+v", e.Device, e.Geo)
	}
}

func TestEventsOfACallAreFoldedBeforeItsDecision(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	d := b.decide(object{"events": list{
		object{"id": "018f3c5e-7a11-7000-8000-000000000001", "name": "add_to_cart", "properties": object{"value": 6800}},
		object{"name": "Buy!"},
		object{"name": 7},
	}})
	if got := d.campaigns(); got != "big-cart quiet welcome" {
		t.Errorf("campaigns %q", got)
	}
	if len(d.Rejected) != 2 || d.Rejected[0].Index != 1 || d.Rejected[0].Code != "bad_name" || d.Rejected[1].Index != 2 || d.Rejected[1].Code != "bad_event" {
		t.Errorf("rejected %+v", d.Rejected)
	}
	same(t, "recorded", s.names(), []string{"add_to_cart", "page_view", "omo_decision"})
	if s.ledger.Durable() != s.ledger.Last() {
		t.Errorf("answered before its events were on disk: %d of %d", s.ledger.Durable(), s.ledger.Last())
	}
}

func TestPageViewSentAgainIsCountedOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	const id = "018f3c5e-7a11-7000-8000-0000000000aa"
	visitor := b.decide(object{"page_view_id": id}).Visitor.ID
	s.clock.pass(time.Second)
	b.post("/v1/events", object{"events": list{object{"id": id, "name": "page_view", "page": object{"url": "https://shop.example/"}}}}).is(http.StatusOK)
	same(t, "recorded", s.names(), []string{"page_view", "omo_decision"})
	p, err := s.engine.Profile(visitor)
	if err != nil || p.Pageviews != 1 {
		t.Errorf("%d page views, %v", p.Pageviews, err)
	}
	b.answered(object{"page_view_id": "7"}).says(http.StatusBadRequest, "bad_request", "page_view_id is no UUID: make a UUIDv7 once and keep it when the page view is sent again")
}

func TestDecideRefusals(t *testing.T) {
	t.Parallel()
	s := open(t)
	page := object{"url": "https://shop.example/"}
	many := make(list, 501)
	for i := range many {
		many[i] = object{"name": "look"}
	}
	for name, row := range map[string]struct {
		body    any
		status  int
		code    string
		message string
	}{
		"no page":              {object{}, 400, "bad_request", "page.url is missing: a decision is about a page"},
		"null":                 {"null", 400, "bad_request", "page.url is missing: a decision is about a page"},
		"trigger alone":        {object{"page": page, "trigger": "exit_intent"}, 400, "bad_request", `a trigger goes with "page_view": false: the page view itself was decided before`},
		"no page view alone":   {object{"page": page, "page_view": false}, 400, "bad_request", `"page_view": false goes with a trigger ("exit_intent", "dwell:30s", …)`},
		"endless trigger":      {object{"page": page, "page_view": false, "trigger": strings.Repeat("x", 257)}, 400, "bad_request", "trigger is longer than 256 bytes: it is a word (exit_intent), a word and an amount (dwell:30s) or an event's name"},
		"consent misspelt":     {object{"page": page, "consent": "yes"}, 400, "bad_request", `consent is one of "granted", "denied", "unknown"`},
		"endless id":           {object{"page": page, "visitor": object{"id": strings.Repeat("x", 129)}}, 400, "bad_request", "visitor.id is longer than 128 bytes or has control characters"},
		"id with a line break": {object{"page": page, "visitor": object{"id": "a\nb"}}, 400, "bad_request", "visitor.id is longer than 128 bytes or has control characters"},
		"endless trait":        {object{"page": page, "visitor": object{"traits": object{"plan": strings.Repeat("x", 1025)}}}, 400, "bad_request", "visitor.traits.plan has 1025 bytes, at most 512 are taken"},
		"endless title":        {object{"page": object{"url": "https://shop.example/", "title": strings.Repeat("x", 32<<10)}}, 413, "too_large", "page has 32789 bytes, at most 32768 are taken"},
		"501 events":           {object{"page": page, "events": many}, 413, "too_large", "events has 501, at most 500 are taken at a time"},
		"page is a text":       {object{"page": "https://shop.example/"}, 400, "bad_json", "page is a text, expected an object"},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			s.browser().post("/v1/decide", row.body).says(row.status, row.code, row.message)
		})
	}
	same(t, "recorded", s.names(), []string{})
}
