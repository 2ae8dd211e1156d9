package api_test

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/api"
)

const (
	noKey    = "no key: send Authorization: Bearer pk_… (or sk_…), ?k=, or writeKey in the body"
	wrongKey = "this key is not one of this server's: compare OMO_PUBLIC_KEY and OMO_SECRET_KEY; a lost secret key is replaced by starting the server with a new one in OMO_SECRET_KEY"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestKeyComesInAnyWay(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, row := range map[string]struct{ header, query, body, code string }{
		"Bearer":             {"Bearer " + publicKey, "", "", ""},
		"bearer":             {"bearer " + publicKey, "", "", ""},
		"Basic user":         {basic(publicKey, ""), "", "", ""},
		"Basic password":     {basic("anybody", secretKey), "", "", ""},
		"Basic no user":      {basic("", publicKey), "", "", ""},
		"query":              {"", "?k=" + publicKey, "", ""},
		"query, escaped":     {"", "?a=1&k=pk%5F" + publicKey[3:] + "&b", "", ""},
		"writeKey":           {"", "", publicKey, ""},
		"header before body": {"Bearer " + publicKey, "", "pk_other", ""},
		"none":               {"", "", "", "no_key"},
		"empty":              {"Bearer ", "", "", "no_key"},
		"wrong":              {"Bearer pk_other", "", "", "wrong_key"},
		"wrong in the query": {"", "?k=sk_other", "", "wrong_key"},
		"half":               {"Bearer " + publicKey[:10], "", "", "wrong_key"},
		"and more":           {"Bearer " + publicKey + "x", "", "", "wrong_key"},
		"hash of the secret": {"Bearer " + string(hash(secretKey)), "", "", "wrong_key"},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			a := s.caller("").with("Authorization", row.header).post("/v1/events"+row.query, object{
				"writeKey": row.body, "visitor": object{"id": "v1"}, "events": list{object{"name": "look"}},
			})
			switch row.code {
			case "":
				a.is(http.StatusOK)
			case "no_key":
				a.says(http.StatusUnauthorized, "no_key", noKey)
			default:
				a.says(http.StatusUnauthorized, "wrong_key", wrongKey)
			}
		})
	}
}

func hash(key string) []byte {
	h := api.HashKey(key)
	return []byte(base64.StdEncoding.EncodeToString(h[:]))
}

func TestPublicKeyReadsNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range []string{"/v1/campaigns", "/v1/campaigns/welcome/results", "/v1/visitors/v1"} {
		s.caller(publicKey).get(path).says(http.StatusForbidden, "needs_secret", "this needs the secret key (sk_…); the public key only writes and decides")
		s.caller("").get(path).says(http.StatusUnauthorized, "no_key", noKey)
		s.caller("sk_other").get(path).says(http.StatusUnauthorized, "wrong_key", wrongKey)
	}
}

// A browser that was given the secret key for /ui sends it along with whatever
// any page makes it send here.
func TestPageOfAnotherSiteCannotUseTheBrowsersPassword(t *testing.T) {
	t.Parallel()
	s := open(t)
	event := object{"visitor": object{"id": "v1"}, "events": list{object{"name": "login"}}}
	browser := s.caller("").with("Authorization", basic("hanako", secretKey))
	for name, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
		browser.with(name, value).post("/v1/events", event).is(http.StatusForbidden)
	}
	browser.post("/v1/events", event).is(http.StatusOK) // a server of the shop's
	browser.with("Sec-Fetch-Site", "none").get("/ui/health").is(http.StatusOK)
}

