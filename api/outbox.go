package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

// Outbox is where what campaigns send can be looked at.
type Outbox interface {
	List(most int) ([]outbox.Entry, error)
	Retry(id string) (n int, more bool, err error)
	Letters() ledger.Letters
}

// maxListed bounds one answer.
const maxListed = 1000

// listOutbox answers GET /v1/outbox: what is to be sent, then what was given up.
func (s *Server) listOutbox(c echo.Context) error {
	list, err := s.outbox.List(maxListed)
	if err != nil {
		return err
	}
	all := s.outbox.Letters()
	return encode(c, http.StatusOK, map[string]any{
		"outbox": list, "waiting": all.Count - all.GivenUp, "given_up": all.GivenUp,
		"max": all.Most, "bytes": all.Bytes, "max_bytes": all.MostBytes,
	})
}

// retryOutbox answers POST /v1/outbox/retry: what was given up is tried again, a
// part of it at a time.
func (s *Server) retryOutbox(c echo.Context) error {
	var body struct {
		ID string `json:"id"` // "" all of it
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := checkID("the letter's id", body.ID); err != nil {
		return err
	}
	if err := s.byKey(c, "outbox_retry", body.ID); err != nil {
		return err
	}
	n, more, err := s.outbox.Retry(body.ID)
	if err != nil {
		return err
	}
	if n == 0 && body.ID != "" {
		return problem("not_found", "nothing of the id "+body.ID+" was given up; GET /v1/outbox lists what was")
	}
	return encode(c, http.StatusOK, map[string]any{"retried": n, "more": more})
}
