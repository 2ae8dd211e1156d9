package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// parcel is the memory of one call: events are large, and a busy intake that
// made room anew for each would be collected often.
type parcel struct {
	batch  ingest.Batch
	events []ingest.Event // room for all that are in it
}

var parcels = sync.Pool{New: func() any { return new(parcel) }}

// free keeps the room, unless it is larger than a good call needs, and nothing of
// what was in it.
func (p *parcel) free() {
	if cap(p.batch.Events) > 2*ingest.MaxEvents {
		return
	}
	clear(p.batch.Events[:cap(p.batch.Events)])
	clear(p.events[:cap(p.events)])
	*p = parcel{batch: ingest.Batch{Events: p.batch.Events[:0]}, events: p.events[:0]}
	parcels.Put(p)
}

// room is for n events of one visitor; more than was thought get room of their own.
func (p *parcel) room(n int) []ingest.Event {
	if n > cap(p.events)-len(p.events) {
		return make([]ingest.Event, 0, n)
	}
	first := len(p.events)
	p.events = p.events[:first+n]
	return p.events[first : first : first+n]
}

// events takes a batch; its visitors are visited one after the other and
// made durable together.
func (s *Server) events(c echo.Context) error {
	p := parcels.Get().(*parcel)
	defer p.free()
	body := &p.batch
	if err := decode(c, body); err != nil {
		return err
	}
	may, err := s.admit(c, body.WriteKey)
	if err != nil {
		return err
	}
	if err := checkConsent(body.Consent); err != nil {
		return err
	}
	if body.Context != nil && may != secret {
		return problem("needs_secret", "context is taken with the secret key only")
	}
	id, err := s.identify(c, body.Visitor, body.Identify, may)
	if err != nil {
		return err
	}
	answer, err := s.take(c, p, id, may)
	if err != nil {
		return err
	}
	return encode(c, http.StatusOK, answer)
}

// take makes a batch's good events durable. It is an error if none is good.
func (s *Server) take(c echo.Context, p *parcel, id identity, may access) (eventsAnswer, error) {
	switch events := p.batch.Events; {
	case len(events) == 0:
		return eventsAnswer{}, problem("no_valid_event", "events is empty: there is nothing to keep")
	case len(events) > ingest.MaxEvents:
		return eventsAnswer{}, problem("too_large", fmt.Sprintf("events has %d, at most %d are taken at a time", len(events), ingest.MaxEvents))
	}
	now := s.now()
	visits, rejected := s.visitsOf(c, p, id, may, now)
	accepted, duplicates, err := s.keep(c, visits, rejected, id, may, now)
	if err != nil {
		if !errors.Is(err, ledger.ErrFull) { // which tells its own story
			s.log.Error("events could not be kept", "error", err)
		}
		return eventsAnswer{}, notKept(err)
	}
	if accepted == 0 {
		details := make([]any, len(rejected))
		for i := range rejected {
			details[i] = rejected[i]
		}
		return eventsAnswer{}, problem("no_valid_event", "none of the events is good; details says why", details...)
	}
	return eventsAnswer{accepted, duplicates, rejected}, nil
}

// eventsAnswer counts; Duplicates of those accepted had been taken before and
// changed nothing.
type eventsAnswer struct {
	Accepted   int                `json:"accepted"`
	Duplicates int                `json:"duplicates"`
	Rejected   []ingest.Rejection `json:"rejected"`
}

