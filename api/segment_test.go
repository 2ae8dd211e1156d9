package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
)

// sdk is one of Segment's, with a write key.
func (s *shop) sdk(key string) caller {
	return s.caller("").with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(key+":"))).with("User-Agent", "analytics-node-next/latest")
}

const taken = `{"success":true,"accepted":1,"duplicates":0,"rejected":[]}`

func TestSegmentCalls(t *testing.T) {
	t.Parallel()
	s := open(t)
	for path, want := range map[string]string{
		"track": "video_played", "identify": "identify", "page": "page_view", "screen": "screen_view", "group": "group", "alias": "alias",
		"t": "video_played", "i": "identify", "p": "page_view", "s": "screen_view", "g": "group", "a": "alias",
	} {
		for _, key := range []string{publicKey, secretKey} {
			s := open(t)
			a := s.sdk(key).post("/v1/"+path, object{"messageId": "m1", "anonymousId": "v1", "userId": "u1", "event": "Video Played"}).is(http.StatusOK)
			if string(a.body) != taken {
				t.Errorf("%s: %s", path, a.body)
			}
			same(t, path+" is recorded", s.names(), []string{want})
			if e := s.recorded()[0].Event; e.Visitor != "v1" || e.Device != nil {
				t.Errorf("%s: %+v", path, e)
			}
		}
	}
	for _, path := range []string{"batch", "b"} {
		s.sdk(publicKey).post("/v1/"+path, object{"batch": list{object{"type": "track", "anonymousId": "v1", "event": "A"}, object{"type": "page", "anonymousId": "v1"}}}).is(http.StatusOK)
	}
	same(t, "recorded", s.names(), []string{"a", "page_view", "a", "page_view"})
	if s.ledger.Durable() != s.ledger.Last() {
		t.Errorf("durable %d of %d", s.ledger.Durable(), s.ledger.Last())
	}
}

// RudderStack's Node SDK sends gzip under a form's content type; scripts
// without headers put the key into the body.
func TestSegmentBodiesAndKeys(t *testing.T) {
	t.Parallel()
	s := open(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte(`{"batch": [{"type": "track", "messageId": "m1", "anonymousId": "v1", "event": "A"}]}`))
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.sdk(secretKey).with("Content-Type", "application/x-www-form-urlencoded").with("Content-Encoding", "gzip").post("/v1/batch", zipped.Bytes()).is(http.StatusOK)
	s.caller("").with("Content-Type", "text/plain").post("/v1/t", object{"writeKey": publicKey, "anonymousId": "v1", "event": "B"}).is(http.StatusOK)
	s.caller("").post("/v1/b", object{"writeKey": publicKey, "batch": list{object{"type": "track", "anonymousId": "v1", "event": "C"}}}).is(http.StatusOK)
	same(t, "recorded", s.names(), []string{"a", "b", "c"})
	s.caller("").post("/v1/t", object{"anonymousId": "v1", "event": "D"}).is(http.StatusUnauthorized)
	s.sdk("nonsense").post("/v1/t", object{"anonymousId": "v1", "event": "D"}).is(http.StatusUnauthorized)
}

func TestSegmentMessageSentAgainIsCountedOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	order := object{"type": "track", "messageId": "ajs-1", "anonymousId": "v1", "event": "Order Completed", "properties": object{"revenue": 6800, "products": list{object{"product_id": "p1"}}}}
	for range 3 {
		s.sdk(publicKey).post("/v1/batch", object{"batch": list{order, order}}).is(http.StatusOK)
		s.sdk(publicKey).post("/v1/track", order).is(http.StatusOK)
	}
	same(t, "recorded", s.names(), []string{"purchase"})
	if p, err := s.engine.Profile("v1"); err != nil || p.Purchases != 1 || p.Revenue != 6800 {
		t.Errorf("%+v %v", p, err)
	}
}

// What is refused is told: all of it with 400, a part of it in the answer, in
// the log and in the metrics.
func TestSegmentSaysWhatItRefuses(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := open(t, options(func(o *api.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) }))
	good := object{"type": "track", "anonymousId": "v1", "event": "A"}
	var partly struct {
		Success  bool
		Rejected []rejection
	}
	s.sdk(publicKey).post("/v1/batch", object{"batch": list{good, object{"type": "track", "event": "A"}, object{"type": "buy"}}}).is(http.StatusOK).into(&partly)
	if !partly.Success || len(partly.Rejected) != 2 || partly.Rejected[0].Code != "no_visitor" || partly.Rejected[0].Index != 1 || partly.Rejected[1].Code != "bad_event" {
		t.Errorf("%+v", partly)
	}
	if line := log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "refused=2 accepted=1 first=1 code=no_visitor") {
		t.Errorf("log: %q", line)
	}
	if metrics := string(s.caller("").get("/metrics").body); !strings.Contains(metrics, `omo_events_rejected_total{code="bad_event"} 1`) {
		t.Errorf("metrics: %s", metrics)
	}
	many := make(list, 501)
	for i := range many {
		many[i] = good
	}
	for _, row := range []struct {
		body          any
		status        int
		code, message string
	}{
		{object{"batch": list{object{"type": "track", "event": "A"}}}, 400, "no_valid_event", "none of the events is good; details says why"},
		{object{"batch": list{}}, 400, "no_valid_event", "events is empty: there is nothing to keep"},
		{object{}, 400, "no_valid_event", "events is empty: there is nothing to keep"},
		{object{"batch": many}, 413, "too_large", "events has 501, at most 500 are taken at a time"},
		{"{", 400, "bad_json", "body is not JSON at byte 1: unexpected end of JSON input"},
		{"", 400, "bad_json", "body is empty, expected a JSON object"},
	} {
		s.sdk(publicKey).post("/v1/batch", row.body).says(row.status, row.code, row.message)
	}
	same(t, "recorded", s.names(), []string{"a"})
}

