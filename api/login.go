package api

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// loginPage is what the login screen shows.
type loginPage struct {
	Back  string
	Name  string
	Wrong bool          // name or password
	After time.Duration // to wait before the next try; 0 none
}

func (s *Server) loginScreen(c echo.Context) error {
	if by(c).Role > 0 {
		return back(c, c.QueryParam("back"))
	}
	return s.screen(c, "login", loginPage{Back: c.QueryParam("back")})
}

// login opens a session for a person with the password, and for anybody with
// the secret key as one.
func (s *Server) login(c echo.Context) error {
	page := loginPage{Back: c.FormValue("back"), Name: strings.TrimSpace(c.FormValue("name"))}
	who, ok, after := s.tried(c, page.Name, c.FormValue("password"))
	if page.After = after; after > 0 {
		c.Response().Header().Set("Retry-After", seconds(after))
		return s.page(c, http.StatusTooManyRequests, "login", "layout", page)
	}
	if !ok {
		page.Wrong = true
		return s.page(c, http.StatusUnauthorized, "login", "layout", page)
	}
	if err := s.begin(c, who); err != nil {
		return err
	}
	return back(c, page.Back)
}

// tried is who a name and a password are, or how long to wait before the next
// try. Few try at once: of many, all would come before the first is found wrong.
func (s *Server) tried(c echo.Context, name, password string) (who Person, ok bool, after time.Duration) {
	s.desk.sessions.hashing <- struct{}{}
	defer func() { <-s.desk.sessions.hashing }()
	if after = s.limits.logins(c, name, s.now()); after > 0 {
		return Person{}, false, after
	}
	if who, ok = s.opened(name, password); !ok {
		s.limits.wrongLogin(c, name, s.now())
	}
	return who, ok, 0
}

// opened is who a name and a password are.
func (s *Server) opened(name, password string) (Person, bool) {
	if strings.HasPrefix(password, "sk_") {
		hash, keys := HashKey(password), s.ring.Load()
		who, _ := s.known(keyName)
		return who, subtle.ConstantTimeCompare(hash[:], keys.Secret[:]) == 1
	}
	who, known := s.known(name)
	if name == keyName { // it has no password
		who, known = Person{}, false
	}
	if !known {
		who.Hash = argonPrefix // takes as long as a password that is wrong
	}
	return who, opens(who.Hash, password) && known && who.Role >= dashboard.View
}

func (s *Server) logout(c echo.Context) error {
	if err := s.end(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/ui/login")
}
