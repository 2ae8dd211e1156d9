package api_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestCookieWinsOverTheBody(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	mine := b.decide(nil).Visitor.ID
	a := b.answered(object{"visitor": object{"id": "somebody-else"}})
	if got := a.decision().Visitor; got.ID != mine || got.New {
		t.Errorf("visitor %+v, expected %s", got, mine)
	}
	if cookie := a.header.Get("Set-Cookie"); cookie != "" {
		t.Errorf("the cookie was good and was set again: %q", cookie)
	}
	b.post("/v1/events", object{
		"visitor": object{"id": "somebody-else"},
		"events":  list{object{"name": "one"}, object{"name": "two", "visitor": object{"id": "a-third"}}},
	}).is(http.StatusOK)
	for _, r := range s.recorded() {
		if r.Event.Visitor != mine {
			t.Errorf("%s went to %s", r.Event.Name, r.Event.Visitor)
		}
	}
}

func TestForgedCookieIsNoCookie(t *testing.T) {
	t.Parallel()
	s := open(t)
	real := s.browser().answered(object{"visitor": object{"id": "alice"}}).header.Get("Set-Cookie")
	_, proof, _ := strings.Cut(strings.TrimPrefix(strings.SplitN(real, ";", 2)[0], "omo_vid="), ".")
	encode := base64.RawURLEncoding.EncodeToString
	for name, cookie := range map[string]string{
		"another's proof": encode([]byte("bob")) + "." + proof,
		"no proof":        encode([]byte("bob")) + ".",
		"no dot":          encode([]byte("bob")),
		"half a proof":    encode([]byte("alice")) + "." + proof[:8],
		"not base64":      "!!!." + proof,
		"empty":           "",
	} {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			a := s.browser().with("Cookie", "omo_vid="+cookie).answered(object{"visitor": object{"id": "from-the-body"}})
			if got := a.decision().Visitor.ID; got != "from-the-body" {
				t.Errorf("visitor %q", got)
			}
		})
	}
	// A page of another subdomain can add a cookie of the same name.
	both := "omo_vid=nonsense; omo_vid=" + encode([]byte("alice")) + "." + proof
	if got := s.browser().with("Cookie", both).decide(object{"visitor": object{"id": "bob"}}).Visitor.ID; got != "alice" {
		t.Errorf("with a bad cookie before the good one: %q", got)
	}
}

func TestCookieMeansNothingToTheSecretKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	b.decide(nil)
	if got := b.with("Authorization", "Bearer "+secretKey).decide(object{"visitor": object{"id": "named"}}).Visitor.ID; got != "named" {
		t.Errorf("visitor %q", got)
	}
}