// visitsOf sorts a batch's good events by visitor, each visitor's in their order.
func (s *Server) visitsOf(c echo.Context, p *parcel, id identity, may access, now time.Time) ([]engine.Visit, []ingest.Rejection) {
	body := &p.batch
	around := s.surroundings(c, body.Context, body.Consent, may)
	terms := ingest.Terms{Received: now, SentAt: body.SentAt, Trusted: may == secret, NewID: s.engine.NewID}
	// A shop's server answers for the consent of those whose history it hands over.
	consent := s.consents(body.Consent) || may == secret && body.Consent != "denied"
	batch := &ingest.Who{ID: id.visitor}
	rejected := []ingest.Rejection{}
	var visits []engine.Visit
	told := make(map[string]int, 8) // visitor → how many events speak of it, about
	for i := range body.Events {
		told[whom(&body.Events[i])]++
	}
	p.events = slices.Grow(p.events, len(body.Events))
	at := make(map[string]int, len(told)) // visitor → its place in visits
	var event ingest.Event                // each in its turn
	for i, in := range body.Events {
		in.Canonical()
		around, consent, word := around, consent, body.Consent
		if in.Beside != nil {
			around, consent = s.beside(c, in.Beside, may)
			word = in.Beside.Consent
		}
		if in.Visitor != nil && id.cookie != "" {
			in.Visitor.ID = id.cookie // the signed cookie wins
		}
		if word == "denied" {
			s.denied(&in, id, may, terms)
		}
		refused := s.accept(&event, in, batch, terms, around, consent)
		if refused == nil && in.Visitor != nil {
			refused = checkTold(in.Visitor)
		}
		if refused == nil {
			refused = s.erased(event.Visitor)
		}
		if refused != nil {
			refused.Index = i
			rejected = append(rejected, *refused)
			continue
		}
		place, known := at[event.Visitor]
		// What an event tells of its visitor holds from that event on.
		if !known || in.Visitor != nil && (len(in.Visitor.Traits) > 0 || in.Visitor.UserID != "") {
			place = len(visits)
			at[event.Visitor] = place
			v := visitOf(in, event.Visitor, id, may)
			if !known { // events are large: growing would copy each twice
				v.Events = p.room(max(1, told[whom(&in)]))
			}
			visits = append(visits, v)
		}
		visits[place].Events = append(visits[place].Events, event)
	}
	return visits, rejected
}

// denied takes the visitor whose event comes with a no off the live screen. A no of
// before, which history tells, is no news; and a page speaks for its own visitor
// only, which its cookie names: anybody can write an id into an event.
func (s *Server) denied(in *ingest.Incoming, id identity, may access, terms ingest.Terms) {
	gap := s.engine.Live().Set.Site.SessionGap.Milliseconds()
	switch {
	case terms.Received.UnixMilli()-terms.TimeOf(in) >= gap:
	case may == secret:
		s.withdrawn(cmp.Or(whom(in), id.visitor), "denied")
	default:
		s.withdrawn(id.cookie, "denied")
	}
}

// whom is the visitor that an event itself names.
func whom(in *ingest.Incoming) string {
	if in.Visitor == nil {
		return ""
	}
	return in.Visitor.ID
}

// visitOf is an empty visit of one of a batch's visitors. The batch's own
// identity speaks for its own visitor only, and the event's before it.
func visitOf(in ingest.Incoming, visitor string, id identity, may access) engine.Visit {
	v := engine.Visit{Visitor: visitor}
	if visitor == id.visitor {
		v.User, v.Traits, v.Signed = id.user, id.traits, id.signed
	}
	if in.Visitor == nil {
		return v
	}
	if may == secret {
		v.Signed = true
		if in.Visitor.UserID != "" {
			v.User = in.Visitor.UserID
		}
	}
	if len(in.Visitor.Traits) > 0 && (may == secret || !v.Signed) {
		v.Traits = in.Visitor.Traits
	}
	return v
}

// keep makes the visits' events durable and counts them.
func (s *Server) keep(c echo.Context, visits []engine.Visit, rejected []ingest.Rejection, id identity, may access, now time.Time) (accepted, duplicates int, err error) {
	for _, v := range visits {
		answer, err := s.visit(v, now)
		if err != nil {
			return 0, 0, err
		}
		if may == public && v.Visitor == id.cookie && answer.Visitor != id.cookie {
			s.setVisitor(c, answer.Visitor) // the browser changed hands
		}
		accepted += len(v.Events)
		duplicates += answer.Duplicates
	}
	if err := s.engine.Sync(); err != nil {
		return 0, 0, err
	}
	crash.Point("commit.after")
	s.metrics.taken(accepted-duplicates, duplicates, rejected)
	return accepted, duplicates, nil
}

// noRoom does not tell the whole world whose disk is full: /readyz does, to the
// secret key.
const noRoom = "there is no room for events now; send them again later, with the same ids"

// notKept is the answer to events that are not, or not known to be, durable.
func notKept(err error) *Problem {
	if errors.Is(err, ledger.ErrFull) {
		return retryLater("full", noRoom, soon)
	}
	return retryLater("unavailable", "events could not be made durable; send them again", soon)
}
