package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Behind tells what is behind a campaign's figures.
type Behind interface {
	Members(context.Context, warehouse.MembersQuery) (warehouse.Members, error)
	CameTo(context.Context, warehouse.StepQuery) (warehouse.Came, error)
	Chatted(context.Context, warehouse.ChattedQuery) (warehouse.Chatted, error)
	CameAside(context.Context, warehouse.AsideQuery) (warehouse.Came, error)
	Phases(context.Context, warehouse.Query) ([]warehouse.Phase, error)
}

// counts are one campaign's, as of one moment.
type counts struct {
	asked  warehouse.Query
	sums   warehouse.Sums
	result CampaignResults
	phases []warehouse.Phase

	live, status string // the campaign's phase and state by then
}

// resultScreen shows how one campaign does, and of a draft how it would come to.
func (s *Server) resultScreen(c echo.Context) error {
	if draft := s.draft(idOf(c)); draft != nil {
		return s.screen(c, "result", dashboard.Result{CampaignRow: rowOf(s.engine.Live(), draft, s.here())})
	}
	campaign, q, err := s.question(c)
	if err != nil {
		return err
	}
	page := s.resultPage(c, campaign)
	page.Done = doneTo(page.CampaignRow, c.QueryParam("did"))
	found, stands, err := s.counts(c, campaign, q)
	if told, err := s.told(c, stands, err); told {
		return err
	}
	page.Renews = renews(c, stands)
	switch {
	case err != nil:
		page.Problem = wording(err)
	case found == nil:
		page.Counting = true
	default:
		s.fill(&page, campaign, found)
	}
	return s.screen(c, "result", page)
}

// What a screen shows while a newer count is under way, it asks for again with
// this header, the moment of the count that it shows.
const shownHeader = "Omo-Shown"

// moment writes when something was counted as the header has it.
func (x standing) moment() string { return strconv.FormatInt(x.at.UnixNano(), 10) }

// renews are the headers with which a page asks for newer figures, once: "" if there are none
// to wait for, or these are the ones it waited for.
func renews(c echo.Context, x standing) string {
	if !x.newer || c.Request().Header.Get(shownHeader) != "" {
		return ""
	}
	return `{"` + shownHeader + `":"` + x.moment() + `"}`
}

// told answers a page that asks for newer figures than it shows while there are none:
// that it may ask again, or with 286, by which htmx asks no more, that none will come.
func (s *Server) told(c echo.Context, x standing, failed error) (bool, error) {
	shown := c.Request().Header.Get(shownHeader)
	if shown == "" || !x.at.IsZero() && x.moment() != shown {
		return false, nil
	}
	if failed == nil && (x.newer || x.at.IsZero()) {
		return true, c.NoContent(http.StatusNoContent)
	}
	c.Response().Header().Set("HX-Reswap", "none")
	return true, c.NoContent(htmxStop)
}

const htmxStop = 286

// question is the campaign that a path names, and what is asked of it, which
// unless told is as of no moment yet. The phase is the one chosen, or the one that
// the figures are of whose part this is.
func (s *Server) question(c echo.Context) (*rules.Campaign, warehouse.Query, error) {
	id := idOf(c)
	campaign := s.campaign(id)
	if campaign == nil {
		return nil, warehouse.Query{}, s.unmet(id, "")
	}
	q, err := queryOf(c, campaign)
	q.Phase = cmp.Or(q.Phase, c.QueryParam("of"))
	return campaign, q, err
}

// asks are the parts of an address that say what is asked; of is the phase that
// results were found to be of where none was chosen.
var asks = [...]string{"goal", "window", "phase", "of", "from", "to", "as_of", "matured"}

// askOf are those that were told.
func askOf(c echo.Context) url.Values {
	out := url.Values{}
	for _, name := range asks {
		if value := c.QueryParam(name); value != "" {
			out.Set(name, value)
		}
	}
	return out
}

// resultPage is the screen without its figures.
func (s *Server) resultPage(c echo.Context, campaign *rules.Campaign) dashboard.Result {
	now := s.here()
	page := dashboard.Result{CampaignRow: rowOf(s.engine.Live(), campaign, now), Talks: talks(campaign), Told: askOf(c), Ask: askOf(c)}
	goal := goalNamed(campaign, c.QueryParam("goal"))
	page.Asked = dashboard.Asked{
		Goal: goal.Name, Phase: c.QueryParam("phase"), From: c.QueryParam("from"), To: c.QueryParam("to"), Window: rules.FormatDuration(goal.Window),
	}
	known := false
	for _, g := range campaign.Goals {
		known = known || g.Name == goal.Name
		page.Asked.Goals = append(page.Asked.Goals, dashboard.Goal{Name: g.Name, Window: rules.FormatDuration(g.Window)})
	}
	if !known {
		page.Asked.Goals = append(page.Asked.Goals, dashboard.Goal{Name: goal.Name, Window: page.Asked.Window})
	}
	return page
}

