package api

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// audit records that the person of a request, or the bearer of its key, changes
// something.
func (s *Server) audit(c echo.Context, what, of string) error {
	return s.engine.Audit(s.change(c, what, of))
}

// change is what the person or the bearer of a request changes now.
func (s *Server) change(c echo.Context, what, of string) engine.Change {
	who := by(c)
	return engine.Change{Who: who.Name, Role: who.Role.String(), What: what, Of: of, At: s.now()}
}

// byKey records what the bearer of a key is about to do. What cannot be recorded is
// not done: nothing is changed of which nobody can tell whose it was.
func (s *Server) byKey(c echo.Context, what, of string) error {
	err := s.audit(c, what, of)
	if err == nil {
		return nil
	}
	s.log.Error("who changes what could not be recorded", "what", what, "error", err)
	if full := notKept(err); full.Code == "full" {
		return full
	}
	return retryLater("unavailable", "who asks could not be recorded, and nothing was done; ask again", soon)
}

// auditedPlaces names the first of the events that are replayed, and how many more.
func auditedPlaces(places []ingest.Place) string {
	switch len(places) {
	case 0:
		return ""
	case 1:
		return places[0].String()
	}
	return places[0].String() + " +" + strconv.Itoa(len(places)-1)
}
