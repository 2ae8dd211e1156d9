package api

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// monthsShown is how many months of use the screen has.
const monthsShown = 6

// healthScreen shows how the ledger, the warehouse and the rest are.
func (s *Server) healthScreen(c echo.Context) error {
	page := dashboard.Health{At: s.here(), Rules: s.engine.Live().Set.Hash, Even: true}
	for _, check := range s.ready(c.Request().Context()) {
		part := dashboard.Part{Name: check.Part, OK: check.OK, Detail: check.Detail}
		for _, f := range check.Figures {
			one := dashboard.Figure{Name: f.Name, Value: f.Value, Known: true}
			part.Figures = append(part.Figures, one)
			switch {
			case f.Name == "lag":
				page.Lag = one
			case f.Name == "dead":
				page.Dead = one
			case check.Part == "balance":
				page.Balance, page.Even = append(page.Balance, one), check.OK
			}
		}
		page.Parts = append(page.Parts, part)
	}
	months, err := s.usedByMonth()
	switch {
	case err != nil:
		page.Problem = wording(err)
	case months == nil:
		page.Counting = true
	default:
		for _, m := range *months {
			page.Months = append(page.Months, dashboard.Month(m))
		}
	}
	return s.screen(c, "health", page)
}

// usedByMonth is the last months' use as of some minutes ago; nil without an
// error: it is being counted.
func (s *Server) usedByMonth() (*[]warehouse.Month, error) {
	zone := s.engine.Live().Set.Site.Timezone.String()
	all := func(*[]warehouse.Month) bool { return true }
	found, _, err := s.used.get(s.now, all, func(ctx context.Context) (*[]warehouse.Month, error) {
		months, err := s.reports.Usage(ctx, monthsShown, s.now(), zone)
		if err != nil {
			return nil, s.away("screen", "health", err)
		}
		return &months, nil
	})
	return found, err
}

// here is now in the site's time zone.
func (s *Server) here() time.Time { return s.now().In(s.engine.Live().Set.Site.Timezone) }
