package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// decideBody is the body of POST /v1/decide.
type decideBody struct {
	Visitor    *ingest.Who       `json:"visitor"`
	Page       *ingest.Page      `json:"page"`
	Events     []ingest.Incoming `json:"events"`
	SentAt     ingest.Stamp      `json:"sent_at"`
	Trigger    string            `json:"trigger"`
	PageView   *bool             `json:"page_view"`    // false goes with a trigger
	PageViewID string            `json:"page_view_id"` // under which the client would send it again
	Slots      []string          `json:"slots"`
	Consent    string            `json:"consent"`
	Identify   string            `json:"identify"`
	Context    *ingest.Client    `json:"context"`
	Explain    bool              `json:"explain"`
	Preview    string            `json:"preview"` // the token of a preview's link
	WriteKey   string            `json:"writeKey"`
}

// call is the memory of one call of decide; nothing of it outlives the call.
// Taken anew each time it would be a third of what a page view leaves behind.
type call struct {
	body    decideBody
	request engine.Request
	context ingest.Event
	events  [2]ingest.Event // of most calls: the page view, and perhaps one that waited
	offers  [4]offer
}

var calls = sync.Pool{New: func() any { return new(call) }}

func (k *call) free() {
	*k = call{}
	calls.Put(k)
}

// maxTrigger bounds a trigger's name, which is kept in the decision's record.
const maxTrigger = 256

func (s *Server) decide(c echo.Context) error {
	start := time.Now()
	k := calls.Get().(*call)
	defer k.free()
	body := &k.body
	if err := decode(c, body); err != nil {
		return err
	}
	may, err := s.admit(c, body.WriteKey)
	if err != nil {
		return err
	}
	if err := body.check(may); err != nil {
		return err
	}
	id, err := s.identify(c, body.Visitor, body.Identify, may)
	if err != nil {
		return err
	}
	now := s.now()
	if body.Preview != "" && s.ring.Load().signedPreview(body.Preview) {
		return s.previewed(c, k, id, may, now)
	}
	defer func() { s.lively.table.Pulse.Decided(now, time.Since(start)) }()
	consent := s.consents(body.Consent)
	switch {
	case !consent:
		s.withdrawn(id.visitor, body.Consent)
		id.visitor = ""
	case id.visitor == "":
		id.visitor = s.engine.NewID()
	default:
		if id.erased, err = s.engine.Erased(id.visitor); err != nil {
			s.log.Error("whether a visitor was erased cannot be read", "error", err) // the visit fails for the same reason
		}
		if id.erased {
			id.visitor = s.engine.NewID()
		}
	}
	v, rejected := s.visitOfPage(c, k, id, may, now)
	told := len(v.Events) > 0 || id.told()
	if body.PageView == nil || *body.PageView {
		v.Events = append(v.Events, *v.Decide.Context)
		if body.PageViewID != "" {
			v.Events[len(v.Events)-1].ID = body.PageViewID // the client may send it again
		}
	}
	if !s.shed.enter() {
		return s.sendHome(c, v, len(body.Events), rejected, overload)
	}
	answer, err := s.visit(v, now)
	s.shed.leave()
	switch {
	case errors.Is(err, engine.ErrBusy):
		return s.sendHome(c, v, len(body.Events), rejected, busy)
	case err == nil && told && answer.Seq > 0:
		err = s.engine.Sync()
		crash.Point("commit.after")
	case answer.Decision != nil && errors.Is(err, ledger.ErrFull):
		s.metrics.degraded.Inc()
		rejected = s.turnedAway(c, len(body.Events), rejected, "full", noRoom)
		consent, err = false, nil // nothing was taken
	}
	if err != nil {
		return s.degraded(c, v, told, err)
	}
	if consent {
		s.metrics.taken(len(v.Events)-answer.Duplicates, answer.Duplicates, rejected)
	}
	for _, campaign := range answer.Decision.Failed {
		s.metrics.failed.WithLabelValues(campaign).Inc()
	}
	if may == public {
		s.remember(c, answer.Visitor, id, body.Consent)
	}
	out := s.decideAnswer(answer, rejected, k.offers[:0])
	if consent {
		out.Decisions = invited(out.Decisions, s.inviting(v, answer.Visitor, now))
	}
	if wait, ok := s.awaiting(&v, now); ok && may == public {
		out.Decisions = append(out.Decisions, wait)
	}
	return encode(c, http.StatusOK, out)
}

