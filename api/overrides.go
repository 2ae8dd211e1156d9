package api

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/rules"
)

// overrideAnswer is how a campaign is after a pause or a resume.
type overrideAnswer struct {
	Campaign string           `json:"campaign"`
	Status   rules.Status     `json:"status"`
	Override *engine.Override `json:"override"`      // what is decided beside its file now; null: nothing
	Was      *engine.Override `json:"was,omitempty"` // of a resume: what was
}

// pause answers POST /v1/campaigns/{id}/pause.
func (s *Server) pause(c echo.Context) error {
	id := idOf(c)
	if err := s.engine.Pause(id, engine.Operator, s.now(), s.change(c, "pause", id)); err != nil {
		return s.notDecided(id, err)
	}
	s.log.Info("a campaign is paused", "campaign", id, "by", by(c).Name)
	return encode(c, http.StatusOK, s.overridden(id))
}

// resume answers POST /v1/campaigns/{id}/resume.
func (s *Server) resume(c echo.Context) error {
	id := idOf(c)
	was, err := s.engine.Resume(id, engine.Operator, s.now(), s.change(c, "resume", id))
	if err != nil {
		return s.notDecided(id, err)
	}
	s.log.Info("a campaign is resumed", "campaign", id, "was_paused", was.Paused, "was_stopped", was.Harm != nil, "by", by(c).Name)
	answer := s.overridden(id)
	answer.Was = &was
	return encode(c, http.StatusOK, answer)
}

func (s *Server) overridden(id string) overrideAnswer {
	live := s.engine.Live()
	out := overrideAnswer{Campaign: id, Override: overrideOf(live, id)}
	if campaign := s.campaign(id); campaign != nil { // unless the rules were changed just now
		out.Status = live.Status(campaign)
	}
	return out
}

func overrideOf(live *engine.Live, id string) *engine.Override {
	if o, is := live.Overrides[id]; is {
		return &o
	}
	return nil
}

// notDecided is the answer where nothing could be decided about a campaign.
func (s *Server) notDecided(id string, err error) error {
	switch {
	case errors.Is(err, engine.ErrNoCampaign):
		return problem("not_found", err.Error()+"; GET /v1/campaigns lists them")
	case errors.Is(err, engine.ErrAsItIs):
		return problem("conflict", err.Error())
	}
	s.log.Error("what was decided about a campaign could not be kept", "campaign", id, "error", err)
	return retryLater("unavailable", "it could not be made durable: "+err.Error(), soon)
}
