package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

const ofrep = "/ofrep/v1/evaluate/flags"

// evaluation is what tests read of one.
type evaluation struct {
	Key, Reason, Variant string
	Value                object
	Metadata             map[string]string
}

// evaluate asks for one campaign.
func (c caller) evaluate(campaign string, context object) evaluation {
	c.shop.t.Helper()
	var e evaluation
	a := c.post(ofrep+"/"+campaign, object{"context": context}).is(http.StatusOK)
	a.into(&e)
	if e.Key != campaign {
		c.shop.t.Errorf("asked for %s: %s", campaign, a.body)
	}
	if e.Value == nil && strings.Contains(string(a.body), `"value"`) {
		c.shop.t.Errorf("a value that is none: clients would take it for one: %s", a.body)
	}
	return e
}

func TestEvaluation(t *testing.T) {
	t.Parallel()
	s := open(t, edit("campaigns/members.yaml", "id: big-cart\nname: 大きなカート\nstatus: live", "id: big-cart\nname: 大きなカート\nstatus: paused"))
	const front, cart = "https://shop.example/", "https://shop.example/cart"
	for name, row := range map[string]struct {
		from                         caller
		campaign                     string
		context                      object
		title, reason, variant, slot string
	}{
		"an action":                            {s.browser(), "welcome", object{"url": front}, "ようこそ <b>&</b>", "TARGETING_MATCH", "a", "bar"},
		"control has no value":                 {s.browser(), "quiet", object{"url": front}, "", "TARGETING_MATCH", "control", "corner"},
		"a rule that is false":                 {s.browser(), "pro", object{"url": front}, "", "DEFAULT", "", ""},
		"a trait among the fields":             {s.browser(), "pro", object{"url": front, "plan": "pro"}, "プロの方へ", "TARGETING_MATCH", "a", "pro"},
		"a trait among traits":                 {s.browser(), "pro", object{"traits": object{"plan": "pro"}}, "プロの方へ", "TARGETING_MATCH", "a", "pro"},
		"a browser says it is gold":            {s.browser(), "gold", object{"rank": "gold"}, "", "DEFAULT", "", ""},
		"a server says it is gold":             {s.trusted(), "gold", object{"rank": "gold"}, "いつもありがとうございます", "TARGETING_MATCH", "a", "gold"},
		"a token says it is gold":              {s.browser(), "gold", object{"identify": token(t, s, nil)}, "いつもありがとうございます", "TARGETING_MATCH", "a", "gold"},
		"another page":                         {s.browser(), "leaving", object{"url": front, "trigger": "exit_intent"}, "", "DEFAULT", "", ""},
		"its trigger has not come":             {s.browser(), "leaving", object{"url": cart}, "", "DEFAULT", "", ""},
		"its trigger":                          {s.browser(), "leaving", object{"page": object{"url": cart}, "trigger": "exit_intent"}, "500円OFF", "TARGETING_MATCH", "coupon", "modal"},
		"paused":                               {s.browser(), "big-cart", object{"url": front}, "", "DISABLED", "", ""},
		"a page without its slot":              {s.browser(), "welcome", object{"url": front, "slots": list{"modal"}}, "", "DEFAULT", "", ""},
		"a crawler":                            {s.browser(), "welcome", object{"url": front, "user_agent": "Googlebot/2.1"}, "", "DEFAULT", "", ""},
		"no consent":                           {s.browser(), "welcome", object{"url": front, "consent": "denied"}, "", "DEFAULT", "", ""},
		"a server, and a no that it passes on": {s.trusted(), "welcome", object{"url": front, "consent": "denied"}, "", "DEFAULT", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := row.from
			c.shop = s.on(t)
			row.context["targetingKey"] = "v1"
			e := c.evaluate(row.campaign, row.context)
			title, _ := e.Value["title"].(string)
			if title != row.title || e.Reason != row.reason || e.Variant != row.variant || e.Metadata["slot"] != row.slot {
				t.Errorf("%+v", e)
			}
		})
	}
	same(t, "recorded", s.names(), []string{})
	if p, err := s.engine.Profile("v1"); p != nil || err != nil {
		t.Errorf("a profile: %+v %v", p, err)
	}
}