// visitOfPage is the visit that a call of decide asks for, but for the page
// view itself: that is v.Decide.Context.
func (s *Server) visitOfPage(c echo.Context, k *call, id identity, may access, now time.Time) (engine.Visit, []ingest.Rejection) {
	body := &k.body
	around := s.surroundings(c, body.Context, body.Consent, may)
	consent := s.consents(body.Consent)
	k.context = ingest.Event{ID: s.engine.NewID(), Name: ingest.PageView, Visitor: id.visitor, Page: body.Page, Time: now.UnixMilli(), Received: now.UnixMilli()}
	s.enricher.Enrich(&k.context, around)
	k.request = engine.Request{
		ID: s.engine.NewID(), Context: &k.context, Trigger: body.Trigger, Slots: body.Slots,
		Facts: s.facts(s.engine.Live().Set, now), Consent: consent, Explain: body.Explain,
		Proven: id.proven(),
	}
	v := engine.Visit{
		Visitor: id.visitor, User: id.user, Traits: id.traits, Signed: id.signed,
		Events: k.events[:0], Decide: &k.request,
	}
	terms := ingest.Terms{Received: now, SentAt: body.SentAt, Trusted: may == secret, NewID: s.engine.NewID}
	who := &ingest.Who{ID: id.visitor}
	var rejected []ingest.Rejection
	for i, in := range body.Events {
		in.Visitor = nil // a decision is of one visitor
		in.Canonical()
		var event ingest.Event
		refused := s.accept(&event, in, who, terms, around, consent)
		if refused == nil && id.erased {
			refused = erasedEvent() // it happened to the visitor that is no more
		}
		if refused == nil && in.Visitor != nil { // KARTE's identify
			refused = checkTold(in.Visitor)
		}
		if refused == nil && in.Visitor != nil && (may == secret || !v.Signed) {
			v.Traits = s.together(v.Traits, in.Visitor.Traits, may)
		}
		if refused != nil {
			refused.Index = i
			rejected = append(rejected, *refused)
			continue
		}
		v.Events = append(v.Events, event)
	}
	return v, rejected
}

func (b *decideBody) check(may access) error {
	triggered := b.PageView != nil && !*b.PageView
	switch {
	case b.Page == nil || b.Page.URL == "":
		return problem("bad_request", "page.url is missing: a decision is about a page")
	case pageBytes(b.Page) > ingest.MaxEventBytes:
		return problem("too_large", fmt.Sprintf("page has %d bytes, at most %d are taken", pageBytes(b.Page), ingest.MaxEventBytes))
	case triggered && b.Trigger == "":
		return problem("bad_request", `"page_view": false goes with a trigger ("exit_intent", "dwell:30s", …)`)
	case !triggered && b.Trigger != "":
		return problem("bad_request", `a trigger goes with "page_view": false: the page view itself was decided before`)
	case strings.HasPrefix(b.Trigger, ingest.OmoPrefix):
		return problem("bad_request", "a trigger that begins with omo_ is the server's own")
	case len(b.Trigger) > maxTrigger:
		return problem("bad_request", fmt.Sprintf("trigger is longer than %d bytes: it is a word (exit_intent), a word and an amount (dwell:30s) or an event's name", maxTrigger))
	case b.Context != nil && may != secret:
		return problem("needs_secret", "context is taken with the secret key only")
	case b.Explain && may != secret:
		return problem("needs_secret", "explain is answered with the secret key only: it tells what the rules are")
	case b.Preview != "" && len(b.Events) > 0:
		return problem("bad_request", "events do not go with a preview, which records nothing: send them to /v1/events")
	case len(b.Events) > ingest.MaxEvents:
		return problem("too_large", fmt.Sprintf("events has %d, at most %d are taken at a time", len(b.Events), ingest.MaxEvents))
	}
	if b.Visitor != nil {
		if err := checkID("visitor.id", b.Visitor.ID); err != nil {
			return err
		}
	}
	if b.PageViewID != "" {
		id, err := uuid.Parse(b.PageViewID)
		if err != nil {
			return problem("bad_request", "page_view_id is no UUID: make a UUIDv7 once and keep it when the page view is sent again")
		}
		b.PageViewID = id.String()
	}
	return checkConsent(b.Consent)
}

func checkConsent(consent string) error {
	switch consent {
	case "", "granted", "denied", "unknown":
		return nil
	}
	return problem("bad_request", `consent is one of "granted", "denied", "unknown"`)
}

// degraded answers a decision that could not be made. The page is not to
// suffer, unless it handed us events: those it must send again.
func (s *Server) degraded(c echo.Context, v engine.Visit, told bool, err error) error {
	s.log.Error("decide failed", "error", err)
	s.metrics.degraded.Inc()
	if told {
		return notKept(err)
	}
	return encode(c, http.StatusOK, decideAnswer{
		DecisionID: v.Decide.ID, Rules: s.engine.Live().Set.Hash, Visitor: visitorAnswer{ID: v.Visitor},
		Decisions: []offer{}, Degraded: []string{"ledger"},
	})
}