// A person counts when a server with the secret key says so, and never when a
// browser does.
func TestSegmentIdentity(t *testing.T) {
	t.Parallel()
	s := open(t)
	identify := func(anonymous string) object {
		return object{"anonymousId": anonymous, "userId": "u1", "traits": object{"rank": "gold", "plan": "pro", "email": "a@shop.example", "about": strings.Repeat("x", 600)}}
	}
	s.sdk(publicKey).post("/v1/identify", identify("browser")).is(http.StatusOK)
	s.sdk(secretKey).post("/v1/identify", identify("server")).is(http.StatusOK)
	for visitor, want := range map[string][3]any{"browser": {"", nil, "pro"}, "server": {"u1", "gold", "pro"}} {
		p, err := s.engine.Profile(visitor)
		if err != nil || p.User != want[0] || p.Traits["rank"] != want[1] || p.Traits["plan"] != want[2] || p.Traits["email"] != nil {
			t.Errorf("%s: %+v %v", visitor, p, err)
		}
	}
	for _, r := range s.recorded() {
		if raw := string(r.Event.Properties); strings.Contains(raw, "shop.example") {
			t.Errorf("an address is kept: %s", raw)
		}
	}
}

// A message of a server may name a person and no browser.
func TestSegmentPersonWithoutABrowser(t *testing.T) {
	t.Parallel()
	s := open(t)
	order := object{"userId": "u1", "event": "Order Completed", "properties": object{"revenue": 1000}}
	for range 2 {
		s.sdk(secretKey).post("/v1/track", order).is(http.StatusOK)
	}
	s.sdk(publicKey).post("/v1/track", order).is(http.StatusOK)
	all := s.recorded()
	if len(all) != 3 || all[0].Event.Visitor != all[1].Event.Visitor || all[0].Event.Visitor == all[2].Event.Visitor {
		t.Fatalf("%+v", all)
	}
	if all[0].Event.User != "u1" || all[2].Event.User != "" {
		t.Errorf("with the secret key %q, with the public one %q", all[0].Event.User, all[2].Event.User)
	}
}

func TestSegmentConsent(t *testing.T) {
	t.Parallel()
	said := func(yes bool) object {
		return object{"consent": object{"categoryPreferences": object{"Personalization": yes}}}
	}
	for name, row := range map[string]struct {
		site    string
		key     string
		context object
		status  int
	}{
		"a page that asks first, nothing said": {"opt_in", publicKey, nil, 400},
		"a page that asks first, yes":          {"opt_in", publicKey, said(true), 200},
		"a page that asks first, no":           {"opt_in", publicKey, said(false), 400},
		"a shop's server answers for it":       {"opt_in", secretKey, nil, 200},
		"a shop's server passes on a no":       {"opt_in", secretKey, said(false), 400},
		"opt out, nothing said":                {"opt_out", publicKey, nil, 200},
		"opt out, no":                          {"opt_out", publicKey, said(false), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, consent(row.site))
			a := s.sdk(row.key).post("/v1/track", object{"anonymousId": "v1", "event": "A", "context": row.context}).is(row.status)
			if row.status == 400 && !strings.Contains(string(a.body), `"code":"consent"`) {
				t.Errorf("%s", a.body)
			}
		})
	}
}

// The browser is what the message tells, wherever it comes from; an address
// counts with the secret key.
func TestSegmentBrowser(t *testing.T) {
	t.Parallel()
	for key, ip := range map[string]string{publicKey: "127.0.0.0", secretKey: "192.0.2.0"} {
		s := open(t)
		s.sdk(key).post("/v1/page", object{"anonymousId": "v1", "properties": object{"url": "https://shop.example/"}, "context": object{"userAgent": chrome, "locale": "ja-JP", "ip": "192.0.2.7"}}).is(http.StatusOK)
		e := s.recorded()[0].Event
		if e.Device == nil || e.Device.Browser != "Chrome" || e.Device.Language != "ja" || e.Bot || e.Geo == nil || e.Geo.IP != ip || e.Page.Path != "/" {
			t.Errorf("%+v %+v %+v", e, e.Device, e.Geo)
		}
	}
}

// On a page of the shop's own site the cookie says who it is.
func TestSegmentMeetsTheBeaconsVisitor(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	visitor := b.decide(nil).Visitor.ID
	b.post("/v1/t", object{"anonymousId": "another", "event": "A"}).is(http.StatusOK)
	all := s.recorded()
	if e := all[len(all)-1].Event; e.Name != "a" || e.Visitor != visitor {
		t.Errorf("%+v, expected visitor %s", e, visitor)
	}
}

// analytics.js asks before it sends a retry's header.
func TestSegmentPreflight(t *testing.T) {
	t.Parallel()
	a := open(t).caller("").with("Origin", "https://shop.example").with("Access-Control-Request-Method", "POST").with("Access-Control-Request-Headers", "authorization,x-retry-count").
		do(http.MethodOptions, "/v1/t", nil).is(http.StatusNoContent)
	if allowed := a.header.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, "X-Retry-Count") {
		t.Errorf("allowed: %q", allowed)
	}
}
