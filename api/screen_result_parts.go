package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// resultPart answers with one part of a campaign's results: for htmx as it is,
// and else as a screen of its own. put leaves the part out while it is counted.
func (s *Server) resultPart(name string, put func(echo.Context, *dashboard.Result, *rules.Campaign, warehouse.Query, *standing) (there bool, err error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		campaign, q, err := s.question(c)
		if err != nil {
			return err
		}
		page := s.resultPage(c, campaign)
		page.Part = name
		var stands standing
		there, err := put(c, &page, campaign, q, &stands)
		if told, err := s.told(c, stands, err); told {
			return err
		}
		page.Renews = renews(c, stands)
		if err != nil {
			page.Problem = wording(err)
		}
		page.Counting = err == nil && !there
		if c.Request().Header.Get("HX-Request") != "" {
			return s.part(c, "result", "result-"+name, page)
		}
		return s.screen(c, "result", page)
	}
}

// counting asks for a part's figures, once for all who ask the same.
func counting[T any](s *Server, c echo.Context, campaign *rules.Campaign, q warehouse.Query, stands *standing, count func(context.Context) (T, error)) (found *T, err error) {
	found, *stands, err = look(s.shelf, s.now, s.shelfKey(campaign, q, c.QueryParams()), shown[T], func(ctx context.Context) (*T, error) {
		out, err := count(ctx)
		return &out, err
	})
	return found, err
}

func (s *Server) putDays(c echo.Context, page *dashboard.Result, campaign *rules.Campaign, q warehouse.Query, stands *standing) (bool, error) {
	series, err := counting(s, c, campaign, q, stands, func(ctx context.Context) (Series, error) { return s.seriesOf(ctx, campaign, s.asOf(campaign, q)) })
	if err != nil || series == nil {
		return false, err
	}
	page.Ask.Set("as_of", series.AsOf.Format(exactly)) // so that its numbers lead to whom they counted
	page.Days = &dashboard.Days{Pooled: campaign.Bandit}
	for _, d := range series.Days {
		for i, a := range d.Cumulative {
			of := stats.ArmResult{Variant: a.Variant, Control: a.Control}
			if j := slices.IndexFunc(d.Arms, func(b stats.ArmResult) bool { return b.Variant == a.Variant }); j >= 0 {
				of = d.Arms[j]
			}
			page.Days.Rows = append(page.Days.Rows, dashboard.DayRow{Day: d.Day, Of: of, UpTo: a, Begins: i == 0})
			if a.Control {
				continue
			}
			k := slices.IndexFunc(page.Days.Arms, func(b dashboard.ArmDays) bool { return b.Variant == a.Variant })
			if k < 0 {
				k = len(page.Days.Arms)
				page.Days.Arms = append(page.Days.Arms, dashboard.ArmDays{Variant: a.Variant, Colour: colourOf(d.Cumulative, a.Variant)})
			}
			page.Days.Arms[k].Days = append(page.Days.Arms[k].Days, dashboard.Day{
				Label: label(d.Day), Known: a.Lift.Known && a.SequentialCI.Known, Lift: a.Lift.Value, Low: a.SequentialCI.Low, High: a.SequentialCI.High,
			})
		}
	}
	newestFirst(page.Days.Rows)
	return true, nil
}

// newestFirst turns days around, and leaves each one's arms in their order.
func newestFirst(rows []dashboard.DayRow) {
	slices.SortStableFunc(rows, func(a, b dashboard.DayRow) int {
		switch {
		case a.Day > b.Day:
			return -1
		case a.Day < b.Day:
			return 1
		}
		return 0
	})
}

func (s *Server) putFunnel(c echo.Context, page *dashboard.Result, campaign *rules.Campaign, q warehouse.Query, stands *standing) (bool, error) {
	ask, err := funnelAsked(c, campaign, s.asOf(campaign, q))
	if err != nil {
		return false, err
	}
	funnel, err := counting(s, c, campaign, q, stands, func(ctx context.Context) (Funnel, error) { return s.funnelOf(ctx, ask) })
	if err != nil || funnel == nil {
		return false, err
	}
	out := &dashboard.Funnel{From: funnel.From.In(campaign.Zone), To: funnel.To.In(campaign.Zone), Goal: campaign.Goals[0].Name}
	if len(funnel.Days) > 0 {
		for _, x := range funnel.Days[0].Steps {
			switch x.Name {
			case warehouse.StepMatched:
				out.Matched = x.Decisions
			case warehouse.StepLost:
				out.Lost += x.Decisions
			}
			out.Steps = append(out.Steps, dashboard.Step{Name: x.Name, Reason: x.Reason, Decisions: x.Decisions, Visitors: x.Visitors, Path: page.To("visitors",
				"step", x.Name, "reason", x.Reason, "since", funnel.From.Format(exactly), "until", funnel.To.Format(exactly), "as_of", funnel.AsOf.Format(exactly))})
		}
	}
	page.Funnel = out
	return true, nil
}

