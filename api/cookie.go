package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// visitorCookie holds a visitor's id and this server's proof that it gave it.
// Scripts never read it.
const visitorCookie = "omo_vid"

// Bounds of what is looked at: a value has an id and its proof.
const (
	maxCookie  = ingest.MaxID*4/3 + 32 // bytes
	maxCookies = 8
)

// CookieAge is how long browsers are asked to keep the visitor cookie; they allow 400 days at most.
const CookieAge = 400 * 24 * time.Hour

// cookieVisitor is the visitor that a good cookie names, and whether it is to
// be signed anew. A page of another subdomain can set one of the same name, so
// each is looked at.
func (s *Server) cookieVisitor(r *http.Request) (visitor string, stale bool) {
	keys, looked := s.ring.Load(), 0
	for _, line := range r.Header["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if name != visitorCookie || len(value) > maxCookie {
				continue
			}
			if looked++; looked > maxCookies {
				return "", false // no browser has so many; each costs a proof
			}
			if visitor, stale = keys.vouched(value); visitor != "" {
				return visitor, stale
			}
		}
	}
	return "", false
}

// vouched is the visitor of a cookie's value, "" where no key of the ring made
// it, and whether that key is going away.
func (r *ring) vouched(value string) (visitor string, stale bool) {
	encoded, _, _ := strings.Cut(value, ".")
	var room [64]byte // for most ids
	id, err := base64.RawURLEncoding.AppendDecode(room[:0], []byte(encoded))
	if err != nil {
		return "", false
	}
	visitor = string(id)
	for i, provers := range r.provers {
		var room [128]byte
		if hmac.Equal([]byte(value), appendCookie(room[:0], provers, visitor)) {
			return visitor, i > 0
		}
	}
	return "", false
}

// remember sets the cookie where it does not name the visitor yet, or is
// signed with a key that is going away, and takes it away from one who said no.
func (s *Server) remember(c echo.Context, visitor string, known identity, consent string) {
	switch {
	case visitor != "" && (visitor != known.cookie || known.stale):
		s.setVisitor(c, visitor)
	case known.cookie != "" && consent == "denied":
		gone := s.cookie(c, "")
		gone.MaxAge = -1
		c.SetCookie(gone)
	}
}

func (s *Server) setVisitor(c echo.Context, visitor string) {
	c.SetCookie(s.cookie(c, s.cookieValue(visitor)))
}

func (s *Server) cookieValue(visitor string) string {
	return string(appendCookie(nil, s.ring.Load().provers[0], visitor))
}

func (s *Server) cookie(c echo.Context, value string) *http.Cookie {
	return &http.Cookie{
		Name: visitorCookie, Value: value,
		Path: "/", MaxAge: int(CookieAge.Seconds()), HttpOnly: true,
		Secure: c.Scheme() == "https", SameSite: http.SameSiteLaxMode,
	}
}

// appendCookie writes a visitor's id and its proof, which is made for every page
// view: its MACs are used again.
func appendCookie(out []byte, provers *sync.Pool, visitor string) []byte {
	p := provers.Get().(*prover)
	defer provers.Put(p)
	p.text = append(append(p.text[:0], "visitor|"...), visitor...)
	p.mac.Reset()
	p.mac.Write(p.text)
	out = append(base64.RawURLEncoding.AppendEncode(out, p.text[len("visitor|"):]), '.')
	p.text = p.mac.Sum(p.text[:0])
	return base64.RawURLEncoding.AppendEncode(out, p.text[:16])
}

// prover is a keyed MAC and the memory for what it is of and its sum.
type prover struct {
	mac  hash.Hash
	text []byte
}

func newProvers(key []byte) *sync.Pool {
	return &sync.Pool{New: func() any { return &prover{mac: hmac.New(sha256.New, key)} }}
}
