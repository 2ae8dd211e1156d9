package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// Keys let callers in: a public key writes and decides, a secret key does everything.
type Keys struct {
	Public string
	Secret [sha256.Size]byte // of the secret key; the key itself is not kept
}

// HashKey is how a secret key is kept.
func HashKey(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// access is what a key lets its bearer do.
type access int

const (
	public access = iota + 1
	secret
)

// admit says what the caller of r may do. bodyKey is the body's writeKey, if any.
func (s *Server) admit(c echo.Context, bodyKey string) (access, error) {
	r := c.Request()
	key := keyOf(r, bodyKey)
	if key == "" {
		return 0, problem("no_key", "no key: send Authorization: Bearer pk_… (or sk_…), ?k=, or writeKey in the body")
	}
	hash := HashKey(key)
	if subtle.ConstantTimeCompare(hash[:], s.keys.Secret[:]) == 1 {
		if fromElsewhere(r) {
			return 0, problem("origin", "a page of another site may not use the secret key that this browser keeps as a password")
		}
		return secret, nil
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(s.keys.Public)) != 1 {
		return 0, problem("wrong_key", "this key is not one of this server's: compare OMO_PUBLIC_KEY and OMO_SECRET_KEY; a lost secret key is replaced by starting the server with a new one in OMO_SECRET_KEY")
	}
	if origin := r.Header.Get("Origin"); origin != "" && !s.originAllowed(origin) {
		return 0, problem("origin", "origin "+origin+" is not in site.yaml's origins")
	}
	return public, nil
}

// fromElsewhere says whether a browser was made to send this by a page of
// another site: it adds the password it keeps for /ui to whatever it sends here.
func fromElsewhere(r *http.Request) bool {
	if _, _, asPassword := r.BasicAuth(); !asPassword || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") != "" || site != "" && site != "none" && site != "same-origin"
}

func keyOf(r *http.Request, bodyKey string) string {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if user, password, ok := r.BasicAuth(); ok {
		if user == "" || strings.HasPrefix(password, "sk_") {
			return password
		}
		return user
	}
	// A browser's beacon cannot set headers.
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if escaped, is := strings.CutPrefix(pair, "k="); is {
			if key, err := url.QueryUnescape(escaped); err == nil && key != "" {
				return key
			}
		}
	}
	return bodyKey
}

// needSecret guards what only the shop's own servers and people may do.
func (s *Server) needSecret(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := s.admit(c, "")
		if err != nil {
			return err
		}
		if who != secret {
			return problem("needs_secret", "this needs the secret key (sk_…); the public key only writes and decides")
		}
		c.Response().Header().Set("Cache-Control", "no-store") // it is about people
		return next(c)
	}
}

// originAllowed says whether site.yaml lets pages of this origin in; without
// a list every origin is.
func (s *Server) originAllowed(origin string) bool {
	live := s.engine.Live()
	if live == nil || len(live.Set.Site.Origins) == 0 {
		return true
	}
	for _, o := range live.Set.Site.Origins {
		if strings.EqualFold(o, origin) {
			return true
		}
	}
	return false
}
