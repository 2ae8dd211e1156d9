package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// segmentCalls are the paths of Segment's HTTP API below /v1, and the calls
// they are. The short ones are analytics.js's.
var segmentCalls = map[string]string{
	"track": "track", "identify": "identify", "page": "page", "screen": "screen", "group": "group", "alias": "alias", "batch": "batch",
	"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch",
}

// segmentAnswer is what Segment's SDKs look for, success, and what became of
// each message. SDKs have no place for those of a batch that were refused while
// others were taken: they are logged as well.
type segmentAnswer struct {
	Success bool `json:"success"`
	eventsAnswer
}

// segment takes one of the calls of Segment's HTTP API.
func (s *Server) segment(call string) echo.HandlerFunc {
	return func(c echo.Context) error {
		raw, err := read(c.Request())
		if err != nil {
			return err
		}
		batch, err := ingest.DecodeSegment(raw, call)
		if err != nil {
			return problem("bad_json", err.Error())
		}
		may, err := s.admit(c, batch.WriteKey)
		if err != nil {
			return err
		}
		id, err := s.identify(c, nil, "", may)
		if err != nil {
			return err
		}
		for i := range batch.Events {
			if err := s.standIn(batch.Events[i].Visitor, may); err != nil {
				return err
			}
		}
		answer, err := s.take(c, &parcel{batch: *batch}, id, may)
		if err != nil {
			return err
		}
		if n := len(answer.Rejected); n > 0 {
			first := answer.Rejected[0]
			s.log.Warn("messages of a Segment batch were refused", "refused", n, "accepted", answer.Accepted, "first", first.Index, "code", first.Code, "reason", first.Message)
		}
		return encode(c, http.StatusOK, segmentAnswer{true, answer})
	}
}

// standIn finds the visitor of a message that tells of a person and no browser,
// and leaves out traits that site.yaml does not declare: SDKs send all there are.
func (s *Server) standIn(who *ingest.Who, may access) (err error) {
	if who == nil {
		return nil
	}
	if who.ID == "" && who.UserID != "" {
		if who.ID, err = s.engine.Stead(who.UserID, may == secret); err != nil {
			return err
		}
	}
	declared := s.engine.Live().Set.Site.Traits
	for name := range who.Traits {
		if _, known := declared[name]; !known {
			delete(who.Traits, name)
		}
	}
	return nil
}

// beside is what an SDK tells of the browser it speaks for, and whether its
// visitor may be remembered. The request's own headers are the SDK's.
func (s *Server) beside(c echo.Context, told *ingest.Beside, may access) (ingest.Surroundings, bool) {
	around := s.surroundings(c, &told.Client, told.Consent, may)
	around.UserAgent, around.Language, around.Mobile, around.Platform = told.UserAgent, told.Language, told.Mobile, told.Platform
	return around, s.consents(told.Consent) || may == secret && told.Consent != "denied"
}
