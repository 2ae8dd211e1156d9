package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
)

// guards says of every route which scope of a secret key opens it. "public" is
// opened by the public key too, and "" by anybody. A new route must be added.
var guards = map[string]string{
	"POST /v1/decide":                "public events",
	"POST /v1/events":                "public events",
	"POST /v1/why":                   "public events",
	"POST /v1/track":                 "public events",
	"POST /v1/identify":              "public events",
	"POST /v1/page":                  "public events",
	"POST /v1/screen":                "public events",
	"POST /v1/group":                 "public events",
	"POST /v1/alias":                 "public events",
	"POST /v1/batch":                 "public events",
	"POST /v1/t":                     "public events",
	"POST /v1/i":                     "public events",
	"POST /v1/p":                     "public events",
	"POST /v1/s":                     "public events",
	"POST /v1/g":                     "public events",
	"POST /v1/a":                     "public events",
	"POST /v1/b":                     "public events",
	"GET /v1/campaigns":              "reports",
	"GET /v1/campaigns/:id/results":  "reports",
	"GET /v1/visitors/:id":           "reports",
	"DELETE /v1/visitors/:id":        "erase",
	"DELETE /v1/people/:id":          "erase",
	"POST /v1/coupons/:pool/release": "admin",
	"GET /v1/people/:id/export":      "reports",
	"GET /v1/visitors/:id/export":    "reports",
	"GET /v1/erasures/:id":           "erase",
	"POST /v1/explain":               "reports",
	"POST /v1/preview":               "reports",
	"PUT /v1/operators/:id":          "operators",
	"GET /v1/coupons":                "reports",
	"POST /v1/coupons/:pool/redeem":  "events",
	"POST /v1/backup":                "admin",
	"GET /v1/dead":                   "admin",
	"POST /v1/dead/replay":           "admin",
	"GET /v1/outbox":                 "admin",
	"POST /v1/outbox/retry":          "admin",
	"POST /v1/campaigns/:id/pause":   "admin",
	"POST /v1/campaigns/:id/resume":  "admin",
	"GET /ui":                        "reports",
	"GET /ui/":                       "reports",
	"GET /ui/results":                "reports",
	"GET /ui/live":                   "reports",
	"GET /ui/live/events":            "reports",
	"POST /ui/live/duty":             "admin",
	"POST /ui/live/invite":           "admin",
	"POST /v1/heartbeat":             "public events",
	"GET /ui/health":                 "reports",
	"GET /ui/campaigns":              "reports",
	"POST /ui/campaigns/:id/pause":   "admin",
	"POST /ui/campaigns/:id/resume":  "admin",
	"GET /ui/audit":                  "reports",
	"GET /ui/visitors":               "reports",
	"GET /ui/visitors/:id":           "reports",
	"GET /ui/visitors/:id/why":       "reports",
	"POST /ui/visitors/:id/export":   "admin",
	"POST /ui/visitors/:id/erase":    "admin",
	"GET /ui/erasures/:id":           "reports",
	"GET /ui/playground":             "reports",
	"POST /ui/playground":            "admin",
	"POST /ui/playground/check":      "admin",
	"POST /ui/playground/test":       "admin",
	"GET /ui/playground/action/:id":  "reports",
	"POST /ui/playground/backtest":   "admin",
	"GET /ui/users":                  "admin",
	"POST /ui/users":                 "admin",
	"POST /ui/users/:name/remove":    "admin",
	"GET /ui/static/:name":           "",
	"GET /ui/login":                  "",
	"POST /ui/login":                 "",
	"POST /ui/logout":                "",
	"POST /ui/look":                  "",
	"GET /b.js":                      "",
	"GET /r.js":                      "",
	"GET /m/:name":                   "",
	"GET /healthz":                   "",
	"GET /readyz":                    "",
	"GET /metrics":                   "",
	"GET /openapi.yaml":              "",

	"GET /ui/campaigns/:id":           "reports",
	"GET /ui/campaigns/:id/days":      "reports",
	"GET /ui/campaigns/:id/funnel":    "reports",
	"GET /ui/campaigns/:id/breakdown": "reports",
	"GET /ui/campaigns/:id/chats":     "reports",
	"GET /ui/campaigns/:id/visitors":  "reports",
	"GET /ui/campaigns/:id/download":  "reports",
	"GET /ui/campaigns/:id/lift.svg":  "reports",

	"GET /ui/playground/backtest/:id":         "reports",
	"GET /ui/playground/backtest/:id/report":  "reports",
	"POST /ui/playground/backtest/:id/cancel": "admin",

	"GET /v1/campaigns/:id/series":    "reports",
	"GET /v1/campaigns/:id/breakdown": "reports",
	"GET /v1/campaigns/:id/funnel":    "reports",
	"GET /v1/site/results":            "reports",
	"GET /v1/review":                  "reports",
	"GET /v1/usage":                   "reports",
	"GET /v1/chats":                   "reports",

	"POST /ofrep/v1/evaluate/flags":     "public events",
	"POST /ofrep/v1/evaluate/flags/:id": "public events",
}