// funnelAsked is what is asked of a campaign, asked of its decisions: of all phases
// unless one was chosen, and of the span since and until where a step's number
// leads to whom it counted.
func funnelAsked(c echo.Context, campaign *rules.Campaign, q warehouse.Query) (warehouse.FunnelQuery, error) {
	q.Phase = c.QueryParam("phase")
	for name, at := range map[string]*time.Time{"since": &q.From, "until": &q.To} {
		text := c.QueryParam(name)
		if text == "" {
			continue
		}
		t, err := parseTime(text, campaign.Zone)
		if err != nil {
			return warehouse.FunnelQuery{}, problem("bad_request", name+" "+text+" is neither a date (2026-12-01) nor a time (2026-12-01T09:00:00+09:00)").in(name + " は日付（2026-12-01）か日時（2026-12-01T09:00:00+09:00）で書いてください。")
		}
		*at = t
	}
	return funnelQuery(campaign, q), nil
}

func (s *Server) putBreakdown(c echo.Context, page *dashboard.Result, campaign *rules.Campaign, q warehouse.Query, stands *standing) (bool, error) {
	by := c.QueryParam("by")
	if by == "" {
		by = warehouse.ByDevice
	}
	found, err := counting(s, c, campaign, q, stands, func(ctx context.Context) (Breakdown, error) {
		return s.breakdownOf(ctx, campaign, s.asOf(campaign, q), by)
	})
	if err != nil || found == nil {
		return false, err
	}
	page.Ask.Set("as_of", found.AsOf.Format(exactly))
	page.Breakdown = &dashboard.Breakdown{By: by, All: attributes, Pooled: campaign.Bandit}
	for _, x := range found.Slices {
		page.Breakdown.Slices = append(page.Breakdown.Slices, dashboard.Slice(x))
	}
	return true, nil
}

const (
	membersMost  = 100    // visitors behind a number that are named on a page
	membersPages = 10_000 // that there can be
)

// membersScreen names the visitors behind a number of the results, of a step of the
// funnel, or beside the results.
func (s *Server) membersScreen(c echo.Context) error {
	campaign, q, err := s.question(c)
	if err != nil {
		return err
	}
	page := dashboard.Members{
		Campaign: s.resultPage(c, campaign), Currency: s.engine.Live().Set.Site.Currency, Who: c.QueryParam("who"), Reason: c.QueryParam("reason"), Variant: c.QueryParam("variant"),
		By: c.QueryParam("by"), Key: c.QueryParam("slice"),
	}
	period, err := periodOf(c)
	if err != nil {
		return err
	}
	page.Period = period + 1
	if page.By != "" && page.By != "day" && !slices.Contains(attributes, page.By) {
		return problem("bad_request", "by "+page.By+" is none of day, "+strings.Join(attributes, ", ")).in("分け方 " + page.By + " はありません。結果の画面から選んでください。")
	}
	number, err := pageOf(c)
	if err != nil {
		return err
	}
	skip := (number - 1) * membersMost
	page.First = skip + 1
	q = s.asOf(campaign, q)
	zone := s.engine.Live().Set.Site.Timezone
	show := func(found uint64) error {
		if number > 1 {
			page.Newer = pageBeside(c, q, number-1)
		}
		if found > uint64(skip+membersMost) && number < membersPages {
			page.Older = pageBeside(c, q, number+1)
		}
		return s.screen(c, "members", page)
	}
	if c.QueryParam("chat") != "" {
		all, err := s.chatMembers(c, &page, campaign, q, skip)
		if err != nil {
			return err
		}
		return show(all)
	}
	came := func(found warehouse.Came) error {
		page.All = found.All
		for _, v := range found.List {
			if s.gone(v.Visitor, &page) {
				continue
			}
			page.List = append(page.List, dashboard.Member{ID: v.Visitor, At: v.Last.In(zone), Decisions: v.Decisions})
		}
		return show(found.All)
	}
	if step := c.QueryParam("step"); step != "" {
		page.Who, page.Counts = step, "decisions"
		funnel, err := funnelAsked(c, campaign, q)
		if err != nil {
			return err
		}
		ask := warehouse.StepQuery{FunnelQuery: funnel, Step: step, Reason: page.Reason, Limit: membersMost, Skip: skip}
		return came(listed(s, c, campaign, q, &page, func(ctx context.Context) (warehouse.Came, error) { return s.behind.CameTo(ctx, ask) }))
	}
	if counts, is := countedAside[page.Who]; is {
		span, err := funnelAsked(c, campaign, q)
		if err != nil {
			return err
		}
		page.Counts, page.Winner = counts, campaignName(s.engine.Live().Set, c.QueryParam("winner"))
		ask := warehouse.AsideQuery{
			Campaign: campaign.ID, Who: page.Who, Reason: page.Reason, Winner: c.QueryParam("winner"), Phase: q.Phase,
			From: q.From, To: q.To, AsOf: q.AsOf, Zone: zoneName(campaign.Zone), Limit: membersMost, Skip: skip,
		}
		if c.QueryParam("since") != "" {
			ask.From = span.From
		}
		return came(listed(s, c, campaign, q, &page, func(ctx context.Context) (warehouse.Came, error) { return s.behind.CameAside(ctx, ask) }))
	}
	if !slices.Contains(countedAs, page.Who) {
		return problem("bad_request", "who "+page.Who+" is none of exposed, matured, converted, clicked, closed, failed, crossed, carried, "+strings.Join(warehouse.Aside, ", ")).in(page.Who + " という一覧はありません。結果の画面の数字から開いてください。")
	}
	ask := warehouse.MembersQuery{
		Query: q, Who: page.Who, Variant: page.Variant, Period: c.QueryParam("period"), By: page.By, Slice: page.Key, Zone: zoneName(campaign.Zone), Limit: membersMost, Skip: skip,
	}
	found := listed(s, c, campaign, q, &page, func(ctx context.Context) (warehouse.Members, error) { return s.behind.Members(ctx, ask) })
	page.All = found.All
	for _, m := range found.List {
		if s.gone(m.Visitor, &page) {
			continue
		}
		page.List = append(page.List, dashboard.Member{
			ID: m.Visitor, Variant: m.Variant, Device: m.Device, Newcomer: m.Newcomer, Channel: m.Channel, Rank: m.Rank, At: m.Entered.In(zone),
			Value: stats.Number{Value: m.Value, Known: true}, Converted: m.Converted, Clicked: m.Clicked, Closed: m.Closed, Failed: m.Failed,
		})
	}
	return show(found.All)
}

