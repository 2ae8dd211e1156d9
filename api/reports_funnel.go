package api

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Funnel is the answer of GET /v1/campaigns/{id}/funnel: where a campaign's
// decisions went.
type Funnel struct {
	Campaign string      `json:"campaign"`
	Phase    string      `json:"phase,omitempty"` // missing: of all phases
	From     time.Time   `json:"from"`
	To       time.Time   `json:"to"`
	AsOf     time.Time   `json:"as_of"`
	Zone     string      `json:"zone"`
	Days     []FunnelDay `json:"days"` // the first, with the day "", is all of them together
}

// FunnelDay is one day's steps.
type FunnelDay struct {
	Day   string `json:"day"`
	Steps []Step `json:"steps"`
}

// Step is how many decisions came to it, of how many visitors.
type Step struct {
	Name      string `json:"name"`
	Reason    string `json:"reason,omitempty"` // of lost
	Decisions uint64 `json:"decisions"`
	Visitors  uint64 `json:"visitors"`
}

// funnelDays is how far back a funnel looks unless told.
const funnelDays = 14

func (s *Server) funnel(c echo.Context) error {
	campaign, q, err := s.asked(c)
	if err != nil {
		return err
	}
	q.Phase = c.QueryParam("phase") // else of all phases: decisions are not compared
	ask := funnelQuery(campaign, q)
	out, err := s.funnelOf(c.Request().Context(), ask)
	if err != nil {
		return err
	}
	return withSQL(c, out, warehouse.FunnelSQL(ask))
}

// funnelQuery is what is asked of a campaign, asked of its decisions.
func funnelQuery(campaign *rules.Campaign, q warehouse.Query) warehouse.FunnelQuery {
	ask := warehouse.FunnelQuery{Campaign: campaign.ID, Phase: q.Phase, From: q.From, To: q.To, AsOf: q.AsOf, Zone: zoneName(campaign.Zone)}
	if ask.To.IsZero() {
		ask.To = q.AsOf
	}
	if ask.From.IsZero() {
		ask.From = ask.To.AddDate(0, 0, -funnelDays)
	}
	return ask
}

func (s *Server) funnelOf(ctx context.Context, ask warehouse.FunnelQuery) (Funnel, error) {
	days, err := s.reports.Funnel(ctx, ask)
	if err != nil {
		return Funnel{}, s.away("campaign", ask.Campaign, err)
	}
	out := Funnel{Campaign: ask.Campaign, Phase: ask.Phase, From: ask.From.UTC(), To: ask.To.UTC(), AsOf: ask.AsOf.UTC(), Zone: ask.Zone, Days: []FunnelDay{}}
	for _, d := range days {
		day := FunnelDay{Day: d.Day, Steps: []Step{}}
		for _, x := range d.Steps {
			day.Steps = append(day.Steps, Step(x))
		}
		out.Days = append(out.Days, day)
	}
	return out, nil
}
