package api

import (
	"context"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Series is the answer of GET /v1/campaigns/{id}/series: a campaign day by day.
type Series struct {
	stats.Subject
	Zone string `json:"zone"` // whose days
	Days []Day  `json:"days"`
}

// Day are the visitors who came on a day, and all who had come by its end.
type Day struct {
	Day        string            `json:"day"` // 2026-12-01
	Arms       []stats.ArmResult `json:"arms"`
	Cumulative []stats.ArmResult `json:"cumulative"`
}

func (s *Server) series(c echo.Context) error {
	campaign, q, err := s.asked(c)
	if err != nil {
		return err
	}
	out, err := s.seriesOf(c.Request().Context(), campaign, q)
	if err != nil {
		return err
	}
	return withSQL(c, out, warehouse.SQLDaily(q, out.Zone))
}

func (s *Server) seriesOf(ctx context.Context, campaign *rules.Campaign, q warehouse.Query) (Series, error) {
	zone := zoneName(campaign.Zone)
	days, err := s.reports.Daily(ctx, q, zone)
	if err != nil {
		return Series{}, s.away("campaign", campaign.ID, err)
	}
	if len(days) > mostDays {
		days = slices.DeleteFunc(days, nobody)
	}
	out := Series{Subject: s.subject(campaign, q), Zone: zone, Days: []Day{}}
	var before []stats.Period
	for _, d := range days {
		arms := armsOf(d.Arms)
		before = append(before, stats.Period{Arms: arms})
		out.Days = append(out.Days, Day{Day: d.Key, Arms: compared(out.Subject, arms), Cumulative: cumulated(out.Subject, before, campaign.Bandit)})
	}
	return out, nil
}

// mostDays is up to how many days those without anybody are told too. One visitor
// whose clock is thirty years behind makes eleven thousand of them.
const mostDays = 400

func nobody(day warehouse.Slice) bool {
	return !slices.ContainsFunc(day.Arms, func(a warehouse.Arm) bool { return a.Exposed > 0 })
}

// compared are arms with their figures. A verdict has no place here: it is for
// all visitors together, and of many slices some would win by chance.
func compared(about stats.Subject, arms []stats.Arm) []stats.ArmResult {
	return withoutVerdicts(stats.Judge(about, arms, 0).Arms)
}

func withoutVerdicts(arms []stats.ArmResult) []stats.ArmResult {
	for i := range arms {
		if arms[i].Verdict = ""; arms[i].Value != nil {
			arms[i].Value.Verdict = ""
		}
	}
	return arms
}

// cumulated is all days so far. A bandit's arms are compared within each day,
// since its weights move; others are added up.
func cumulated(about stats.Subject, days []stats.Period, bandit bool) []stats.ArmResult {
	if bandit {
		return withoutVerdicts(stats.JudgePeriods(about, days, 0).Arms)
	}
	all := slices.Clone(days[0].Arms)
	for _, d := range days[1:] {
		for _, a := range d.Arms {
			if i := slices.IndexFunc(all, func(b stats.Arm) bool { return b.Variant == a.Variant }); i >= 0 {
				all[i] = all[i].Plus(a)
			} else {
				all = append(all, a)
			}
		}
	}
	return compared(about, all)
}

// Breakdown is the answer of GET /v1/campaigns/{id}/breakdown.
type Breakdown struct {
	stats.Subject
	By     string  `json:"by"` // device, visitor, channel or rank
	Slices []Slice `json:"slices"`
}

// Slice are the visitors with one value, as it was at their first exposure.
type Slice struct {
	Key  string            `json:"key"` // "" where it is not known
	Arms []stats.ArmResult `json:"arms"`
	// Small says that there are too few visitors or conversions to go by.
	Small bool `json:"small"`
}

var attributes = []string{warehouse.ByDevice, warehouse.ByVisitor, warehouse.ByChannel, warehouse.ByRank}

func (s *Server) breakdown(c echo.Context) error {
	campaign, q, err := s.asked(c)
	if err != nil {
		return err
	}
	by := c.QueryParam("by")
	out, err := s.breakdownOf(c.Request().Context(), campaign, q, by)
	if err != nil {
		return err
	}
	return withSQL(c, out, warehouse.SQLBreakdown(q, by))
}

func (s *Server) breakdownOf(ctx context.Context, campaign *rules.Campaign, q warehouse.Query, by string) (Breakdown, error) {
	if !slices.Contains(attributes, by) {
		return Breakdown{}, problem("bad_request", "by "+by+" is none of device, visitor, channel, rank").in("分け方は device・visitor・channel・rank のどれかです。")
	}
	found, err := s.reports.Breakdown(ctx, q, by)
	if err != nil {
		return Breakdown{}, s.away("campaign", campaign.ID, err)
	}
	out := Breakdown{Subject: s.subject(campaign, q), By: by, Slices: []Slice{}}
	for _, x := range found {
		arms := armsOf(x.Arms)
		out.Slices = append(out.Slices, Slice{Key: x.Key, Arms: compared(out.Subject, arms), Small: stats.Small(arms)})
	}
	return out, nil
}

// zoneName is a zone as ClickHouse knows it too.
func zoneName(zone *time.Location) string {
	if name := zone.String(); name != "" && name != "Local" {
		return name
	}
	return "UTC"
}
