package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

// Keys let callers in and prove what they say: a public key writes and
// decides, a secret key does everything or what it is scoped for. Secret keys
// are known by their hashes alone.
type Keys struct {
	Public string
	Secret [sha256.Size]byte // has every scope
	Scoped []ScopedKey       // further secret keys

	Cookies  [][]byte   // prove visitor cookies: the first signs, all are believed
	Identify []TokenKey // prove identify tokens
	Audience string     // what a token's aud must name; "" one of the site's origins, if it has any aud
}

// ScopedKey is a secret key for some things.
type ScopedKey struct {
	Name  string // for the audit log
	Hash  [sha256.Size]byte
	Scope Scope
}

// Bounds of Keys. A second key of a kind is for changing it without a moment
// in which one of the two is refused.
const (
	MaxScoped   = 100
	MaxRotating = 2
	minKey      = 16 // bytes: with none at all anybody could sign
)

// check says what is wrong with keys that a server cannot work with.
func (k *Keys) check() error {
	if n := len(k.Cookies); n == 0 || n > MaxRotating {
		return fmt.Errorf("there are %d cookie keys: one, or two while they change", n)
	}
	for _, key := range k.Cookies {
		if len(key) < minKey {
			return fmt.Errorf("a cookie key has %d bytes: it needs %d or more, of a random source", len(key), minKey)
		}
	}
	if len(k.Scoped) > MaxScoped {
		return fmt.Errorf("there are %d scoped keys, at most %d are looked through: revoke what nobody uses", len(k.Scoped), MaxScoped)
	}
	return checkTokenKeys(k.Identify)
}

// ring is Keys in use.
type ring struct {
	Keys
	provers []*sync.Pool // of visitor cookies, one for each of Cookies
}

// UseKeys puts keys in the place of those in use; requests under way end with
// the ones they began with. Bad ones change nothing.
func (s *Server) UseKeys(keys Keys) error {
	if err := keys.check(); err != nil {
		return err
	}
	r := &ring{Keys: keys}
	for _, key := range keys.Cookies {
		r.provers = append(r.provers, newProvers(key))
	}
	s.ring.Store(r)
	return nil
}

// HashKey is how a secret key is kept.
func HashKey(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// access is what a key lets its bearer do.
type access int

const (
	public access = iota + 1
	secret
)

// bearer is who a request comes from, by its key.
type bearer struct {
	access access
	scope  Scope  // of a secret key
	name   string // of a secret key that has one
}

// admit says what the caller of r may do where events come in. bodyKey is the
// body's writeKey, if any.
func (s *Server) admit(c echo.Context, bodyKey string) (access, error) {
	b, err := s.bearer(c, bodyKey)
	if err == nil && b.access == secret && !b.scope.has(ScopeEvents) {
		return 0, outOfScope(ScopeEvents, b.scope)
	}
	return b.access, err
}

// bearer finds whose key came. Every secret key is compared whole, so that the
// time it takes tells nothing.
func (s *Server) bearer(c echo.Context, bodyKey string) (bearer, error) {
	r := c.Request()
	key := keyOf(r, bodyKey)
	if key == "" {
		return bearer{}, problem("no_key", "no key: send Authorization: Bearer pk_… (or sk_…), ?k=, or writeKey in the body")
	}
	keys := s.ring.Load()
	if subtle.ConstantTimeCompare([]byte(key), []byte(keys.Public)) == 1 {
		if origin := r.Header.Get("Origin"); origin != "" && !s.originAllowed(origin) {
			return bearer{}, problem("origin", "origin "+origin+" is not in site.yaml's origins")
		}
		return bearer{access: public}, nil
	}
	if err := s.limits.guessing(c, s.now()); err != nil {
		return bearer{}, err
	}
	hash := HashKey(key)
	var scope Scope
	name := ""
	if subtle.ConstantTimeCompare(hash[:], keys.Secret[:]) == 1 {
		scope = ScopeAdmin
	}
	for i := range keys.Scoped {
		if subtle.ConstantTimeCompare(hash[:], keys.Scoped[i].Hash[:]) == 1 {
			scope, name = scope|keys.Scoped[i].Scope, keys.Scoped[i].Name
		}
	}
	switch {
	case scope == 0:
		s.limits.wrong(c, s.now())
		return bearer{}, problem("wrong_key", "this key is not one of this server's: compare OMO_PUBLIC_KEY and OMO_SECRET_KEY; a lost secret key is replaced by starting the server with a new one in OMO_SECRET_KEY").in("OMO_SECRET_KEY の値と見くらべてください。失くしたときは、新しい値を OMO_SECRET_KEY に入れて起動し直せます。")
	case fromElsewhere(r):
		return bearer{}, problem("origin", "a page of another site may not use the secret key that this browser keeps as a password").in("別のサイトのページからは、このブラウザーが覚えている秘密鍵を使えません。")
	}
	return bearer{access: secret, scope: scope, name: name}, nil
}

// fromElsewhere says whether a browser was made to send this by a page of
// another site: it adds the password it keeps for /ui to whatever it sends here.
func fromElsewhere(r *http.Request) bool {
	if _, _, asPassword := r.BasicAuth(); !asPassword || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" { // no page can say it differently
		return site != "none" && site != "same-origin"
	}
	return r.Header.Get("Origin") != ""
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
