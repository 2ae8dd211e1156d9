package api

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// resultsPage shows every campaign's main goal.
func (s *Server) resultsPage(c echo.Context) error {
	live := s.engine.Live()
	page := dashboard.Page{Rules: live.Set.Hash, At: s.now().In(live.Set.Site.Timezone), Notice: s.notice}
	for _, check := range s.ready(c.Request().Context()) {
		if !check.OK {
			page.Troubles = append(page.Troubles, dashboard.Trouble{Part: check.Part, Detail: check.Detail})
		}
	}
	for _, campaign := range live.Set.Campaigns {
		row := dashboard.Campaign{Name: campaign.Name, File: campaign.File}
		result, err := s.judge(c.Request().Context(), campaign, s.asOf(campaign, mainGoal(campaign)))
		var p *Problem
		switch {
		case errors.As(err, &p):
			row.Problem = p.Message
		case err != nil:
			return err
		default:
			row.Results, row.Harm = &result.Results, harmOf(result.Override)
		}
		page.Campaigns = append(page.Campaigns, row)
	}
	var out bytes.Buffer
	if err := dashboard.Render(&out, page); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
	return c.HTMLBlob(http.StatusOK, out.Bytes())
}
