package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Review is the answer of GET /v1/review: what the last weeks have shown.
type Review struct {
	From      time.Time      `json:"from"`
	To        time.Time      `json:"to"`
	Currency  string         `json:"currency"`
	Campaigns []stats.Review `json:"campaigns"` // what wants a hand first
	Resting   []string       `json:"resting"`   // neither shown nor reviewed: shadow, paused, ended
}

// reviewed is the span of a review unless told.
const reviewed = 14 * 24 * time.Hour

func (s *Server) review(c echo.Context) error {
	since := reviewed
	if text := c.QueryParam("since"); text != "" {
		d, err := rules.ParseDuration(text)
		if err != nil || d <= 0 {
			return problem("bad_request", "since "+text+" is not a length of time like 14d")
		}
		since = d
	}
	takesLong(c)
	live, now := s.engine.Live(), s.now()
	out := Review{From: now.Add(-since).UTC(), To: now.UTC(), Currency: live.Set.Site.Currency, Resting: []string{}}
	var all []stats.Reviewed
	var sql strings.Builder
	for _, campaign := range live.Set.Campaigns {
		if campaign.Status != rules.Live || live.Overrides[campaign.ID].Paused {
			out.Resting = append(out.Resting, campaign.ID)
			continue
		}
		whole := s.asOf(campaign, mainGoal(campaign))
		span := whole
		span.From = now.Add(-since)
		fmt.Fprintf(&sql, "-- %s: all of its phase\n%s;\n-- %s: who came in the span\n%s;\n", campaign.ID, warehouse.SQL(whole), campaign.ID, warehouse.SQL(span))
		x, err := s.reviewOf(c.Request().Context(), campaign, whole, span)
		if err != nil {
			return err
		}
		all = append(all, x)
	}
	out.Campaigns = stats.ReviewAll(all)
	return withSQL(c, out, sql.String())
}

// reviewOf counts a campaign twice: all there is, for the verdict, and those who
// came in the span.
func (s *Server) reviewOf(ctx context.Context, campaign *rules.Campaign, whole, span warehouse.Query) (stats.Reviewed, error) {
	all, err := s.resultsOf(ctx, campaign, whole)
	if err != nil {
		return stats.Reviewed{}, err
	}
	some, err := s.judge(ctx, campaign, span)
	if err != nil {
		return stats.Reviewed{}, err
	}
	return s.lookedAt(campaign, all, some.Results), nil
}

// lookedAt is a campaign as reviews look at it: all there is, and who came in the
// span. It has been open since its phase began or, if that is later, its schedule.
func (s *Server) lookedAt(campaign *rules.Campaign, all CampaignResults, span stats.Results) stats.Reviewed {
	opened := all.began
	if from := campaign.Schedule.From; from.After(opened) {
		opened = from
	}
	return stats.Reviewed{
		Name: campaign.Name, Results: all.Results, Span: span, Harm: harmOf(all.Override),
		Fresh: s.now().Sub(opened) < stats.StaleAfter, Again: all.Former != nil,
	}
}

// harmOf says why a campaign was stopped; nil where it was not.
func harmOf(over *engine.Override) *stats.Sentence {
	if over == nil || over.Harm == nil {
		return nil
	}
	return &stats.Sentence{Ja: over.Harm.Ja, En: over.Harm.En}
}

// allWithin bounds a report that asks about every campaign in turn; each question
// has its own bound beside that.
const allWithin = 5 * time.Minute

// takesLong lets the answer take that long: the server's own patience is for one question.
func takesLong(c echo.Context) {
	// Where it cannot be set, the usual one stands.
	_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(allWithin))
}

// mainGoal asks for what a campaign is there for.
func mainGoal(campaign *rules.Campaign) warehouse.Query {
	goal := campaign.Goals[0]
	return warehouse.Query{Campaign: campaign.ID, Goal: goal.Event, Window: goal.Window, Value: goal.Value, Past: goal.Window}
}
