package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

type campaignAnswer struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Status   rules.Status    `json:"status"`
	Phase    string          `json:"phase"`
	Slot     string          `json:"slot,omitempty"`
	Priority int             `json:"priority"`
	Goals    []goalAnswer    `json:"goals"`
	Variants []variantAnswer `json:"variants"`
	File     string          `json:"file"`
	Line     int             `json:"line"`
	// Backfilling is how much of its counters' past is counted, 0 to 1; missing
	// once all is. Until then the campaign waits.
	Backfilling *float64 `json:"backfilling,omitempty"`
	// Override is what was decided beside its file, missing where nothing was.
	Override *engine.Override `json:"override,omitempty"`
}

type goalAnswer struct {
	Event  string `json:"event"`
	Window string `json:"window"`
	Value  string `json:"value"`
}

type variantAnswer struct {
	ID      string `json:"id"`
	Weight  int    `json:"weight"`
	Control bool   `json:"control"`
}

func (s *Server) campaigns(c echo.Context) error {
	live := s.engine.Live()
	_, done := s.engine.Backfilling()
	out := []campaignAnswer{}
	for _, x := range live.Set.Campaigns {
		a := campaignAnswer{
			ID: x.ID, Name: x.Name, Status: live.Status(x), Override: overrideOf(live, x.ID), Phase: live.Phases[x.ID], Slot: x.Slot,
			Priority: x.Priority, File: x.File, Line: x.Line,
		}
		if live.Waiting[x.ID] {
			a.Backfilling = &done
		}
		for _, g := range x.Goals {
			a.Goals = append(a.Goals, goalAnswer{g.Name, rules.FormatDuration(g.Window), g.Value})
		}
		for _, v := range x.Variants {
			a.Variants = append(a.Variants, variantAnswer{v.ID, v.Weight, v.Control()})
		}
		out = append(out, a)
	}
	return encode(c, http.StatusOK, map[string]any{"rules": live.Set.Hash, "campaigns": out})
}

func (s *Server) results(c echo.Context) error {
	id := idOf(c)
	campaign := s.campaign(id)
	if campaign == nil {
		return problem("not_found", "no campaign "+id+" in the rules folder; GET /v1/campaigns lists them")
	}
	q, err := queryOf(c, campaign)
	if err != nil {
		return err
	}
	result, err := s.judge(c.Request().Context(), campaign, q)
	if err != nil {
		return err
	}
	if c.QueryParam("sql") == "" {
		return encode(c, http.StatusOK, result)
	}
	return encode(c, http.StatusOK, map[string]any{"results": result, "sql": warehouse.SQL(q)})
}

func (s *Server) campaign(id string) *rules.Campaign {
	for _, c := range s.engine.Live().Set.Campaigns {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// queryOf reads what is asked of a campaign; what is not asked is its main goal.
func queryOf(c echo.Context, campaign *rules.Campaign) (warehouse.Query, error) {
	q := warehouse.Query{Campaign: campaign.ID, Phase: c.QueryParam("phase")}
	switch matured := c.QueryParam("matured"); matured {
	case "", "false":
	case "true":
		q.Matured = true
	default:
		return q, problem("bad_request", "matured "+matured+" is neither true nor false")
	}
	goal := goalNamed(campaign, c.QueryParam("goal"))
	q.Goal, q.Window, q.Value = goal.Event, goal.Window, goal.Value
	if w := c.QueryParam("window"); w != "" {
		d, err := rules.ParseDuration(w)
		if err != nil || d <= 0 {
			return q, problem("bad_request", "window "+w+" is not a length of time like 72h or 7d")
		}
		q.Window = d
	}
	for name, at := range map[string]*time.Time{"from": &q.From, "to": &q.To, "as_of": &q.AsOf} {
		text := c.QueryParam(name)
		if text == "" {
			continue
		}
		t, err := parseTime(text, campaign.Zone)
		if err != nil {
			return q, problem("bad_request", name+" "+text+" is neither a date (2026-12-01) nor a time (2026-12-01T09:00:00+09:00)")
		}
		*at = t
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, problem("bad_request", "from "+c.QueryParam("from")+" is not before to "+c.QueryParam("to"))
	}
	return q, nil
}

func parseTime(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, text)
}

// goalNamed is the campaign's goal of that name; an event that is no goal of it
// is counted as a goal with the main one's window.
func goalNamed(campaign *rules.Campaign, name string) rules.Goal {
	main := campaign.Goals[0]
	if name == "" {
		return main
	}
	for _, g := range campaign.Goals {
		if g.Name == name || g.Event == name {
			return g
		}
	}
	return rules.Goal{Name: name, Event: name, Window: main.Window, Value: main.Value}
}

// judge counts in the warehouse and judges the counts.
func (s *Server) judge(ctx context.Context, campaign *rules.Campaign, q warehouse.Query) (stats.Results, error) {
	if q.AsOf.IsZero() {
		q.AsOf = s.now()
	}
	sums, err := s.reports.Results(ctx, q)
	if err != nil {
		return stats.Results{}, s.away("campaign", campaign.ID, err)
	}
	arms := make([]stats.Arm, len(sums.Arms))
	for i, a := range sums.Arms {
		arms[i] = stats.Arm{
			Variant: a.Variant, Control: a.Control, Weight: int(a.Weight),
			N: a.Exposed, Converted: a.Converted, Sum: a.Sum, SumSquares: a.SumSquares,
		}
	}
	if q.Phase != "" && len(sums.Arms) == 0 {
		return stats.Results{}, problem("not_found", "campaign "+campaign.ID+" has no phase "+q.Phase+"; leave phase out for the newest")
	}
	result := stats.Judge(stats.Subject{
		Campaign: campaign.ID, Phase: cmp.Or(sums.Phase, s.engine.Live().Phases[campaign.ID]), Goal: goalNamed(campaign, q.Goal).Name,
		Window: rules.FormatDuration(q.Window), AsOf: q.AsOf.UTC(), Status: string(s.engine.Live().Status(campaign)),
	}, arms, sums.Crossovers)
	result.CarriedOver, result.ErasedVisitors = sums.CarriedOver, s.engine.ErasedVisitors()
	return result, nil
}

// away is the answer to a question that the warehouse did not answer.
func (s *Server) away(what, id string, err error) error {
	s.log.Error("the warehouse could not answer", what, id, "error", err)
	return retryLater("unavailable", "the warehouse could not answer: "+err.Error(), soon)
}
