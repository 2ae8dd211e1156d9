package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine/replay"
)

// pastDays are how far back a back-test may go.
var pastDays = []int{7, 14, 28}

// beginBacktest replays the past with the text in place of its campaign, and says
// how far that is: for htmx in the playground, and else on a screen of its own.
func (s *Server) beginBacktest(c echo.Context) error {
	page := s.filled(c)
	days, err := strconv.Atoi(c.FormValue("days"))
	if err != nil || !slices.Contains(pastDays, days) {
		return problem("bad_request", "days "+c.FormValue("days")+" is none of 7, 14, 28").in("期間は 7・14・28 日から選んでください。")
	}
	inUse := s.engine.Live().Set.Hash
	set, campaign := s.check(c, &page)
	switch {
	case campaign == nil:
		return s.notBegun(c, page, dashboard.Backtest{Refused: "text"})
	case !slices.Contains(set.Campaigns, campaign):
		return s.notBegun(c, page, dashboard.Backtest{Refused: "draft"})
	}
	now := s.now()
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	b, begun := s.backtests.begin(&backtest{
		id: id.String(), campaign: campaign.ID, name: campaign.Name, by: by(c).Name, days: days, began: now,
	}, s.log, s.replayed(inUse, set, now.AddDate(0, 0, -days), now))
	switch {
	case b == nil:
		return retryLater("unavailable", "the server is about to stop", soon).in("サーバーが停止するところです。")
	case !begun:
		return s.notBegun(c, page, dashboard.Backtest{Busy: s.backtestPage(c, b)})
	}
	if err := s.audit(c, "backtest", campaign.ID); err != nil {
		b.cancel()
		return err
	}
	if c.Request().Header.Get("HX-Request") != "" {
		return s.part(c, "backtest", "backtest", s.backtestPage(c, b))
	}
	return c.Redirect(http.StatusSeeOther, "/ui/playground/backtest/"+b.id)
}

// notBegun says why there is none.
func (s *Server) notBegun(c echo.Context, page dashboard.Playground, why dashboard.Backtest) error {
	if c.Request().Header.Get("HX-Request") != "" {
		return s.part(c, "backtest", "backtest", &why)
	}
	page.Past, page.Problem = &why, ""
	s.describe(&page)
	return s.played(c, page)
}

// backtestAsked is the back-test that a request names.
func (s *Server) backtestAsked(c echo.Context) (*backtest, error) {
	b := s.backtests.find(c.Param("id"))
	if b == nil {
		return nil, problem("not_found", "this back-test is gone: the server keeps the last one, until it is started anew; run it again in the playground").in("サーバーが残すのは最後の一回だけで、再起動すると消えます。「ルール試験」の画面からもう一度試してください。")
	}
	return b, nil
}

func (s *Server) backtestScreen(c echo.Context) error {
	b, err := s.backtestAsked(c)
	if err != nil {
		return err
	}
	if c.Request().Header.Get("HX-Request") != "" {
		return s.part(c, "backtest", "backtest", s.backtestPage(c, b))
	}
	return s.screen(c, "backtest", s.backtestPage(c, b))
}

// cancelBacktest ends it, and shows what was replayed until then.
func (s *Server) cancelBacktest(c echo.Context) error {
	b, err := s.backtestAsked(c)
	if err != nil {
		return err
	}
	if b.runs() {
		if err := s.audit(c, "backtest_cancel", b.campaign); err != nil {
			return err
		}
		b.cancel()
		select {
		case <-b.ended:
		case <-c.Request().Context().Done():
		case <-time.After(countWait): // its ClickHouse is slow to let go: the page looks again
		}
	}
	if c.Request().Header.Get("HX-Request") != "" {
		return s.part(c, "backtest", "backtest", s.backtestPage(c, b))
	}
	return c.Redirect(http.StatusSeeOther, "/ui/playground/backtest/"+b.id)
}

