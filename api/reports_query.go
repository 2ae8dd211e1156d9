package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// queryOf reads what is asked of a campaign; what is not asked is its main goal.
// What a visitor brought in as long a time before it came as the goal's window is
// after explains a part of what it brings, and is asked for as well (CUPED).
func queryOf(c echo.Context, campaign *rules.Campaign) (warehouse.Query, error) {
	q := warehouse.Query{Campaign: campaign.ID, Phase: c.QueryParam("phase")}
	switch matured := c.QueryParam("matured"); matured {
	case "", "false":
	case "true":
		q.Matured = true
	default:
		return q, problem("bad_request", "matured "+matured+" is neither true nor false").in("matured は true か false です。")
	}
	goal := goalNamed(campaign, c.QueryParam("goal"))
	q.Goal, q.Window, q.Value = goal.Event, goal.Window, goal.Value
	if w := c.QueryParam("window"); w != "" {
		d, err := rules.ParseDuration(w)
		if err != nil || d <= 0 {
			return q, problem("bad_request", "window "+w+" is not a length of time like 72h or 7d").in("window は 72h や 7d のような長さで書いてください。")
		}
		q.Window = d
	}
	q.Past = q.Window
	err := span(c, campaign.Zone, &q.From, &q.To, &q.AsOf)
	return q, err
}

// span reads from, to and as_of; a date is one of the zone.
func span(c echo.Context, zone *time.Location, from, to, asOf *time.Time) error {
	for name, at := range map[string]*time.Time{"from": from, "to": to, "as_of": asOf} {
		text := c.QueryParam(name)
		if text == "" {
			continue
		}
		t, err := parseTime(text, zone)
		if err != nil {
			return problem("bad_request", name+" "+text+" is neither a date (2026-12-01) nor a time (2026-12-01T09:00:00+09:00)").in(name + " は日付（2026-12-01）か日時（2026-12-01T09:00:00+09:00）で書いてください。")
		}
		*at = t
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(*to) {
		return problem("bad_request", "from "+c.QueryParam("from")+" is not before to "+c.QueryParam("to")).in("期間の始まりは終わりより前の日にしてください。")
	}
	return nil
}

func parseTime(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, text)
}

// asOf closes what is left open, so that the SQL that is given with an answer has
// the same: as of now, of the phase that is live, though nobody was exposed in it
// yet. Phases are never pooled, and what a former one says is no result of what runs
// now. Of a campaign that was stopped for harm it is the moment of the stop, since
// after it there is control alone; of one that rests, or as of another moment, the
// newest phase in which anybody was exposed.
func (s *Server) asOf(campaign *rules.Campaign, q warehouse.Query) warehouse.Query {
	if !q.AsOf.IsZero() {
		return q
	}
	q.AsOf = s.now()
	if q.Phase != "" {
		return q
	}
	live := s.engine.Live()
	switch status := live.Status(campaign); {
	case live.Overrides[campaign.ID].Harm != nil:
		q.AsOf = time.UnixMilli(live.Overrides[campaign.ID].Harm.At)
	case status == rules.Live:
		q.Phase = live.Phases[campaign.ID]
	}
	return q
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
