package api

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/rules"
)

// whyScreen says of each campaign why a visitor got it or not: in the decision at
// a seq of the ledger, or now on the page that was seen last. One campaign that is
// chosen is taken apart. For htmx it is a part, and else a page.
func (s *Server) whyScreen(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), asksWithin)
	defer cancel()
	id := idOf(c)
	if err := checkID("the visitor's id", id); err != nil {
		return err
	}
	page := dashboard.Why{Visitor: id, Part: c.Request().Header.Get("HX-Request") == "true"}
	asked := url.Values{}
	q := replay.Question{}
	if seq := c.QueryParam("seq"); seq != "" {
		var err error
		if q.Seq, err = strconv.ParseUint(seq, 10, 64); err != nil || q.Seq == 0 {
			return problem("bad_request", "seq is no place in the ledger: open the visitor's timeline and choose a decision there").in("来訪者の画面を開き、判定を選び直してください。")
		}
		asked.Set("seq", seq)
	} else {
		q.Page = s.pageAsked(c, &explainBody{Visitor: named(id)})
		q.Facts = s.facts(s.engine.Live().Set, s.now())
	}
	page.Here = visitorPath(id) + "/why?" + asked.Encode()
	past, err := s.history.Of(ctx, id)
	if err != nil {
		return s.away("explain", id, err)
	}
	answer, err := past.Explain(q)
	switch {
	case errors.Is(err, replay.ErrNobody), errors.Is(err, replay.ErrTooEarly), errors.Is(err, replay.ErrNoDecision):
		return problem("not_found", err.Error()+": "+id).in("その時点の判定を再現できる記録がありません。")
	case err != nil:
		return err
	}
	fillWhy(&page, answer, s.engine.Live(), c.QueryParam("campaign"))
	page.At = answer.At.In(s.here().Location())
	if page.Part {
		return s.part(c, "why", "why", page)
	}
	return s.screen(c, "why", page)
}

// fillWhy puts an answer into the screen's words. What came stands first, then
// what came nearest to it.
func fillWhy(page *dashboard.Why, a *replay.Answer, live *engine.Live, chosen string) {
	page.Page, page.Trigger, page.Rules = a.Page, a.Trigger, a.Rules
	if page.Logged = a.AsLogged != nil; page.Logged {
		page.AsLogged, page.Cause = *a.AsLogged, a.Cause
	}
	for i := range a.Campaigns {
		v := &a.Campaigns[i]
		row := dashboard.WhyRow{
			ID: v.Campaign, Name: campaignName(live.Set, v.Campaign), Reason: v.Reason, Variant: v.Variant, Slot: v.Slot, Detail: v.Detail,
			Chosen: v.Campaign == chosen,
		}
		if page.Here != "" {
			row.Link = page.Here + "&campaign=" + url.QueryEscape(v.Campaign)
		}
		page.Campaigns = append(page.Campaigns, row)
		if row.Chosen {
			page.Chosen = apart(v, row)
		}
	}
	slices.SortStableFunc(page.Campaigns, func(a, b dashboard.WhyRow) int { return passed(b.Reason) - passed(a.Reason) })
}

// passed is how many gates a campaign with this reason has behind it.
func passed(reason string) int {
	at := slices.Index(gatesInOrder, reason)
	if at < 0 {
		return len(gatesInOrder) // an outcome
	}
	return at
}

// gatesInOrder are the reason codes of the contract, in order of evaluation.
var gatesInOrder = []string{
	engine.Failed, engine.Consent, engine.Bot, engine.Erased, engine.NotLive, engine.Backfilling, engine.OutOfSchedule, engine.NotThisPage,
	engine.RuleFalse, engine.NotTriggered, engine.Holdout, engine.Frequency, engine.Stopped, engine.Budget, engine.Layer,
	engine.Traffic, engine.CouponOut, engine.SlotTaken,
}

// apart is one campaign with its gates and conditions.
func apart(v *replay.Verdict, row dashboard.WhyRow) *dashboard.WhyCampaign {
	out := &dashboard.WhyCampaign{WhyRow: row}
	for _, g := range v.Gates {
		gate := dashboard.Gate{Name: g.Gate, State: g.State}
		if g.State == replay.Halted {
			gate.Detail = v.Detail
		}
		out.Gates = append(out.Gates, gate)
	}
	if v.Conditions != nil {
		c := conditionOf(*v.Conditions)
		out.Conditions = &c
	}
	for _, t := range v.Triggers {
		out.Triggers = append(out.Triggers, conditionOf(t))
	}
	return out
}

func conditionOf(c rules.Clause) dashboard.Condition {
	out := dashboard.Condition{Text: c.Text, Op: c.Op, Value: c.Value, Failed: c.Failed, Need: c.Need}
	if c.Segment() {
		out.Segment = segmentName(c.Text)
	}
	for _, f := range c.Facts {
		out.Facts = append(out.Facts, dashboard.Pair(f))
	}
	for _, of := range c.Of {
		out.Of = append(out.Of, conditionOf(of))
	}
	return out
}