// It answers what decide answers then, however often it was asked before.
func TestEvaluationSpendsNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	visitor := b.decide(nil).Visitor.ID
	b.sends(object{"events": list{object{"name": "add_to_cart", "properties": object{"value": 6000}}}})
	before := s.ledger.Last()
	context := object{"targetingKey": visitor, "url": "https://shop.example/cart", "plan": "pro"}
	var all struct{ Flags []evaluation }
	for range 3 {
		b.post(ofrep, object{"context": context}).is(http.StatusOK).into(&all)
		if e := b.evaluate("leaving", object{"targetingKey": visitor, "url": "https://shop.example/cart", "trigger": "exit_intent"}); e.Variant != "coupon" {
			t.Errorf("once per session, and asking spent it: %+v", e)
		}
	}
	if last := s.ledger.Last(); last != before {
		t.Errorf("asking wrote visits %d to %d", before+1, last)
	}
	var evaluated []string
	for _, e := range all.Flags {
		evaluated = append(evaluated, e.Key+" "+e.Variant)
	}
	var decided []string
	for _, o := range b.decide(object{"page": object{"url": "https://shop.example/cart"}, "visitor": object{"traits": object{"plan": "pro"}}}).Decisions {
		if !o.Armed {
			decided = append(decided, o.Campaign+" "+o.Variant)
		}
	}
	slices.Sort(evaluated)
	slices.Sort(decided)
	same(t, "evaluated", evaluated, decided)
	if !slices.Contains(decided, "big-cart a") {
		t.Errorf("the cart was not looked at: %v", decided)
	}
}

// The public key reads what decide would tell it, the secret one all there is.
func TestEvaluationOfEveryCampaign(t *testing.T) {
	t.Parallel()
	s := open(t)
	for key, want := range map[string]string{publicKey: "quiet welcome", secretKey: "big-cart gold leaving pro quiet welcome"} {
		var all struct{ Flags []evaluation }
		s.caller(key).post(ofrep, object{"context": object{"targetingKey": "v1", "url": "https://shop.example/"}}).is(http.StatusOK).into(&all)
		var keys []string
		for _, e := range all.Flags {
			keys = append(keys, e.Key)
		}
		slices.Sort(keys)
		if got := strings.Join(keys, " "); got != want {
			t.Errorf("with %.2s: %s, expected %s", key, got, want)
		}
	}
}

func TestEvaluationThatDidNotChange(t *testing.T) {
	t.Parallel()
	b := open(t).browser()
	ask := func(c caller, plan string) answer {
		return c.post(ofrep, object{"context": object{"targetingKey": "v1", "plan": plan}})
	}
	tag := ask(b, "pro").is(http.StatusOK).header.Get("ETag")
	for _, header := range []string{tag, `"other", W/` + tag, "*"} {
		if a := ask(b.with("If-None-Match", header), "pro").is(http.StatusNotModified); len(a.body) != 0 || a.header.Get("ETag") != tag {
			t.Errorf("with %s: %s %s", header, a.header.Get("ETag"), a.body)
		}
	}
	ask(b.with("If-None-Match", `"other"`), "pro").is(http.StatusOK)
	if a := ask(b.with("If-None-Match", tag), "free").is(http.StatusOK); a.header.Get("ETag") == tag {
		t.Error("another answer has the same tag")
	}
}