// backtestReport hands over the report as omo backtest --json prints it, without
// the single decisions of visitors.
func (s *Server) backtestReport(c echo.Context) error {
	b, err := s.backtestAsked(c)
	switch {
	case err != nil:
		return err
	case b.runs():
		return retryLater("unavailable", "the back-test is still under way", soon).in("まだ数えているところです。")
	case b.err != nil || b.report == nil:
		return problem("not_found", "this back-test has no report").in("途中で終わったため、結果はありません。")
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="backtest-`+b.campaign+`.json"`)
	return encode(c, http.StatusOK, b.report)
}

// backtestPage is how far it is, or what came of it.
func (s *Server) backtestPage(c echo.Context, b *backtest) *dashboard.Backtest {
	zone := s.here().Location()
	page := &dashboard.Backtest{
		ID: b.id, Campaign: b.campaign, Name: cmp.Or(b.name, b.campaign), By: b.by, Days: b.days, Began: b.began.In(zone), Running: b.runs(),
		Edits: by(c).Role >= dashboard.Edit, Path: "/ui/playground/backtest/" + b.id,
		Done: b.done.Load(), Rows: b.rows.Load(), Visitors: b.visitors.Load(), Sample: float64(b.sample.Load()) / wholeSample,
	}
	if page.Running {
		return page
	}
	switch {
	case errors.Is(b.err, errNoRules):
		page.Trouble = "rules"
	case errors.Is(b.err, errNoTraffic):
		page.Trouble = "traffic"
	case b.late() && b.report == nil:
		page.Trouble = "late"
	case b.stopped != nil && b.report == nil:
		page.Trouble = "cancelled"
	case b.err != nil:
		page.Trouble = "away"
	case b.report != nil:
		page.Whole, page.Late, page.Report = b.whole, b.late(), reported(b.report, b.campaign)
		page.Report.From, page.Report.To = b.report.From.In(zone), b.report.To.In(zone)
		live := s.engine.Live().Set
		for i := range page.Report.Others {
			page.Report.Others[i].Name = campaignName(live, page.Report.Others[i].ID)
		}
		for i := range page.Report.Conflicts {
			page.Report.Conflicts[i].Winner = campaignName(live, page.Report.Conflicts[i].Winner)
			page.Report.Conflicts[i].Loser = campaignName(live, page.Report.Conflicts[i].Loser)
		}
	}
	return page
}

// reported are a report's figures of one campaign, and of those that it changes.
func reported(r *replay.Report, campaign string) *dashboard.Replayed {
	out := &dashboard.Replayed{Visitors: r.Visitors, Decisions: r.Decisions, Equal: r.Reproduced.Equal}
	for _, f := range r.Funnels {
		if f.Campaign != campaign {
			continue
		}
		out.Matched = dashboard.Came{Decisions: dashboard.Beside(f.Matched.Decisions), Visitors: dashboard.Beside(f.Matched.Visitors)}
		for _, w := range f.Came {
			out.Came = append(out.Came, dashboard.Came{Reason: w.Reason, Variant: w.Variant, Decisions: dashboard.Beside(w.Decisions), Visitors: dashboard.Beside(w.Visitors)})
		}
	}
	for _, x := range r.Campaigns {
		row := dashboard.Reached{
			ID: x.Campaign, Visitors: dashboard.Beside(x.Visitors), Exposures: dashboard.Beside(x.Exposures),
			Gained: x.Gained, Lost: x.Lost, Assumed: x.Assumed, Unknown: x.Unknown,
		}
		switch {
		case x.Campaign == campaign:
			out.Own = row
		case x.Gained+x.Lost > 0 || x.Exposures.Present != x.Exposures.Changed:
			out.Others = append(out.Others, row)
		}
	}
	for _, d := range r.Days {
		out.Days = append(out.Days, dashboard.DayBeside{Day: d.Day, Beside: dashboard.Beside(d.Pair)})
	}
	for _, f := range r.Conflicts {
		if f.Winner == campaign || f.Loser == campaign {
			out.Conflicts = append(out.Conflicts, dashboard.FightBeside{Slot: f.Slot, Winner: f.Winner, Loser: f.Loser, Beside: dashboard.Beside(f.Decisions)})
		}
	}
	for _, n := range r.Coupons {
		if n.Visitors.Present != n.Visitors.Changed {
			out.Coupons = append(out.Coupons, dashboard.NeedBeside{Coupon: n.Coupon, Beside: dashboard.Beside(n.Visitors)})
		}
	}
	return out
}
