package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
)

func limitedTo(r api.Rates) option {
	return options(func(o *api.Options) { o.Rates, o.TrustProxy = r, true })
}

// An address may come so often a second and five seconds' worth at once; when
// time has passed it may come again.
func TestAnAddressComesTooOften(t *testing.T) {
	t.Parallel()
	s := open(t, limitedTo(api.Rates{Client: 2}))
	from := func(address string) caller { return s.browser().with("X-Forwarded-For", address) }
	for range 10 {
		from("203.0.113.7").answered(nil).is(http.StatusOK)
	}
	a := from("203.0.113.7").answered(nil)
	a.says(http.StatusTooManyRequests, "rate_limited", "too many requests from this address; behind a proxy or a CDN start the server with --trust-proxy, so that each visitor counts alone")
	if got := a.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	from("203.0.113.7").post("/v1/events", object{"visitor": object{"id": "v"}, "events": list{object{"name": "look"}}}).is(http.StatusTooManyRequests)
	from("203.0.113.8").answered(nil).is(http.StatusOK)
	from("203.0.113.7").get("/b.js").is(http.StatusOK)
	from("203.0.113.7").with("Authorization", "Bearer "+secretKey).answered(nil).is(http.StatusOK)
	s.clock.pass(time.Second)
	for range 2 {
		from("203.0.113.7").answered(nil).is(http.StatusOK)
	}
	from("203.0.113.7").answered(nil).is(http.StatusTooManyRequests)
}

// Whoever has an IPv6 /64 has one address, however many.
func TestAHomeIsOneAddress(t *testing.T) {
	t.Parallel()
	s := open(t, limitedTo(api.Rates{Client: 1}))
	for i := range 6 {
		want := http.StatusOK
		if i == 5 {
			want = http.StatusTooManyRequests
		}
		s.browser().with("X-Forwarded-For", fmt.Sprintf("2001:db8:1:2::%x", i+1)).answered(nil).is(want)
	}
	s.browser().with("X-Forwarded-For", "2001:db8:1:3::1").answered(nil).is(http.StatusOK)
}

// All of a shop's visitors seem to come from the proxy that the server was not
// told of: its address is nobody's.
func TestAProxyNobodyToldOfIsNotLimited(t *testing.T) {
	t.Parallel()
	s := open(t, options(func(o *api.Options) { o.Rates = api.Rates{Client: 1, Guess: 1} }))
	for range 30 {
		s.browser().answered(nil).is(http.StatusOK)
		s.caller("sk_wrong").get("/v1/campaigns").is(http.StatusUnauthorized)
	}
	proxied := open(t, limitedTo(api.Rates{Client: 1}))
	for range 30 {
		proxied.browser().with("X-Forwarded-For", "10.1.2.3").answered(nil).is(http.StatusOK)
	}
}

func TestAVisitorComesTooOften(t *testing.T) {
	t.Parallel()
	s := open(t, limitedTo(api.Rates{Visitor: 1}))
	b, c := s.browser(), s.browser()
	b.answered(nil).is(http.StatusOK) // has no id yet
	for range 5 {
		b.answered(nil).is(http.StatusOK)
	}
	b.answered(nil).says(http.StatusTooManyRequests, "rate_limited", "too many requests of this visitor")
	c.answered(nil).is(http.StatusOK)
	event := object{"visitor": object{"id": "v1"}, "events": list{object{"name": "look"}}}
	for range 5 {
		s.browser().post("/v1/events", event).is(http.StatusOK)
	}
	s.browser().post("/v1/events", event).is(http.StatusTooManyRequests)
	for range 10 {
		s.trusted().post("/v1/events", event).is(http.StatusOK)
	}
	s.clock.pass(time.Second)
	b.answered(nil).is(http.StatusOK)
}

// Who guesses at secret keys or identify tokens is soon not told any more
// whether a guess was right; others, and the public key, are not touched.
func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	s := open(t, limitedTo(api.Rates{Guess: 1}))
	from := func(address, key string) caller { return s.caller(key).with("X-Forwarded-For", address) }
	for range 10 {
		from("203.0.113.7", "sk_guess").get("/v1/campaigns").is(http.StatusUnauthorized)
		from("203.0.113.7", publicKey).answered(object{"identify": "guess"}).is(http.StatusUnauthorized)
	}
	const enough = "too many wrong keys or tokens from this address"
	from("203.0.113.7", "sk_guess").get("/v1/campaigns").says(http.StatusTooManyRequests, "rate_limited", enough)
	from("203.0.113.7", secretKey).get("/v1/campaigns").says(http.StatusTooManyRequests, "rate_limited", enough)
	from("203.0.113.7", secretKey).get("/ui/results").is(http.StatusTooManyRequests)
	from("203.0.113.7", publicKey).answered(object{"identify": token(t, s, nil)}).says(http.StatusTooManyRequests, "rate_limited", enough)
	from("203.0.113.7", publicKey).answered(nil).is(http.StatusOK)
	from("203.0.113.8", secretKey).get("/v1/campaigns").is(http.StatusOK)
	s.clock.pass(time.Second)
	from("203.0.113.7", secretKey).get("/v1/campaigns").is(http.StatusOK)
}

// However many strangers come, the table keeps to its bound; the longest
// unheard of are forgotten first.
func TestRatesKnownAreBounded(t *testing.T) {
	t.Parallel()
	if n, kept := api.KnownRates(10_000); n != 10_001 || !kept {
		t.Errorf("%d known, the first still: %t", n, kept)
	}
	if n, kept := api.KnownRates(1_000_000); n > 131_072 || n < 65_536 || kept {
		t.Errorf("%d known, the first still: %t", n, kept)
	}
}
