package api

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// download gives a person what the screen shows, as a file: what=results, days,
// cumulative, breakdown or funnel, form=csv or json. JSON is the HTTP API's.
func (s *Server) download(c echo.Context) error {
	campaign, q, err := s.question(c)
	if err != nil {
		return err
	}
	q = s.asOf(campaign, q)
	ctx, what, form := c.Request().Context(), c.QueryParam("what"), c.QueryParam("form")
	if form != "csv" && form != "json" {
		return problem("bad_request", "form "+form+" is none of csv, json").in("form は csv か json です。")
	}
	done, err := s.turn(c)
	if err != nil {
		return err
	}
	defer done()
	var answer any
	var sheet Sheet
	switch what {
	case "results":
		r, failed := s.resultsOf(ctx, campaign, q)
		answer, sheet, err = r, ResultsSheet([]CampaignResults{r}), failed
	case "days", "cumulative":
		r, failed := s.seriesOf(ctx, campaign, q)
		answer, sheet, err = r, r.Sheet(what == "cumulative"), failed
	case "breakdown":
		r, failed := s.breakdownOf(ctx, campaign, q, c.QueryParam("by"))
		answer, sheet, err = r, r.Sheet(), failed
	case "funnel":
		ask, wrong := funnelAsked(c, campaign, q)
		if wrong != nil {
			return wrong
		}
		r, failed := s.funnelOf(ctx, ask)
		answer, sheet, err = r, r.Sheet(), failed
	default:
		return problem("bad_request", "what "+what+" is none of results, days, cumulative, breakdown, funnel").in("what は results・days・cumulative・breakdown・funnel のどれかです。")
	}
	if err != nil {
		return err
	}
	asFile(c, campaign.ID+"-"+what+"."+form)
	if form == "json" {
		return encode(c, http.StatusOK, answer)
	}
	var out bytes.Buffer
	if err := sheet.CSV(&out); err != nil {
		return fmt.Errorf("write the CSV of %s: %w", campaign.ID, err)
	}
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", out.Bytes())
}

// asFile has a browser keep what comes under a name.
func asFile(c echo.Context, name string) {
	c.Response().Header().Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// turn lets a file be counted among the few counts at once; done ends it.
func (s *Server) turn(c echo.Context) (done func(), err error) {
	takesLong(c)
	ctx, cancel := context.WithTimeout(c.Request().Context(), countTime)
	defer cancel()
	if err := s.shelf.begin(ctx); err != nil {
		return nil, retryLater("unavailable", err.Error(), soon).in("ほかの集計が続いています。少し待ってからお試しください。")
	}
	return s.shelf.end, nil
}

// liftDrawing gives the drawing of the arms' lifts as a file.
func (s *Server) liftDrawing(c echo.Context) error {
	campaign, q, err := s.question(c)
	if err != nil {
		return err
	}
	done, err := s.turn(c)
	if err != nil {
		return err
	}
	defer done()
	r, err := s.judge(c.Request().Context(), campaign, s.asOf(campaign, q))
	if err != nil {
		return err
	}
	note := r.Goal + " " + r.Window + " · " + r.AsOf.In(s.here().Location()).Format("2006-01-02 15:04 MST") + " · 95%"
	asFile(c, campaign.ID+"-lift.svg")
	return c.Blob(http.StatusOK, "image/svg+xml; charset=utf-8", dashboard.LiftDrawing(campaign.Name, note, armsShown(r.Arms, nil)))
}
