package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// explainBody is the body of POST /v1/explain.
type explainBody struct {
	Visitor  named          `json:"visitor"`
	Page     *ingest.Page   `json:"page"`
	Trigger  string         `json:"trigger"`
	At       moment         `json:"at"`
	Campaign string         `json:"campaign"`
	Context  *ingest.Client `json:"context"`
}

// named is a visitor by its id, alone or as decide names it.
type named string

// UnmarshalJSON reads "v1" and {"id": "v1"}.
func (n *named) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("{")) {
		var who ingest.Who
		err := json.Unmarshal(raw, &who)
		*n = named(who.ID)
		return err
	}
	return json.Unmarshal(raw, (*string)(n))
}

// moment is a time (RFC 3339) or a place in the ledger (a number, seq).
type moment struct {
	time time.Time
	seq  uint64
}

// UnmarshalJSON reads either.
func (m *moment) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	if text == "null" || text == "" {
		return nil
	}
	var err error
	if m.seq, err = strconv.ParseUint(text, 10, 64); err == nil && m.seq > 0 {
		return nil
	}
	if m.time, err = time.Parse(time.RFC3339, text); err != nil {
		return errors.New("at is neither a time (2026-12-01T09:00:00+09:00) nor a seq of the ledger (1234)")
	}
	return nil
}

func (s *Server) explain(c echo.Context) error {
	var body explainBody
	if err := decode(c, &body); err != nil {
		return err
	}
	now := body.At.time.IsZero() && body.At.seq == 0
	switch {
	case body.Visitor == "":
		return problem("bad_request", "visitor is missing: an explanation is about one visitor")
	case body.Page != nil && body.Page.URL == "":
		return problem("bad_request", "page.url is missing: leave page out for the page that was seen last")
	case len(body.Trigger) > maxTrigger:
		return problem("bad_request", "trigger is longer than "+strconv.Itoa(maxTrigger)+" bytes")
	case body.Trigger != "" && body.Page == nil && !now:
		return problem("bad_request", "a trigger goes with a page: without them the logged decision is explained")
	}
	q := replay.Question{Trigger: body.Trigger, Until: body.At.time, Seq: body.At.seq, Campaign: body.Campaign}
	if body.Page != nil || now {
		q.Page = s.pageAsked(c, &body)
	}
	if now {
		q.Facts = s.facts(s.engine.Live().Set, s.now())
	}
	switch gone, err := s.engine.Erased(string(body.Visitor)); {
	case err != nil:
		return err
	case gone:
		return s.explainErased(c, &body)
	}
	past, err := s.history.Of(c.Request().Context(), string(body.Visitor))
	if err != nil {
		return s.away("explain", string(body.Visitor), err)
	}
	answer, err := past.Explain(q)
	switch {
	case errors.Is(err, replay.ErrNobody):
		return problem("not_found", "nothing is known of visitor "+string(body.Visitor)+": its id is in the cookie omo_vid, and visitor_id in the warehouse's view events")
	case errors.Is(err, replay.ErrTooEarly):
		return problem("not_found", err.Error())
	case errors.Is(err, replay.ErrNoDecision):
		return problem("not_found", "no decision of visitor "+string(body.Visitor)+" is logged up to then: give a page to ask what would be decided")
	case err != nil:
		return err
	case body.Campaign != "" && len(answer.Campaigns) == 0 && answer.Rules == s.engine.Live().Set.Hash && s.draft(body.Campaign) != nil:
		return s.unmet(body.Campaign, "")
	case body.Campaign != "" && len(answer.Campaigns) == 0:
		return problem("not_found", "no campaign "+body.Campaign+" was in the rules then (rule set "+answer.Rules+")")
	}
	return encode(c, http.StatusOK, answer)
}

// explainErased says of each campaign that the visitor was erased.
func (s *Server) explainErased(c echo.Context, body *explainBody) error {
	answer := replay.Forgotten(s.engine.Live(), string(body.Visitor), body.Campaign, s.now())
	if body.Campaign != "" && len(answer.Campaigns) == 0 {
		return problem("not_found", "no campaign "+body.Campaign+" is in the rules (rule set "+answer.Rules+")")
	}
	return encode(c, http.StatusOK, answer)
}

// pageAsked is the page view that the question is about, enriched by what it
// tells of the browser. Without a page the one that was seen last is meant.
func (s *Server) pageAsked(c echo.Context, body *explainBody) *ingest.Event {
	e := &ingest.Event{Name: ingest.PageView, Visitor: string(body.Visitor), Page: body.Page}
	if at := body.At; at.time.IsZero() && at.seq == 0 {
		e.Time = s.now().UnixMilli()
	} else if !at.time.IsZero() {
		e.Time = at.time.UnixMilli()
	}
	e.Received = e.Time
	s.enricher.Enrich(e, s.surroundings(c, body.Context, "", secret))
	return e
}