// With a short key, or none by mistake, anybody could sign.
func TestKeysThatProveNothingAreRefused(t *testing.T) {
	t.Parallel()
	good := goodKeys()
	for want, change := range map[string]func(*api.Keys){
		"there are 0 cookie keys: one, or two while they change":                             func(k *api.Keys) { k.Cookies = nil },
		"there are 3 cookie keys: one, or two while they change":                             func(k *api.Keys) { k.Cookies = [][]byte{cookieKey, cookieKey, cookieKey} },
		"a cookie key has 5 bytes: it needs 16 or more, of a random source":                  func(k *api.Keys) { k.Cookies = [][]byte{cookieKey, []byte("short")} },
		"there are 0 identify keys: one, or two while they change":                           func(k *api.Keys) { k.Identify = nil },
		"identify key 2 has 5 bytes: HS256 needs 32 or more, of a random source":             func(k *api.Keys) { k.Identify = append(good.Identify[:1:1], api.TokenKey{Secret: []byte("short")}) },
		"identify key 1 is no Ed25519 public key":                                            func(k *api.Keys) { k.Identify = []api.TokenKey{{Public: make([]byte, 31)}} },
		"there are 101 scoped keys, at most 100 are looked through: revoke what nobody uses": func(k *api.Keys) { k.Scoped = make([]api.ScopedKey, 101) },
	} {
		keys := good
		change(&keys)
		o := api.Options{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Keys: keys}
		if _, err := api.New(o); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestPagesOfListedOriginsMayCall(t *testing.T) {
	t.Parallel()
	s := open(t)
	const shopPage = "https://shop.example"
	a := s.browser().with("Origin", shopPage).answered(nil).is(http.StatusOK)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": shopPage, "Access-Control-Allow-Credentials": "true",
		"Access-Control-Expose-Headers": "ETag, Retry-After", "Vary": "Origin",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, expected %q", name, got, want)
		}
	}
	// An error must be readable too.
	if a := s.browser().with("Origin", shopPage).post("/v1/events", "{"); a.header.Get("Access-Control-Allow-Origin") != shopPage {
		t.Errorf("an error's headers: %v", a.header)
	}
	preflight := s.caller("").with("Origin", shopPage).with("Access-Control-Request-Method", "POST").with("Access-Control-Request-Headers", "authorization,content-type").
		do(http.MethodOptions, "/v1/decide", nil).is(http.StatusNoContent)
	if preflight.header.Get("Access-Control-Allow-Origin") != shopPage || preflight.header.Get("Access-Control-Allow-Credentials") != "true" || preflight.header.Get("Access-Control-Max-Age") != "86400" || preflight.header.Get("Access-Control-Allow-Methods") != "POST" ||
		preflight.header.Get("Access-Control-Allow-Headers") != "Authorization,Content-Type,If-None-Match,X-Retry-Count,AnonymousId" {
		t.Errorf("preflight: %v", preflight.header)
	}
}

func TestOtherOriginsMayNot(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, origin := range []string{"https://evil.example", "http://shop.example", "https://shop.example:8443", "https://shop.example.evil.example", "null"} {
		a := s.browser().with("Origin", origin).answered(nil)
		a.says(http.StatusForbidden, "origin", "origin "+origin+" is not in site.yaml's origins")
		pre := s.caller("").with("Origin", origin).with("Access-Control-Request-Method", "POST").do(http.MethodOptions, "/v1/decide", nil)
		for _, got := range []http.Header{a.header, pre.header} {
			if got.Get("Access-Control-Allow-Origin") != "" || got.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %v", origin, got)
			}
		}
	}
	same(t, "recorded", s.names(), []string{})
}

// A browser keeps the password of /ui and sends it along to this server from
// any page: no other page may read what comes back.
func TestReportsAreForNoPageOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	s := open(t, edit("site.yaml", "origins: [https://shop.example]", ""))
	for _, path := range []string{"/ui/health", "/v1/campaigns", "/v1/visitors/v1", "/metrics", "/readyz"} {
		a := s.caller(secretKey).with("Origin", "https://evil.example").get(path)
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s comes with %s: %s", path, name, a.header.Get(name))
			}
		}
	}
	if a := s.browser().with("Origin", "https://anywhere.example").answered(nil).is(http.StatusOK); a.header.Get("Access-Control-Allow-Origin") != "https://anywhere.example" {
		t.Errorf("without a list every origin may decide: %v", a.header)
	}
}
