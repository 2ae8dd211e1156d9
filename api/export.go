package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// The lines of an export, each with its kind: visitor, then profile if there is
// one, then coupon for code that it was given, then event for event in the order
// of folding, then end. An export without its end line broke off.
type (
	exportBegin struct {
		Kind     string    `json:"kind"` // visitor
		Visitor  string    `json:"visitor"`
		Exported time.Time `json:"exported"`
	}
	exportProfile struct {
		Kind    string           `json:"kind"` // profile
		Profile *profileAnswer   `json:"profile"`
		Kept    *profile.Profile `json:"kept"` // as the ledger keeps it, to the last field
	}
	exportCoupon struct {
		Kind     string    `json:"kind"` // coupon
		Pool     string    `json:"pool"`
		Code     string    `json:"code"`
		Campaign string    `json:"campaign"`
		Claimed  time.Time `json:"claimed"`
	}
	exportEvent struct {
		Kind   string        `json:"kind"` // event
		Ledger string        `json:"ledger"`
		Seq    uint64        `json:"seq"`
		Event  *ingest.Event `json:"event"`
	}
	exportEnd struct {
		Kind   string `json:"kind"` // end
		Events int    `json:"events"`
	}
)

// export hands over all that is kept about one visitor.
func (s *Server) export(c echo.Context) error {
	id := idOf(c)
	p, err := s.engine.Profile(id)
	if err != nil {
		return err
	}
	codes, err := s.engine.Codes(id)
	if err != nil {
		return err
	}
	// Nothing is written until the first event has come, so that what goes
	// wrong before has its status.
	out := bufio.NewWriterSize(c.Response(), 32<<10)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	begun, events := false, 0
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		h := c.Response().Header()
		h.Set(echo.HeaderContentType, "application/x-ndjson")
		h.Set("Content-Disposition", `attachment; filename="visitor.ndjson"`)
		c.Response().WriteHeader(http.StatusOK)
		if err := lines.Encode(exportBegin{"visitor", id, s.now().UTC()}); err != nil {
			return err
		}
		if p != nil {
			if err := lines.Encode(exportProfile{"profile", profileOf(p), p}); err != nil {
				return err
			}
		}
		for _, x := range codes {
			if err := lines.Encode(exportCoupon{"coupon", x.Pool, x.Code, x.Campaign, time.UnixMilli(x.At).UTC()}); err != nil {
				return err
			}
		}
		return nil
	}
	err = s.kept(c.Request().Context(), id, func(ledger string, e *ingest.Event) error {
		if err := begin(); err != nil {
			return err
		}
		events++
		return lines.Encode(exportEvent{"event", ledger, e.Seq, e})
	})
	switch {
	case err != nil && !begun:
		return s.away("export", id, err)
	case err != nil:
		s.log.Error("an export broke off", "error", err)
		return out.Flush() // without the end line
	case p == nil && events == 0:
		return problem("not_found", "nothing is known of visitor "+id)
	}
	if err := begin(); err != nil {
		return err
	}
	if err := lines.Encode(exportEnd{"end", events}); err != nil {
		return err
	}
	return out.Flush()
}
