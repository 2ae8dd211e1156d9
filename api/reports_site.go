package api

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Site is the answer of GET /v1/site/results: what all campaigns together brought,
// month by month.
type Site struct {
	AsOf     time.Time         `json:"as_of"`
	Zone     string            `json:"zone"`
	Currency string            `json:"currency"`
	Months   []stats.SiteMonth `json:"months"`
	// BelowZero are the campaigns that brought less than nothing with visitors
	// who first met them in these months, costs taken off.
	BelowZero []Loser `json:"below_zero"`
}

// Loser is a campaign below zero; Sure says that its whole interval is.
type Loser struct {
	Campaign    string            `json:"campaign"`
	Name        string            `json:"name"`
	Incremental stats.Incremental `json:"incremental"`
	Sure        bool              `json:"sure"`
}

// siteMonths is how many months are counted unless told, the present one among them.
const siteMonths = 12

func (s *Server) site(c echo.Context) error {
	site := s.engine.Live().Set.Site
	zone := site.Timezone
	var from, to, asOf time.Time
	if err := span(c, zone, &from, &to, &asOf); err != nil {
		return err
	}
	if asOf.IsZero() {
		asOf = s.now()
	}
	if to.IsZero() {
		to = asOf
	}
	if from.IsZero() {
		from = firstOf(to.Add(-1), zone).AddDate(0, 1-siteMonths, 0) // to is not in it
	}
	from = firstOf(from, zone) // months are whole
	if first := firstOf(to, zone); first.Before(to) {
		to = first.AddDate(0, 1, 0)
	}
	takesLong(c)
	ctx := c.Request().Context()
	months, err := s.reports.SiteWide(ctx, from, to, asOf, zoneName(zone))
	if err != nil {
		return s.away("site", "", err)
	}
	out := Site{AsOf: asOf.UTC(), Zone: zoneName(zone), Currency: site.Currency, Months: []stats.SiteMonth{}}
	for _, m := range months {
		out.Months = append(out.Months, stats.JudgeSite(m.Month, site.Currency, siteArm(m.HeldOut, m.Share), siteArm(m.Treated, 10_000-m.Share)))
	}
	if out.BelowZero, err = s.belowZero(ctx, from, to, asOf); err != nil {
		return err
	}
	return withSQL(c, out, warehouse.SiteWideSQL(from, to, asOf, zoneName(zone)))
}

func firstOf(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, zone)
}

func siteArm(a warehouse.SiteArm, weight int) stats.Arm {
	return stats.Arm{Weight: weight, N: a.Visitors, Converted: a.Buyers, Sum: a.Sum, SumSquares: a.SumSquares}
}

func (s *Server) belowZero(ctx context.Context, from, to, asOf time.Time) ([]Loser, error) {
	out := []Loser{}
	for _, campaign := range s.engine.Live().Set.Campaigns {
		q := mainGoal(campaign)
		q.From, q.To, q.AsOf = from, to, asOf
		if harm := s.engine.Live().Overrides[campaign.ID].Harm; harm != nil && time.UnixMilli(harm.At).Before(asOf) {
			q.AsOf = time.UnixMilli(harm.At)
		}
		r, err := s.judge(ctx, campaign, q)
		if err != nil {
			return nil, err
		}
		if i := r.Incremental; i != nil && i.Value.Known && i.Value.Value < 0 {
			out = append(out, Loser{campaign.ID, campaign.Name, *i, i.Interval.Known && i.Interval.High < 0})
		}
	}
	return out, nil
}