// countedAside is what is counted of each visitor beside the results.
var countedAside = map[string]string{
	warehouse.Met: "days", warehouse.Yielded: "decisions", warehouse.LeftBots: "exposures", warehouse.LeftStaff: "exposures", warehouse.LeftPreviews: "exposures",
}

// pageOf is the page of a list that is asked for, from 1 on.
func pageOf(c echo.Context) (int, error) {
	text := cmp.Or(c.QueryParam("page"), "1")
	n, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(n) != text || n < 1 || n > membersPages {
		return 0, problem("bad_request", fmt.Sprintf("page %s is not the number of a page, from 1 to %d", text, membersPages)).in("ページは 1 からの番号です。")
	}
	return n, nil
}

// pageBeside is the address of another page of the same list, as of the same moment.
func pageBeside(c echo.Context, q warehouse.Query, number int) string {
	ask := maps.Clone(c.QueryParams())
	ask.Set("as_of", q.AsOf.UTC().Format(exactly))
	if q.Phase != "" && !ask.Has("phase") {
		ask.Set("of", q.Phase)
	}
	if ask.Del("page"); number > 1 {
		ask.Set("page", strconv.Itoa(number))
	}
	return c.Request().URL.EscapedPath() + "?" + ask.Encode()
}

// periodOf is the number of a bandit's period that is asked for; −1: none is.
func periodOf(c echo.Context) (int, error) {
	text := c.QueryParam("period")
	if text == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(n) != text || n < 0 {
		return 0, problem("bad_request", "period "+text+" is not the number of a period: 0, 1 and so on").in("区間は 0、1 … の番号です。")
	}
	return n, nil
}

// gone is a visitor that was erased, and is not named though the warehouse may not
// have forgotten it yet; nor is one of whom that cannot be found out.
func (s *Server) gone(visitor string, page *dashboard.Members) bool {
	if visitor == "" {
		return false
	}
	gone, err := s.engine.Erased(visitor)
	if err == nil && !gone {
		return false
	}
	page.All -= min(page.All, 1)
	return true
}

// listed are the visitors that a count gives: none while it is under way or where
// it cannot be had, and then the page says so.
func listed[T any](s *Server, c echo.Context, campaign *rules.Campaign, q warehouse.Query, page *dashboard.Members, count func(context.Context) (T, error)) (out T) {
	found, _, err := look(s.shelf, s.now, s.shelfKey(campaign, q, c.QueryParams()), shown[T], func(ctx context.Context) (*T, error) {
		out, err := count(ctx)
		if err != nil {
			return nil, s.away("campaign", campaign.ID, err)
		}
		return &out, nil
	})
	switch {
	case err != nil:
		page.Campaign.Problem = wording(err)
	case found == nil:
		page.Campaign.Counting = true
	default:
		out = *found
	}
	return out
}

var countedAs = []string{
	warehouse.Exposed, warehouse.Matured, warehouse.Converted, warehouse.Clicked, warehouse.Closed, warehouse.Failed, warehouse.Crossed, warehouse.Carried,
}