// Every route answers exactly those keys that are for it.
func TestEveryRouteAndEveryScope(t *testing.T) {
	t.Parallel()
	keys := goodKeys()
	bearers := map[string]string{"public": publicKey, "admin": secretKey, "": ""}
	for _, name := range []string{"events", "reports", "erase", "operators"} {
		scope, err := api.ParseScope([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		bearers[name] = "sk_for_" + name
		keys.Scoped = append(keys.Scoped, api.ScopedKey{Hash: api.HashKey("sk_for_" + name), Scope: scope})
	}
	s := open(t, options(func(o *api.Options) { o.Keys = keys }))
	s.erasing(t)
	for _, route := range s.Config.Handler.(*api.Server).Routes() {
		method, path := route[0], regexp.MustCompile(`:\w+`).ReplaceAllString(route[1], "x")
		if method == http.MethodOptions {
			continue
		}
		guard, known := guards[strings.Replace(method, "HEAD", "GET", 1)+" "+route[1]]
		if !known {
			t.Errorf("%s %s: no guard is written down for it", method, route[1])
			continue
		}
		for name, key := range bearers {
			opens := guard == "" || name == "admin" || strings.Contains(guard, name) && name != ""
			code := refusal(t, s.caller(key), method, path)
			if shut := code == "no_key" || code == "needs_secret" || code == "scope" || code == "role"; shut == opens {
				t.Errorf("%s %s with the key for %q: %q; its guard is %q", method, route[1], name, code, guard)
			}
		}
	}
}

// refusal is the code of the error that a request without a body is answered
// with, "" for none. HEAD has no body to tell: its status must do.
func refusal(t *testing.T, c caller, method, path string) string {
	t.Helper()
	a := c.do(method, path, `{"online": false}`)
	if strings.HasPrefix(a.header.Get("Location"), "/ui/login?back=") {
		return "no_key"
	}
	if method == http.MethodHead {
		return map[int]string{http.StatusUnauthorized: "no_key", http.StatusForbidden: "scope"}[a.status]
	}
	var problem struct{ Error struct{ Code string } }
	_ = json.Unmarshal(a.body, &problem) // pages and scripts are no JSON
	return problem.Error.Code
}

func TestAKeyWithTheWrongScopeIsToldWhich(t *testing.T) {
	t.Parallel()
	keys := goodKeys()
	keys.Scoped = []api.ScopedKey{{Hash: api.HashKey("sk_desk"), Scope: api.ScopeOperators | api.ScopeReports}}
	s := open(t, options(func(o *api.Options) { o.Keys = keys }))
	s.caller("sk_desk").post("/v1/events", object{"events": list{object{"name": "look"}}}).
		says(http.StatusForbidden, "scope", "this needs a secret key with the scope events, and this one has operators reports: omo keys add makes another")
	s.caller("sk_desk").do(http.MethodPut, "/v1/operators/hanako", object{"online": true}).is(http.StatusOK)
}

// A key for reports and operators makes an editor, on the screens and by HTTP alike,
// and the audit log has its name; neither alone does.
func TestAKeyThatPausesIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	keys := goodKeys()
	keys.Scoped = []api.ScopedKey{
		{Name: "desk", Hash: api.HashKey("sk_desk"), Scope: api.ScopeOperators | api.ScopeReports},
		{Name: "crm", Hash: api.HashKey("sk_crm"), Scope: api.ScopeReports},
	}
	s := open(t, options(func(o *api.Options) { o.Keys = keys }))
	s.caller("sk_crm").post("/v1/campaigns/welcome/pause", nil).
		says(http.StatusForbidden, "scope", "this needs a secret key with the scope operators reports, and this one has reports: omo keys add makes another")
	s.caller("sk_desk").post("/v1/campaigns/welcome/pause", nil).is(http.StatusOK)
	s.caller("sk_desk").submits("/ui/campaigns/welcome/resume").is(http.StatusSeeOther)
	s.trusted().post("/v1/campaigns/welcome/pause", nil).is(http.StatusOK)
	s.trusted().post("/v1/campaigns/welcome/pause", nil).is(http.StatusConflict)
	s.trusted().post("/v1/campaigns/welcome/resume", nil).is(http.StatusOK)
	same(t, "the audit log", s.changes(), []string{
		"desk edit pause welcome", "desk edit resume welcome", "secret key publish pause welcome", "secret key publish resume welcome",
	})
}

// Keys change while the server runs: what was revoked opens nothing at once.
func TestKeysChangeUnderWay(t *testing.T) {
	t.Parallel()
	s := open(t)
	server := s.Config.Handler.(*api.Server)
	keys := goodKeys()
	keys.Scoped = []api.ScopedKey{{Hash: api.HashKey("sk_crm"), Scope: api.ScopeReports}}
	if err := server.UseKeys(keys); err != nil {
		t.Fatal(err)
	}
	s.caller("sk_crm").get("/v1/campaigns").is(http.StatusOK)
	if err := server.UseKeys(goodKeys()); err != nil {
		t.Fatal(err)
	}
	s.caller("sk_crm").get("/v1/campaigns").says(http.StatusUnauthorized, "wrong_key", wrongKey)
	if err := server.UseKeys(api.Keys{Public: publicKey}); err == nil {
		t.Error("keys that prove nothing were put to use")
	}
	s.trusted().get("/v1/campaigns").is(http.StatusOK)
}

// A cookie outlives one change of the key that signs it, and is signed anew;
// after the second change nobody knows it any more.
func TestACookieOutlivesItsKeyOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	server := s.Config.Handler.(*api.Server)
	change := func(cookies ...string) {
		keys := goodKeys()
		keys.Cookies = nil
		for _, key := range cookies {
			keys.Cookies = append(keys.Cookies, []byte(key+" which is long enough"))
		}
		if err := server.UseKeys(keys); err != nil {
			t.Fatal(err)
		}
	}
	change("first")
	regular, rare := s.browser(), s.browser()
	who, other := regular.decide(nil).Visitor.ID, rare.decide(nil).Visitor.ID
	change("second", "first")
	if a := regular.answered(nil); a.decision().Visitor.ID != who || a.header.Get("Set-Cookie") == "" {
		t.Errorf("after one change: %s, want %s, cookie %q", a.body, who, a.header.Get("Set-Cookie"))
	}
	if a := regular.answered(nil); a.decision().Visitor.ID != who || a.header.Get("Set-Cookie") != "" {
		t.Errorf("once signed anew it was signed again: %q", a.header.Get("Set-Cookie"))
	}
	change("third", "second")
	if got := regular.decide(nil).Visitor.ID; got != who {
		t.Errorf("who came in between is %s, want %s", got, who)
	}
	if got := rare.decide(nil).Visitor.ID; got == other {
		t.Error("a cookie of a key that is gone is still believed")
	}
}
