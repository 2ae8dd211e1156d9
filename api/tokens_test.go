package api_test

import (
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/omotenashi-web/omotenashi/api"
)

// The kid of a token chooses among the named keys; without one every key is
// tried. The algorithm is the key's, whatever the token says.
func TestTwoIdentifyKeysAtATime(t *testing.T) {
	t.Parallel()
	seed := func(of string) ed25519.PrivateKey {
		return ed25519.NewKeyFromSeed([]byte(strings.Repeat(of, 32)))
	}
	pub := func(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }
	old, next, stranger := seed("o"), seed("n"), seed("s")
	secret := []byte("a secret of the old days, 32 bytes long")
	named := []api.TokenKey{{ID: "2027", Public: pub(next)}, {ID: "2026", Public: pub(old)}}
	mixed := []api.TokenKey{{ID: "2027", Public: pub(next)}, {Secret: secret}}
	for name, row := range map[string]struct {
		keys   []api.TokenKey
		method jwt.SigningMethod
		key    any
		kid    string
		good   bool
	}{
		"the newer":                           {named, jwt.SigningMethodEdDSA, next, "2027", true},
		"the older":                           {named, jwt.SigningMethodEdDSA, old, "2026", true},
		"without a kid the newer":             {named, jwt.SigningMethodEdDSA, next, "", true},
		"without a kid the older":             {named, jwt.SigningMethodEdDSA, old, "", true},
		"the other's kid":                     {named, jwt.SigningMethodEdDSA, old, "2027", false},
		"a kid nobody has":                    {named, jwt.SigningMethodEdDSA, old, "2025", false},
		"a stranger's":                        {named, jwt.SigningMethodEdDSA, stranger, "", false},
		"a secret beside a public key":        {mixed, jwt.SigningMethodHS256, secret, "", true},
		"a key without a name takes any kid":  {mixed, jwt.SigningMethodHS256, secret, "whatever", true},
		"a named key's kid over a secret":     {mixed, jwt.SigningMethodHS256, secret, "2027", false},
		"the public key taken for a secret":   {named, jwt.SigningMethodHS256, []byte(pub(next)), "2027", false},
		"an empty secret":                     {named, jwt.SigningMethodHS256, []byte{}, "", false},
		"the public key taken, without a kid": {mixed, jwt.SigningMethodHS256, []byte(pub(next)), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, options(func(o *api.Options) { o.Keys.Identify = row.keys }))
			token := jwt.NewWithClaims(row.method, jwt.MapClaims{"sub": "u1", "exp": s.clock.Now().Unix() + 60})
			if row.kid != "" {
				token.Header["kid"] = row.kid
			}
			text, err := token.SignedString(row.key)
			if err != nil {
				t.Fatal(err)
			}
			want := http.StatusUnauthorized
			if row.good {
				want = http.StatusOK
			}
			s.browser().answered(object{"identify": text}).is(want)
		})
	}
}

// A token that was signed for another site is not taken here.
func TestTokensAreMeantForThisSite(t *testing.T) {
	t.Parallel()
	const ours = "https://members.example/shop"
	for name, row := range map[string]struct {
		configured string
		aud        any
		message    string
	}{
		"no aud":                      {"", nil, ""},
		"an origin of the site":       {"", "https://shop.example", ""},
		"its host":                    {"", []string{"other.example", "shop.example"}, ""},
		"another site":                {"", "https://other.example", `the identify token is for ["https://other.example"], which is none of site.yaml's origins: leave aud out, or set OMO_IDENTIFY_AUDIENCE`},
		"as configured":               {ours, ours, ""},
		"configured and left out":     {ours, nil, `the identify token is for []: its aud must name "` + ours + `"`},
		"configured, and another one": {ours, "https://shop.example", `the identify token is for ["https://shop.example"]: its aud must name "` + ours + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, options(func(o *api.Options) { o.Keys.Audience = row.configured }))
			a := s.browser().answered(object{"identify": token(t, s, func(c jwt.MapClaims) {
				if row.aud != nil {
					c["aud"] = row.aud
				}
			})})
			if row.message == "" {
				a.is(http.StatusOK)
				return
			}
			a.says(http.StatusUnauthorized, "bad_token", row.message)
		})
	}
}