// counts are the figures as of a few seconds ago, or as of when they are asked
// for; nil without an error: they are being counted.
func (s *Server) counts(c echo.Context, campaign *rules.Campaign, q warehouse.Query) (*counts, standing, error) {
	live := s.engine.Live()
	phase, status := live.Phases[campaign.ID], string(live.Status(campaign))
	return look(s.shelf, s.now, s.shelfKey(campaign, q, askOf(c)), shown[counts], func(ctx context.Context) (*counts, error) {
		q := s.asOf(campaign, q)
		sums, err := s.reports.Results(ctx, q)
		if err != nil {
			return nil, s.away("campaign", campaign.ID, err)
		}
		result, err := s.judged(campaign, q, sums)
		if err != nil {
			return nil, err
		}
		phases, err := s.behind.Phases(ctx, q)
		if err != nil {
			return nil, s.away("campaign", campaign.ID, err)
		}
		if s.awaited(campaign, q, result.Arms) {
			result.await(q, phases)
		}
		return &counts{asked: q, sums: sums, result: result, phases: phases, live: phase, status: status}, nil
	})
}

// shelfKey is what figures depend on: what an address asks, and what the rules and
// the campaign's state make of it.
func (s *Server) shelfKey(campaign *rules.Campaign, q warehouse.Query, asked url.Values) string {
	live := s.engine.Live()
	return fmt.Sprintf("%s %q %s %q %q %q %s %s?%s", campaign.ID, q.Goal, q.Window, q.Value, live.Set.Site.Currency, live.Phases[campaign.ID], live.Status(campaign), zoneName(campaign.Zone), asked.Encode())
}

// shown is for what fits whenever its question is put.
func shown[T any](*T) bool { return true }

// exactly writes a moment so that an address keeps its milliseconds.
const exactly = "2006-01-02T15:04:05.000Z"

// fill puts the figures into the screen.
func (s *Server) fill(page *dashboard.Result, campaign *rules.Campaign, x *counts) {
	zone := s.engine.Live().Set.Site.Timezone
	r := &x.result.Results
	page.At, page.Results, page.SQL = r.AsOf.In(zone), r, warehouse.SQL(x.asked)
	page.Asked.Window = r.Window
	page.Ask.Set("as_of", x.asked.AsOf.UTC().Format(exactly))
	if r.Phase != "" && page.Asked.Phase == "" {
		page.Ask.Set("of", r.Phase)
	}
	if x.result.Former == nil && advised(page.Told, campaign, x) { // who comes first in a phase is waited for, not advised upon
		reviews := stats.ReviewAll([]stats.Reviewed{s.lookedAt(campaign, x.result, *r)})
		page.Review = &reviews[0]
	}
	if f := x.result.Former; f != nil {
		page.Former = &dashboard.Phase{ID: f.Phase, Began: f.Began.In(zone)}
	}
	page.Arms = armsShown(r.Arms, x.sums.Arms)
	for _, p := range x.sums.Periods {
		page.Periods = append(page.Periods, dashboard.Period{Number: strconv.Itoa(p.Period), Place: p.Period + 1, Arms: compared(r.Subject, armsOf(p.Arms))})
	}
	for _, p := range x.phases {
		page.Asked.Phases = append(page.Asked.Phases, dashboard.Phase{ID: p.ID, Began: p.Began.In(zone), Exposed: p.Exposed})
		if p.ID == r.Phase {
			page.Asked.Newest = p.Began.In(zone)
			page.Left = dashboard.Left{Bots: p.Bots, Staff: p.Staff, Forced: p.Forced}
		}
	}
}

// advised is whether what to do next can be told: of a campaign that runs, or was
// stopped for harm, from all that its present phase says of its main goal.
func advised(told url.Values, campaign *rules.Campaign, x *counts) bool {
	for _, part := range [...]string{"from", "to", "window", "as_of", "matured"} {
		if told.Has(part) {
			return false
		}
	}
	present := false
	switch x.status {
	case string(rules.Live):
		present = x.result.Phase == x.live
	case string(engine.Held): // the phase that was stopped is over
		present = !told.Has("phase")
	}
	main := mainGoal(campaign)
	return present && x.asked.Goal == main.Goal && x.asked.Window == main.Window && x.asked.Value == main.Value
}

// armsShown are the arms' figures with what only the sums tell. Control's colour is the first, the others have theirs in turn.
func armsShown(arms []stats.ArmResult, sums []warehouse.Arm) []dashboard.Arm {
	out := make([]dashboard.Arm, len(arms))
	colour := 0
	for i, a := range arms {
		out[i].ArmResult = a
		if !a.Control {
			out[i].Colour = 1 + colour%3
			colour++
		}
		for _, x := range sums {
			if x.Variant == a.Variant {
				out[i].Matured, out[i].Clicked, out[i].Closed, out[i].Failed = x.Matured, x.Clicked, x.Closed, x.Failed
			}
		}
	}
	return out
}

// colourOf is the colour of a variant's drawings.
func colourOf(arms []stats.ArmResult, variant string) int {
	for _, a := range armsShown(arms, nil) {
		if a.Variant == variant {
			return a.Colour
		}
	}
	return 1
}

// label is a day as drawings have it: 12/01.
func label(day string) string {
	if t, err := time.Parse(time.DateOnly, day); err == nil {
		return t.Format("01/02")
	}
	return day
}
