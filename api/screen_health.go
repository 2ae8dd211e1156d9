package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// healthScreen shows how the ledger, the warehouse and the rest are.
func (s *Server) healthScreen(c echo.Context) error {
	page := dashboard.Health{At: s.here()}
	for _, check := range s.ready(c.Request().Context()) {
		page.Parts = append(page.Parts, dashboard.Part{Name: check.Part, OK: check.OK, Detail: check.Detail})
	}
	return s.screen(c, "health", page)
}

// here is now in the site's time zone.
func (s *Server) here() time.Time { return s.now().In(s.engine.Live().Set.Site.Timezone) }
