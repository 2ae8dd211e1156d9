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
)

// visitorCookie holds a visitor's id and this server's proof that it gave it.
// Scripts never read it.
const visitorCookie = "omo_vid"

// CookieAge is how long browsers are asked to keep the visitor cookie; they allow 400 days at most.
const CookieAge = 400 * 24 * time.Hour

// cookieVisitor is the visitor that a good cookie names, and whether it is to
// be signed anew. A page of another subdomain can set one of the same name, so
// each is looked at.
func (s *Server) cookieVisitor(r *http.Request) (visitor string, stale bool) {
	keys := s.ring.Load()
	for _, cookie := range r.CookiesNamed(visitorCookie) {
		encoded, proof, _ := strings.Cut(cookie.Value, ".")
		id, err := base64.RawURLEncoding.DecodeString(encoded)
		if err != nil {
			continue
		}
		for i, provers := range keys.provers {
			if hmac.Equal([]byte(proof), []byte(cookieProof(provers, string(id)))) {
				return string(id), i > 0
			}
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
	return base64.RawURLEncoding.EncodeToString([]byte(visitor)) + "." + cookieProof(s.ring.Load().provers[0], visitor)
}

func (s *Server) cookie(c echo.Context, value string) *http.Cookie {
	return &http.Cookie{
		Name: visitorCookie, Value: value,
		Path: "/", MaxAge: int(CookieAge.Seconds()), HttpOnly: true,
		Secure: c.Scheme() == "https", SameSite: http.SameSiteLaxMode,
	}
}

// cookieProof is made for every page view, so its MACs are used again.
func cookieProof(provers *sync.Pool, visitor string) string {
	p := provers.Get().(*prover)
	defer provers.Put(p)
	p.text = append(append(p.text[:0], "visitor|"...), visitor...)
	p.mac.Reset()
	p.mac.Write(p.text)
	p.text = p.mac.Sum(p.text[:0])
	return base64.RawURLEncoding.EncodeToString(p.text[:16])
}

// prover is a keyed MAC and the memory for what it is of and its sum.
type prover struct {
	mac  hash.Hash
	text []byte
}

func newProvers(key []byte) *sync.Pool {
	return &sync.Pool{New: func() any { return &prover{mac: hmac.New(sha256.New, key)} }}
}