// token signs claims as a shop does, unless told otherwise.
func token(t testing.TB, s *shop, change func(jwt.MapClaims), how ...any) string {
	t.Helper()
	claims := jwt.MapClaims{"sub": "u1", "exp": s.clock.Now().Add(time.Hour).Unix(), "traits": object{"rank": "gold"}}
	if change != nil {
		change(claims)
	}
	var method jwt.SigningMethod = jwt.SigningMethodHS256
	var key any = identifyKey
	if len(how) == 2 {
		method, key = how[0].(jwt.SigningMethod), how[1]
	}
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestIdentifyTokenNamesThePerson(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	d := b.decide(object{"identify": token(t, s, nil), "visitor": object{"user_id": "not me", "traits": object{"rank": "none", "plan": "pro"}}})
	if got := d.campaigns(); got != "gold pro quiet welcome" {
		t.Errorf("campaigns %q", got)
	}
	p, err := s.engine.Profile(d.Visitor.ID)
	if err != nil || p.User != "u1" || p.Traits["rank"] != "gold" || p.Traits["plan"] != "pro" {
		t.Errorf("profile %+v %v", p, err)
	}
	if s.ledger.Durable() != s.ledger.Last() {
		t.Error("answered before the identify was on disk")
	}
}

// Beside a token that says nothing of a rank, a browser's own word must not
// pass for signed.
func TestTokenDoesNotVouchForWhatItDoesNotSay(t *testing.T) {
	t.Parallel()
	s := open(t)
	bare := token(t, s, func(c jwt.MapClaims) { delete(c, "traits") })
	d := s.browser().decide(object{"identify": bare, "visitor": object{"traits": object{"rank": "gold", "plan": "pro"}}})
	if got := d.campaigns(); got != "pro quiet welcome" {
		t.Errorf("campaigns %q", got)
	}
}

func TestIdentifyTokensThatAreNotGood(t *testing.T) {
	t.Parallel()
	s := open(t)
	const remedy = "; sign it with HS256 and the identify secret, or with EdDSA and a key of --identify-keys"
	for name, row := range map[string]struct{ token, message string }{
		"expired":    {token(t, s, func(c jwt.MapClaims) { c["exp"] = s.clock.Now().Add(-time.Second).Unix() }), "the identify token has expired: sign a new one with a later exp"},
		"no expiry":  {token(t, s, func(c jwt.MapClaims) { delete(c, "exp") }), "the identify token is not good: token has invalid claims: token is missing required claim: exp claim is required" + remedy},
		"none":       {token(t, s, nil, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), "the identify token is not good: token signature is invalid: signing method none is invalid" + remedy},
		"HS512":      {token(t, s, nil, jwt.SigningMethodHS512, identifyKey), "the identify token is not good: token signature is invalid: signing method HS512 is invalid" + remedy},
		"other key":  {token(t, s, nil, jwt.SigningMethodHS256, []byte("another key of much the same size")), "the identify token is not good: token signature is invalid: signature is invalid" + remedy},
		"empty key":  {token(t, s, nil, jwt.SigningMethodHS256, []byte{}), "the identify token is not good: token signature is invalid: signature is invalid" + remedy},
		"nobody":     {token(t, s, func(c jwt.MapClaims) { delete(c, "sub") }), "the identify token names nobody: its sub must be the user id"},
		"endless id": {token(t, s, func(c jwt.MapClaims) { c["sub"] = strings.Repeat("u", 129) }), "the identify token is not good: visitor.user_id is longer than 128 bytes or has control characters"},
		"no JWT":     {"hello", "the identify token is not good: token is malformed: token contains an invalid number of segments" + remedy},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			s.browser().answered(object{"identify": row.token}).says(http.StatusUnauthorized, "bad_token", row.message)
			s.browser().post("/v1/events", object{"identify": row.token, "visitor": object{"id": "v"}, "events": list{object{"name": "look"}}}).
				says(http.StatusUnauthorized, "bad_token", row.message)
		})
	}
	same(t, "recorded", s.names(), []string{})
}

func TestUnsignedTraitsCountAsFarAsTheSiteLetsThem(t *testing.T) {
	t.Parallel()
	s := open(t)
	told := object{"visitor": object{"user_id": "u1", "traits": object{"rank": "gold", "plan": "pro", "shoe_size": 27}}}
	d := s.browser().decide(told)
	if got := d.campaigns(); got != "pro quiet welcome" {
		t.Errorf("from a browser: %q", got)
	}
	p, err := s.engine.Profile(d.Visitor.ID)
	if err != nil || p.User != "" || len(p.Traits) != 1 || p.Traits["plan"] != "pro" {
		t.Errorf("profile %+v %v", p, err)
	}
	if got := s.trusted().decide(told).campaigns(); got != "gold pro quiet welcome" {
		t.Errorf("from the shop's server: %q", got)
	}
}

func TestBrowserThatChangesHandsGetsAnotherVisitor(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	first := b.decide(object{"identify": token(t, s, nil)}).Visitor.ID
	other := token(t, s, func(c jwt.MapClaims) { c["sub"] = "u2" })
	b.post("/v1/events", object{"identify": other, "events": list{object{"name": "look"}}}).is(http.StatusOK)
	second := b.decide(object{"identify": other}).Visitor
	if second.ID == first || second.New {
		t.Errorf("first %s, then %+v: the answer to events must have set its cookie", first, second)
	}
	if got := b.decide(nil).Visitor.ID; got != second.ID {
		t.Errorf("after that %s, expected %s", got, second.ID)
	}
}
