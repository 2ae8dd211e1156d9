package api

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// campaignsScreen shows all campaigns, with figures where the warehouse has them.
func (s *Server) campaignsScreen(c echo.Context) error {
	live, now := s.engine.Live(), s.here()
	page := dashboard.Campaigns{Rules: live.Set.Hash, Days: boardDays}
	for _, check := range s.ready(c.Request().Context()) {
		if !check.OK {
			page.Troubles = append(page.Troubles, dashboard.Part{Name: check.Part, Detail: check.Detail})
		}
	}
	f, stands, err := s.figures()
	if told, err := s.told(c, stands, err); told {
		return err
	}
	switch {
	case err != nil:
		page.Problem, f = wording(err), &figures{}
	case f == nil:
		page.Counting, f = true, &figures{}
	default:
		page.At, page.Problem, page.Known = f.at.In(now.Location()), f.problem, f.met
		page.Renews = renews(c, stands)
	}
	names := map[string]*rules.Campaign{}
	for _, x := range live.Set.Campaigns {
		names[x.ID] = x
	}
	for _, x := range live.Set.Campaigns {
		row := rowOf(live, x, now)
		row.Results = f.results[x.ID]
		row.Trend, row.Met = f.trend(x.ID, daysBack(now, boardDays), boardDays)
		row.Clashes = f.clashes(x, names)
		f.lead(&row)
		page.Met += row.Met
		if row.Status == string(rules.Live) {
			page.Live++
		}
		page.Rows = append(page.Rows, row)
		if x.ID == c.QueryParam("of") {
			page.Done = doneTo(row, c.QueryParam("did"))
		}
	}
	for _, x := range live.Set.Drafts {
		page.Drafts = append(page.Drafts, rowOf(live, x, now))
	}
	return s.screen(c, "campaigns", page)
}

// rowOf is what is known of a campaign without the warehouse.
func rowOf(live *engine.Live, x *rules.Campaign, now time.Time) dashboard.CampaignRow {
	over := live.Overrides[x.ID]
	if x.Status == rules.Draft { // what was decided of it before waits until it is none
		over = engine.Override{}
	}
	row := dashboard.CampaignRow{
		ID: x.ID, Name: x.Name, File: x.File, Line: x.Line, Status: string(live.Status(x)),
		Slot: x.Slot, Priority: x.Priority, Plan: planOf(x, now),
		Resume: over.Paused || over.Harm != nil,
		Pause:  !over.Paused && (x.Status == rules.Live || x.Status == rules.Shadow),
	}
	for _, on := range x.On {
		row.On = append(row.On, on.Kind)
	}
	if row.Resume {
		row.By, row.Since = over.By, time.UnixMilli(over.At).In(now.Location())
	}
	if h := over.Harm; h != nil {
		row.Harm = &dashboard.Harm{Ja: h.Ja, En: h.En}
	}
	if live.Waiting[x.ID] && row.Status == string(rules.Live) {
		row.Status = "waiting"
	}
	return row
}

func planOf(x *rules.Campaign, now time.Time) dashboard.Plan {
	p := dashboard.Plan{From: x.Schedule.From, Until: x.Schedule.Until, Now: now}
	for day, open := range x.Schedule.Days {
		if open {
			p.Days = append(p.Days, weekdays[day])
		}
	}
	for _, span := range x.Schedule.Hours {
		p.Hours = append(p.Hours, span.String())
	}
	return p
}

var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// clashes are what stood in a campaign's way: another one of the same slot, or a
// slot, layer or budget that had been taken before.
func (f *figures) clashes(x *rules.Campaign, names map[string]*rules.Campaign) []dashboard.Clash {
	var out []dashboard.Clash
	for _, one := range f.conflicts {
		if one.Campaign != x.ID {
			continue
		}
		clash := dashboard.Clash{Reason: one.Reason, Visitors: one.Visitors, Path: f.behind(x.ID, warehouse.Yielded, "reason", one.Reason, "winner", one.Winner)}
		if one.Winner != "" {
			winner := names[one.Winner]
			if winner == nil || winner.Slot != x.Slot {
				continue
			}
			clash.With = winner.Name
		}
		out = append(out, clash)
	}
	return out
}

// lead gives a campaign's figures the addresses of whom they counted, as of when.
func (f *figures) lead(row *dashboard.CampaignRow) {
	if f.met {
		row.ToMet = f.behind(row.ID, warehouse.Met)
	}
	if row.Results == nil {
		return
	}
	row.ToArm = map[string]string{}
	for _, arm := range row.Results.Arms {
		ask := []string{"who", warehouse.Exposed, "variant", arm.Variant, "as_of", row.Results.AsOf.UTC().Format(exactly)}
		if row.Results.Phase != "" {
			ask = append(ask, "of", row.Results.Phase)
		}
		row.ToArm[arm.Variant] = dashboard.Result{CampaignRow: *row}.To("visitors", ask...)
	}
}

// behind is the address of the visitors behind a figure of the days looked back at.
func (f *figures) behind(campaign, who string, more ...string) string {
	return dashboard.Result{CampaignRow: dashboard.CampaignRow{ID: campaign}}.To("visitors",
		append(more, "who", who, "since", f.from.UTC().Format(exactly), "as_of", f.at.UTC().Format(exactly))...)
}

// changeCampaign pauses or resumes one, and goes back to the list or to the
// campaign itself, which says so.
func (s *Server) changeCampaign(what string, change func(id string, change engine.Change) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Param("id")
		err := change(id, s.change(c, what, id))
		switch {
		case errors.Is(err, engine.ErrNoCampaign):
			return problem("not_found", err.Error()).in("この施策はルールのフォルダーにありません。")
		case errors.Is(err, engine.ErrAsItIs):
			return problem("bad_request", err.Error()).in("すでにその状態になっているか、ルールのファイルでそう決められています。画面を読み直してください。")
		case err != nil:
			return err
		}
		if c.FormValue("back") == "result" { // it was changed on its own screen
			return c.Redirect(http.StatusSeeOther, "/ui/campaigns/"+url.PathEscape(id)+"?did="+what)
		}
		return c.Redirect(http.StatusSeeOther, "/ui/campaigns?did="+what+"&of="+url.QueryEscape(id)+"#"+url.PathEscape(id))
	}
}

func (s *Server) pauseCampaign(id string, change engine.Change) error {
	return s.engine.Pause(id, change.Who, change.At, change)
}

func (s *Server) resumeCampaign(id string, change engine.Change) error {
	_, err := s.engine.Resume(id, change.Who, change.At, change)
	return err
}

// doneTo is the change that an address says was made to a campaign, while it is as the
// change left it: the address stays in the browser for long.
func doneTo(row dashboard.CampaignRow, told string) dashboard.Done {
	if told == "pause" && row.Resume && row.Harm == nil || told == "resume" && row.Pause {
		return dashboard.Done{What: told, Name: row.Name}
	}
	return dashboard.Done{}
}
