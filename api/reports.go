package api

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
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
	for _, x := range slices.Concat(live.Set.Campaigns, live.Set.Drafts) {
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
	campaign, q, err := s.asked(c)
	if err != nil {
		return err
	}
	result, err := s.resultsOf(c.Request().Context(), campaign, q)
	if err != nil {
		return err
	}
	return withSQL(c, result, warehouse.SQL(q))
}

// withSQL gives an answer, or where it is asked for, {"results", "sql"}: the
// answer with the query behind it.
func withSQL(c echo.Context, answer any, sql string) error {
	if c.QueryParam("sql") == "" {
		return encode(c, http.StatusOK, answer)
	}
	return encode(c, http.StatusOK, map[string]any{"results": answer, "sql": sql})
}

// asked is the campaign that a path names, and what is asked of it.
func (s *Server) asked(c echo.Context) (*rules.Campaign, warehouse.Query, error) {
	id := idOf(c)
	campaign := s.campaign(id)
	if campaign == nil {
		return nil, warehouse.Query{}, s.unmet(id, "; GET /v1/campaigns lists them")
	}
	q, err := queryOf(c, campaign)
	return campaign, s.asOf(campaign, q), err
}

// unmet is why there is nothing to report of a campaign: it is a draft, or there is
// none, and then hint is where to look.
func (s *Server) unmet(id, hint string) *Problem {
	draft := s.draft(id)
	if draft == nil {
		return problem("not_found", "no campaign "+id+" in the rules folder"+hint).in("施策 " + id + " はルールのフォルダーにありません。")
	}
	place := draft.File + ":" + strconv.Itoa(draft.Line)
	return problem("not_found", "campaign "+id+" is a draft, and nobody has met it: try it in the playground, then set status: live at "+place+", or status: shadow to see whom it would reach").
		in("施策 " + id + " は下書きで、まだ誰にも届いていません。ルール試験で確かめてから、" + place + " の status を live（表示せずに対象者だけ測るなら shadow）にしてください。")
}

func (s *Server) draft(id string) *rules.Campaign {
	if set := s.engine.Live().Set; set.Draft(id) {
		return set.Written(id)
	}
	return nil
}

func (s *Server) campaign(id string) *rules.Campaign {
	for _, c := range s.engine.Live().Set.Campaigns {
		if c.ID == id {
			return c
		}
	}
	return nil
}
