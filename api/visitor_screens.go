package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Timelines is what the visitors' screens ask of the warehouse.
type Timelines interface {
	Timeline(ctx context.Context, visitors []string, before warehouse.Moment, limit int) ([]ingest.Record, error)
	Recent(ctx context.Context, q warehouse.RecentQuery) ([]warehouse.Recent, error)
}

const (
	visitorsShown = 30
	asksWithin    = 10 * time.Second // for what a visitor's screen asks of the warehouse
)

// visitorsScreen finds a visitor by its id or its person's, and lists those who
// came last, or met a campaign last.
func (s *Server) visitorsScreen(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), asksWithin)
	defer cancel()
	page := dashboard.Visitors{Most: visitorsShown, Asked: strings.TrimSpace(c.QueryParam("q"))}
	if page.Asked != "" && ingest.GoodID(page.Asked) {
		found, err := s.findVisitor(ctx, page.Asked)
		switch {
		case err != nil:
			page.Problem = wording(err)
		case found != "":
			return c.Redirect(http.StatusSeeOther, visitorPath(found))
		}
	}
	page.Campaign, page.Variant = c.QueryParam("campaign"), c.QueryParam("variant")
	page.Name = page.Campaign
	live := s.engine.Live()
	if x := live.Set.Written(page.Campaign); x != nil {
		page.Name = x.Name
	}
	rows, err := s.came(ctx, page.Campaign, page.Variant)
	switch {
	case err != nil:
		page.Problem = wording(err)
	case rows == nil:
		page.Counting = true
	default:
		for _, r := range *rows {
			page.Rows = append(page.Rows, dashboard.VisitorRow{
				ID: r.Visitor, User: r.User, Last: r.Last.In(live.Set.Site.Timezone), Pageviews: r.Pageviews, Path: r.Path, Device: r.Device, Purchases: r.Purchases,
			})
		}
	}
	return s.screen(c, "visitors", page)
}

// came are the visitors who came last, as of a few seconds ago; nil without an
// error: they are being looked for. Those of a campaign are looked for at once.
func (s *Server) came(ctx context.Context, campaign, variant string) (*[]warehouse.Recent, error) {
	if campaign != "" {
		rows, err := s.timelines.Recent(ctx, warehouse.RecentQuery{Campaign: campaign, Variant: variant, Limit: visitorsShown})
		if err != nil {
			return nil, s.away("visitors of", campaign, err)
		}
		return &rows, nil
	}
	all := func(*[]warehouse.Recent) bool { return true }
	found, _, err := s.recent.get(s.now, all, func(ctx context.Context) (*[]warehouse.Recent, error) {
		rows, err := s.lastHere(ctx)
		if err != nil {
			return nil, s.away("screen", "visitors", err)
		}
		return &rows, nil
	})
	return found, err
}

// lastHere looks back as far as it must and no further: a busy shop's last hour
// has more than enough.
func (s *Server) lastHere(ctx context.Context) (rows []warehouse.Recent, err error) {
	for _, back := range [...]time.Duration{time.Hour, 24 * time.Hour, 30 * 24 * time.Hour} {
		rows, err = s.timelines.Recent(ctx, warehouse.RecentQuery{From: s.now().Add(-back), Limit: visitorsShown})
		if err != nil || len(rows) == visitorsShown {
			break
		}
	}
	return rows, err
}

// findVisitor gives a visitor of that id, or a browser of the person of that
// user_id; "" there is none.
func (s *Server) findVisitor(ctx context.Context, asked string) (string, error) {
	p, err := s.engine.Profile(asked)
	if err != nil {
		return "", err
	}
	if p != nil {
		return asked, nil
	}
	browsers, err := s.engine.Browsers(asked)
	if err == nil && len(browsers) == 0 {
		var gone bool
		if gone, err = s.engine.Erased(asked); gone {
			return asked, nil
		}
	}
	if err == nil && len(browsers) == 0 {
		var records []ingest.Record
		if records, err = s.timelines.Timeline(ctx, []string{asked}, lastMoment, 1); len(records) > 0 {
			return asked, nil
		}
	}
	if err == nil && len(browsers) == 0 {
		browsers, err = s.kept.VisitorsOf(ctx, asked)
	}
	if err != nil || len(browsers) == 0 {
		return "", err
	}
	return browsers[0], nil
}

// visitorPath is where a visitor's screen is.
func visitorPath(id string) string { return "/ui/visitors/" + url.PathEscape(id) }
