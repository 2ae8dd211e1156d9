package api

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/golang-jwt/jwt/v5"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// TokenKey proves the identify tokens that a shop signs: by HS256 with Secret,
// or by EdDSA with the private key of Public. One of the two is set.
type TokenKey struct {
	ID     string // the kid by which tokens name it; "" if they do not
	Secret []byte // 32 bytes or more
	Public ed25519.PublicKey
}

// minSecret is RFC 7518's least length of an HS256 secret, in bytes.
const minSecret = 32

func checkTokenKeys(keys []TokenKey) error {
	if n := len(keys); n == 0 || n > MaxRotating {
		return fmt.Errorf("there are %d identify keys: one, or two while they change", n)
	}
	for i, k := range keys {
		switch {
		case k.Public == nil && len(k.Secret) < minSecret:
			return fmt.Errorf("identify key %d has %d bytes: HS256 needs %d or more, of a random source", i+1, len(k.Secret), minSecret)
		case k.Public != nil && (k.Secret != nil || len(k.Public) != ed25519.PublicKeySize):
			return fmt.Errorf("identify key %d is no Ed25519 public key", i+1)
		}
	}
	return nil
}

// personClaims are what a shop signs about its member.
type personClaims struct {
	jwt.RegisteredClaims
	Traits map[string]any `json:"traits"`
}

func (s *Server) verify(token string) (personClaims, error) {
	keys := s.ring.Load()
	var claims personClaims
	_, err := s.tokens.ParseWithClaims(token, &claims, keys.forToken)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return claims, problem("bad_token", "the identify token has expired: sign a new one with a later exp")
	case err != nil:
		return claims, problem("bad_token", fmt.Sprintf("the identify token is not good: %v; sign it with HS256 and the identify secret, or with EdDSA and a key of --identify-keys", err))
	case claims.Subject == "":
		return claims, problem("bad_token", "the identify token names nobody: its sub must be the user id")
	}
	if err := s.meantForUs(claims.Audience, keys.Audience); err != nil {
		return claims, err
	}
	if why := checkTold(&ingest.Who{UserID: claims.Subject, Traits: claims.Traits}); why != nil {
		return claims, problem("bad_token", "the identify token is not good: "+why.Message)
	}
	return claims, nil
}

// forToken gives the keys that may have signed: those that the token's kid
// names, else those without a name; without a kid all. Its algorithm must be
// the key's own, or a public key would pass for a secret that everybody has.
func (r *ring) forToken(token *jwt.Token) (any, error) {
	kid, _ := token.Header["kid"].(string)
	named := slices.ContainsFunc(r.Identify, func(k TokenKey) bool { return kid != "" && k.ID == kid })
	var may jwt.VerificationKeySet
	for _, k := range r.Identify {
		switch {
		case named && k.ID != kid, !named && kid != "" && k.ID != "":
		case k.Public != nil && token.Method.Alg() == "EdDSA":
			may.Keys = append(may.Keys, k.Public)
		case k.Public == nil && token.Method.Alg() == "HS256":
			may.Keys = append(may.Keys, k.Secret)
		}
	}
	if len(may.Keys) == 0 {
		return nil, fmt.Errorf("no key for %s with kid %q is known", token.Method.Alg(), kid)
	}
	return may, nil
}

// meantForUs refuses a token that was signed for somebody else. Where no
// audience is configured, a token that names one must name an origin of the
// site or its host.
func (s *Server) meantForUs(audience jwt.ClaimStrings, configured string) error {
	if configured != "" {
		if slices.Contains(audience, configured) {
			return nil
		}
		return problem("bad_token", fmt.Sprintf("the identify token is for %q: its aud must name %q", []string(audience), configured))
	}
	if len(audience) == 0 {
		return nil
	}
	for _, origin := range s.engine.Live().Set.Site.Origins {
		u, err := url.Parse(origin)
		if slices.Contains(audience, origin) || err == nil && slices.Contains(audience, u.Host) {
			return nil
		}
	}
	return problem("bad_token", fmt.Sprintf("the identify token is for %q, which is none of site.yaml's origins: leave aud out, or set OMO_IDENTIFY_AUDIENCE", []string(audience)))
}