func TestEvaluationErrors(t *testing.T) {
	t.Parallel()
	s := open(t, previewing)
	for _, row := range []struct {
		path          string
		body          any
		status        int
		code, details string
	}{
		{"/welcome", object{"context": object{}}, 400, "TARGETING_KEY_MISSING", "context.targetingKey is missing: it is the visitor's id"},
		{"/welcome", object{}, 400, "TARGETING_KEY_MISSING", "context.targetingKey is missing: it is the visitor's id"},
		{"", object{"context": object{}}, 400, "TARGETING_KEY_MISSING", "context.targetingKey is missing: it is the visitor's id"},
		{"/welcome", "{", 400, "PARSE_ERROR", "body is not JSON at byte 1: unexpected end of JSON input"},
		{"", "", 400, "PARSE_ERROR", "body is empty, expected a JSON object"},
		{"/welcome", object{"context": "v1"}, 400, "INVALID_CONTEXT", "context: body is a text, expected an object"},
		{"/welcome", object{"context": object{"targetingKey": 7}}, 400, "INVALID_CONTEXT", "context: targetingKey is a number, expected a text"},
		{"/welcome", object{"context": object{"targetingKey": strings.Repeat("v", 129)}}, 400, "INVALID_CONTEXT", "context.targetingKey is longer than 128 bytes or has control characters"},
		{"/welcome", object{"context": object{"targetingKey": "v1", "consent": "yes"}}, 400, "INVALID_CONTEXT", `consent is one of "granted", "denied", "unknown"`},
		{"/xmas", object{"context": object{"targetingKey": "v1"}}, 404, "FLAG_NOT_FOUND", `no campaign "xmas" in the rules folder`},
		{"/autumn", object{"context": object{"targetingKey": "v1"}}, 404, "FLAG_NOT_FOUND", `campaign "autumn" is a draft: nobody is shown it until its status is live`},
		{"/a%20b", object{"context": object{"targetingKey": "v1"}}, 404, "FLAG_NOT_FOUND", `no campaign "a b" in the rules folder`},
	} {
		var got struct{ Key, ErrorCode, ErrorDetails string }
		s.browser().post(ofrep+row.path, row.body).is(row.status).into(&got)
		if got.ErrorCode != row.code || got.ErrorDetails != row.details {
			t.Errorf("%s %v:\n  got  %+v\n  want %s %s", row.path, row.body, got, row.code, row.details)
		}
		if one := strings.TrimPrefix(row.path, "/"); one != "" && got.Key != strings.ReplaceAll(one, "%20", " ") {
			t.Errorf("%s: key %q", row.path, got.Key)
		}
	}
	s.caller("").post(ofrep, object{"context": object{"targetingKey": "v1"}}).is(http.StatusUnauthorized)
}

// A page may ask again with what it was told, and read how.
func TestEvaluationFromAPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	preflight := s.caller("").with("Origin", "https://shop.example").with("Access-Control-Request-Method", "POST").do(http.MethodOptions, ofrep, nil).is(http.StatusNoContent)
	if allowed := preflight.header.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, "If-None-Match") {
		t.Errorf("allowed: %q", allowed)
	}
	a := s.browser().with("Origin", "https://shop.example").post(ofrep, object{"context": object{"targetingKey": "v1"}}).is(http.StatusOK)
	if exposed := a.header.Get("Access-Control-Expose-Headers"); exposed != "ETag, Retry-After" {
		t.Errorf("exposed: %q", exposed)
	}
}

// A campaign with a pool is evaluated by what is left of it, and no code is drawn.
func TestEvaluationDrawsNoCode(t *testing.T) {
	t.Parallel()
	s := open(t, pool("WEL-1", "WEL-2"))
	for _, visitor := range []string{"ann", "bob", "cem"} {
		e := s.trusted().evaluate("gift", object{"targetingKey": visitor})
		if e.Variant != "own" || e.Value["type"] != "coupon" || e.Value["code"] != nil {
			t.Errorf("%s: %+v", visitor, e)
		}
	}
	for _, visitor := range []string{"ann", "bob"} {
		if got := s.trusted().gift(visitor); !strings.Contains(got, "code:WEL-") {
			t.Errorf("a code was gone before anybody had it: %s", got)
		}
	}
	if e := s.trusted().evaluate("gift", object{"targetingKey": "cem"}); e.Value != nil || e.Reason != "DEFAULT" {
		t.Errorf("nothing is left: %+v", e)
	}
}
