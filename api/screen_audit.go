package api

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Audits are the changes that people made, as the warehouse has them: the last
// so many, the newest first.
type Audits interface {
	Audits(ctx context.Context, limit int) ([]ingest.Event, error)
}

const auditsShown = 200

func (s *Server) auditScreen(c echo.Context) error {
	page := dashboard.AuditLog{Most: auditsShown}
	events, err := s.audits.Audits(c.Request().Context(), auditsShown)
	if err != nil {
		s.log.Error("the audit log cannot be read", "error", err)
		page.Problem = err.Error()
	}
	zone := s.engine.Live().Set.Site.Timezone
	for i := range events {
		change, err := engine.ReadChange(&events[i])
		if err != nil {
			return err
		}
		page.Changes = append(page.Changes, dashboard.Change{
			Who: change.Who, Role: change.Role, What: change.What, Of: change.Of, At: change.At.In(zone),
		})
	}
	return s.screen(c, "audit", page)
}
