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

// cookieAge is how long browsers are asked to keep it; they allow 400 days at most.
const cookieAge = 400 * 24 * time.Hour

// cookieVisitor is the visitor that a good cookie names. A page of another
// subdomain can set one of the same name, so each is looked at.
func (s *Server) cookieVisitor(r *http.Request) string {
	for _, cookie := range r.CookiesNamed(visitorCookie) {
		encoded, proof, _ := strings.Cut(cookie.Value, ".")
		id, err := base64.RawURLEncoding.DecodeString(encoded)
		if err == nil && hmac.Equal([]byte(proof), []byte(s.cookieProof(string(id)))) {
			return string(id)
		}
	}
	return ""
}

// remember sets the cookie where it does not name the visitor yet, and takes
// it away from one who said no.
func (s *Server) remember(c echo.Context, visitor, known, consent string) {
	switch {
	case visitor != "" && visitor != known:
		s.setVisitor(c, visitor)
	case known != "" && consent == "denied":
		gone := s.cookie(c, "")
		gone.MaxAge = -1
		c.SetCookie(gone)
	}
}

func (s *Server) setVisitor(c echo.Context, visitor string) {
	c.SetCookie(s.cookie(c, s.cookieValue(visitor)))
}

func (s *Server) cookieValue(visitor string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(visitor)) + "." + s.cookieProof(visitor)
}

func (s *Server) cookie(c echo.Context, value string) *http.Cookie {
	return &http.Cookie{
		Name: visitorCookie, Value: value,
		Path: "/", MaxAge: int(cookieAge.Seconds()), HttpOnly: true,
		Secure: c.Scheme() == "https", SameSite: http.SameSiteLaxMode,
	}
}

// cookieProof is made for every page view, so its MACs are used again.
func (s *Server) cookieProof(visitor string) string {
	p := s.provers.Get().(*prover)
	defer s.provers.Put(p)
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
