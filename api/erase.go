package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// receipt is an erasure as its asker sees it.
type receipt struct {
	ID       string            `json:"id"`
	Status   string            `json:"status"` // running | done
	Stage    string            `json:"stage"`  // profile | ledger | warehouse | done
	Asked    time.Time         `json:"asked"`
	Done     *time.Time        `json:"done"`
	Visitors []string          `json:"visitors,omitempty"` // until it is done: a receipt names nobody
	Count    int               `json:"count"`
	Removed  map[string]uint64 `json:"removed"`
	Browsers []browserReceipt  `json:"browsers,omitempty"` // Removed of each; not of more than 100
}

type browserReceipt struct {
	Visitor string            `json:"visitor,omitempty"` // as Visitors
	Removed map[string]uint64 `json:"removed"`
}

// receiptOf names the visitors told: those of x, or of x before it was done.
func receiptOf(x *engine.Erasure, visitors []string) receipt {
	r := receipt{ID: x.ID, Status: "running", Stage: x.Stage(), Asked: x.Asked, Visitors: visitors, Count: x.Count, Removed: x.Removed}
	for i, removed := range x.Each {
		b := browserReceipt{Removed: removed}
		if i < len(visitors) {
			b.Visitor = visitors[i]
		}
		r.Browsers = append(r.Browsers, b)
	}
	if r.Stage == "done" {
		r.Status, r.Done = "done", &x.Done
	}
	return r
}

const (
	eraseTime  = 5 * time.Second // for the end of an erasure, before it is answered as running
	eraseEvery = 20 * time.Millisecond
)

// erase forgets a visitor for good, and with it all browsers of its person.
func (s *Server) erase(c echo.Context) error {
	id := idOf(c)
	if err := checkID("the visitor's id", id); err != nil {
		return err
	}
	x, err := s.engine.Erase([]string{id}, s.now())
	return s.erasing(c, "visitor_erase", x, err)
}

// erasePerson forgets every browser that was ever known by a user_id.
func (s *Server) erasePerson(c echo.Context) error {
	user := idOf(c)
	if err := checkID("the user_id", user); err != nil {
		return err
	}
	x, err := s.engine.ErasePerson(user, s.now())
	return s.erasing(c, "person_erase", x, err)
}

// erasing answers an erasure that was asked for. What must be so at once is so by
// then: the rest may take as long as the warehouse is away.
func (s *Server) erasing(c echo.Context, what string, x *engine.Erasure, err error) error {
	if err != nil {
		s.log.Error("erasure could not be begun", "error", err)
		return retryLater("unavailable", "the erasure could not be made durable; ask again", soon)
	}
	named := x.Visitors
	defer func() { s.forget(named) }()
	// By the receipt, which names nobody: the audit log outlives them.
	if err := s.audit(c, what, x.ID); err != nil {
		s.log.Error("who erases could not be recorded", "error", err)
		return notRecorded()
	}
	for end := time.Now().Add(s.eraseTime); x.Stage() != "done" && time.Now().Before(end); {
		select {
		case <-c.Request().Context().Done():
			return nil
		case <-time.After(eraseEvery):
		}
		if x, err = s.engine.Erasure(x.ID); err != nil {
			return err
		}
		if x.Visitors != nil { // a person's are found one after the other
			named = x.Visitors
		}
	}
	return s.answerErasure(c, receiptOf(x, named))
}

// forget takes erased visitors out of what is kept in memory alone.
func (s *Server) forget(visitors []string) {
	s.lively.table.Forget(visitors, s.now())
	s.invitations.forget(visitors)
}

// notRecorded answers an erasure that goes on all the same: whoever asks once more
// is told of it, and recorded.
func notRecorded() *Problem {
	return retryLater("unavailable", "the erasure goes on, but who asked for it could not be recorded; ask again", soon).
		in("消去は進んでいますが、だれが操作したかを記録できませんでした。もう一度操作してください。")
}

func (s *Server) erasure(c echo.Context) error {
	x, err := s.engine.Erasure(c.Param("id"))
	switch {
	case err != nil:
		return err
	case x == nil:
		return problem("not_found", "no erasure has this id: DELETE /v1/visitors/{id} and DELETE /v1/people/{user_id} give one")
	}
	return s.answerErasure(c, receiptOf(x, x.Visitors))
}

func (s *Server) answerErasure(c echo.Context, r receipt) error {
	if r.Status == "done" {
		return encode(c, http.StatusOK, r)
	}
	c.Response().Header().Set("Location", "/v1/erasures/"+r.ID)
	return encode(c, http.StatusAccepted, r)
}

// erased says whether events of this visitor are refused for good.
func (s *Server) erased(visitor string) *ingest.Rejection {
	gone, err := s.engine.Erased(visitor)
	if err != nil || !gone { // an error comes again, and is answered, when the visit reads the same ledger
		return nil
	}
	return erasedEvent()
}

func erasedEvent() *ingest.Rejection {
	return &ingest.Rejection{Code: "erased", Message: "this visitor was erased and its id is not taken again: do not send it any more; decide gives the browser another"}
}
