package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// sessions are of those who have logged in. They are kept in memory: after a
// restart everybody logs in again.
type sessions struct {
	manager *scs.SessionManager
	hashing chan struct{} // bounds how many passwords are looked at at once
}

// sessionFor is how long a session lasts: a working day.
const sessionFor = 12 * time.Hour

const sessionCookie = "omo_session"

func newSessions() sessions {
	s := sessions{manager: scs.New(), hashing: make(chan struct{}, 2)}
	s.manager.Lifetime = sessionFor
	return s
}

// What a session holds.
const (
	sessionName  = "name"
	sessionProof = "proof" // of what it was opened with: another password or key closes it
)

// keyName is the name of sessions that the secret key opened; nobody else has it.
const keyName = "secret key"

func proof(of string) string {
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:])
}

// loggedIn is who has logged in, as that person is now; the zero person for
// nobody.
func (s *Server) loggedIn(c echo.Context) Person {
	token := cookieOf(c, sessionCookie)
	if token == "" {
		return Person{}
	}
	ctx, err := s.desk.sessions.manager.Load(c.Request().Context(), token)
	if err != nil {
		s.log.Error("a session cannot be read", "error", err)
		return Person{}
	}
	name, proven := s.desk.sessions.manager.GetString(ctx, sessionName), s.desk.sessions.manager.GetString(ctx, sessionProof)
	if name == "" {
		return Person{}
	}
	if who, ok := s.known(name); ok && proof(who.Hash) == proven {
		return who
	}
	return Person{}
}

// known finds a person. The bearer of the secret key is one whose hash is the key's.
func (s *Server) known(name string) (Person, bool) {
	if name == keyName {
		keys := s.ring.Load()
		return Person{Name: keyName, Role: dashboard.Publish, Hash: hex.EncodeToString(keys.Secret[:])}, true
	}
	if s.desk.people == nil {
		return Person{}, false
	}
	all, err := s.desk.people.All()
	if err != nil {
		s.log.Error("who may come in cannot be read", "error", err)
		return Person{}, false
	}
	for _, p := range all {
		if p.Name == name {
			return p, true
		}
	}
	return Person{}, false
}

// begin opens a session and gives the browser its cookie.
func (s *Server) begin(c echo.Context, who Person) error {
	m := s.desk.sessions.manager
	ctx, err := m.Load(c.Request().Context(), "")
	if err != nil {
		return fmt.Errorf("open a session: %w", err)
	}
	m.Put(ctx, sessionName, who.Name)
	m.Put(ctx, sessionProof, proof(who.Hash))
	token, _, err := m.Commit(ctx)
	if err != nil {
		return fmt.Errorf("open a session: %w", err)
	}
	s.keepCookie(c, sessionCookie, token, sessionFor)
	return nil
}

// end closes the session that a browser has, if any.
func (s *Server) end(c echo.Context) error {
	m := s.desk.sessions.manager
	ctx, err := m.Load(c.Request().Context(), cookieOf(c, sessionCookie))
	if err == nil {
		err = m.Destroy(ctx)
	}
	if err != nil {
		return fmt.Errorf("close a session: %w", err)
	}
	s.keepCookie(c, sessionCookie, "", -time.Second)
	return nil
}

// keepCookie sets a cookie that only the screens get.
func (s *Server) keepCookie(c echo.Context, name, value string, age time.Duration) {
	c.SetCookie(&http.Cookie{
		Name: name, Value: value, Path: "/ui", MaxAge: int(age.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.Scheme() == "https",
	})
}

func cookieOf(c echo.Context, name string) string {
	cookie, err := c.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}
