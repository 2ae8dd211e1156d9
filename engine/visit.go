package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Visit is events in, decision out, of one visitor.
type Visit struct {
	Visitor string         // "" without consent: nothing is kept
	User    string         // the person, as a signature or a trusted server told
	Traits  map[string]any // as told; unsigned ones only where site.yaml lets them in
	Signed  bool           // User and Traits are signed, or told by a trusted server
	Events  []ingest.Event // accepted and enriched, in order; the visit's own to change
	Decide  *Request       // nil: events only

	timer  *ledger.Timer // what came due: the visit is nothing if the profile no longer waits for it
	redeem *redeeming    // a code of the visitor that was used
}

// Answer is what became of a visit.
type Answer struct {
	Visitor    string // another one than asked, where the browser changed hands
	New        bool   // nothing was known of the visitor before
	Decision   *Decision
	Duplicates int    // events that had been accepted before
	Seq        uint64 // the commit; 0 when there was nothing to keep
	Standing   Standing

	picked []ledger.Claim // the codes of Decision's offers
}

// errOtherPerson: the browser's visitor belongs to another user_id.
var errOtherPerson = errors.New("visitor belongs to another person")

// Visit runs v at now. What it accepted is visible when it returns and
// durable after the store's next Sync; an offer's code is durably the visitor's.
// With ledger.ErrFull nothing was kept, and a decision that was asked for comes
// all the same, degraded. With ErrBusy there was no visit.
func (e *Engine) Visit(v Visit, now time.Time) (Answer, error) {
	now = now.Truncate(time.Millisecond) // as the log keeps it: a decision made again has the same clock
	v.Decide = v.Decide.onEvent(v.Events)
	if v.Visitor == "" {
		return e.stranger(v, now), nil
	}
	answer, err := e.visit(v, now)
	if errors.Is(err, errOtherPerson) {
		if v.Visitor, err = e.instead(v.Visitor, v.User); err == nil {
			answer, err = e.visit(v, now)
		}
	}
	if err == nil {
		err = e.told(&answer)
	}
	if err != nil {
		answer.Decision.withhold()
	}
	return answer, err
}

// onEvent finds the event that is the trigger: the last of that name that came
// with the call.
func (r *Request) onEvent(events []ingest.Event) *Request {
	if r == nil || r.Trigger == "" {
		return r
	}
	for _, event := range slices.Backward(events) {
		if event.Name == r.Trigger {
			own := *r
			own.Event = &event
			return &own
		}
	}
	return r
}

// another is the visitor that a browser becomes for another person: families
// share browsers, and do not share profiles. It is the same one at every call,
// since not every call can tell the browser of its new id; the key keeps it
// from being guessed.
func (e *Engine) another(visitor, user string) string {
	of := []byte(visitor + "\x00" + user)
	return uuid.NewHash(hmac.New(sha256.New, e.key), uuid.NameSpaceOID, of, 8).String()
}

// stranger decides for somebody who gave no consent: on the page alone,
// nothing kept.
func (e *Engine) stranger(v Visit, now time.Time) Answer {
	if v.Decide == nil {
		return Answer{}
	}
	live := e.live.Load()
	p := profile.New("")
	for i := range v.Events {
		profile.Fold(p, &v.Events[i], live.terms)
	}
	d := Decide(live, p, *v.Decide, now)
	e.furnish(&d, live, p, v.Decide, now)
	return Answer{New: true, Decision: &d}
}

func (e *Engine) visit(v Visit, now time.Time) (Answer, error) {
	e.swap.RLock()
	defer e.swap.RUnlock()
	live := e.live.Load()
	wait := e.patienceFor(&v)
	s, err := e.sit(v.Visitor, wait)
	if err == nil && v.meets(s.p) {
		s.kept = true
		s.leave()
		s, err = e.meet(live, v, wait, now)
	}
	if err != nil {
		return Answer{}, err
	}
	defer s.leave()
	answer := Answer{Visitor: v.Visitor, New: s.p.First == 0 || s.blank}
	defer func() {
		if !s.kept {
			e.store.Unpick(answer.picked)
		}
	}()
	if p := s.p; v.Signed && v.User != "" && p.User != "" && p.User != v.User {
		s.kept = true
		return Answer{}, errOtherPerson
	}
	if v.timer != nil && s.p.Pending[v.timer.Name] != v.timer.Due {
		s.kept = true
		_, err := e.store.Commit(ledger.Visit{Over: []ledger.Timer{*v.timer}})
		return Answer{Visitor: v.Visitor}, err
	}
	if v.timer != nil {
		event, err := e.fired(s.p, v.timer.Name, now)
		if err != nil {
			return Answer{}, err
		}
		v.Events = []ingest.Event{event}
	}
	text := newScratch()
	defer text.free()
	keep, err := e.fold(live, &s, v, now, text, &answer)
	if err == nil && len(keep.Events) > 0 {
		if keep.Profile, err = text.profile(s.p); err == nil {
			answer.Seq, err = e.store.Commit(keep)
		}
	}
	if err != nil {
		return answer.unkept(err)
	}
	s.kept = true
	if len(s.merge) > 0 {
		e.merges.done.Add(1)
	}
	if answer.Duplicates > 0 {
		e.store.Repeated(answer.Duplicates)
	}
	return answer, nil
}

// fold takes in the visit's events and the decision, and gives what to commit,
// written into text.
func (e *Engine) fold(live *Live, s *seat, v Visit, now time.Time, text *scratch, answer *Answer) (ledger.Visit, error) {
	p := s.p
	keep := ledger.Visit{Visitor: p.Home(), Events: text.keep[:0]}
	add := func(event *ingest.Event) error {
		if event.Name != ingest.Merge { // that says itself whose it is
			event.Visitor = v.Visitor
		}
		if event.User == "" {
			event.User = p.User
		}
		profile.Fold(p, event, live.terms)
		if event.Name == ingest.Exposure {
			event.Met = live.met(p, event, now)
		}
		raw, err := text.event(event)
		if err != nil {
			return err
		}
		keep.Events = append(keep.Events, raw)
		return nil
	}
	sent := len(v.Events)
	var err error
	if v.Events, keep.IDs, err = e.fresh(v); err != nil {
		return keep, err
	}
	answer.Duplicates = sent - len(v.Events)
	if err := s.tell(&keep, add); err != nil {
		return keep, err
	}
	v.Events = e.introduce(live, s, v, &keep, now)
	before := s.pending
	if len(s.merge) == 0 {
		before = pending(live, p)
	}
	for i := range v.Events {
		if err := add(&v.Events[i]); err != nil {
			return keep, err
		}
	}
	answer.Standing = live.standing(p, &v, now)
	if err := e.send(live, p, v, now, &keep, add, text); err != nil {
		return keep, err
	}
	begun, over := timers(p.Home(), before, p.Pending)
	keep.Begun, keep.Over = begun, append(keep.Over, over...)
	if v.redeem != nil {
		event, err := e.redeem(v.redeem, v.Visitor, &keep, now)
		if err != nil || event == nil {
			return keep, err
		}
		return keep, add(event)
	}
	if v.Decide == nil {
		return keep, nil
	}
	d, err := e.decide(live, p, &v, answer, now)
	if err != nil {
		return keep, err
	}
	answer.Decision, keep.Claims = &d, answer.picked
	logged, err := logged(&d, v.Decide, now, text)
	if err != nil {
		return keep, err
	}
	return keep, add(logged)
}

// fresh drops the events that were accepted before and gives the ids that are
// to be known from now on. The page view being decided has an id of this
// server's making: nobody can send it again.
func (e *Engine) fresh(v Visit) (events []ingest.Event, ids []ledger.ID, err error) {
	var sent []ledger.ID
	for _, event := range v.Events {
		if v.asked(&event) {
			continue
		}
		id, err := uuid.Parse(event.ID)
		if err != nil {
			return nil, nil, fmt.Errorf("event id %q is no UUID: %w", event.ID, err)
		}
		sent = append(sent, ledger.ID(id))
	}
	seen, err := e.store.Seen(sent...)
	if err != nil {
		return nil, nil, err
	}
	events = v.Events[:0]
	for _, event := range v.Events {
		if v.asked(&event) {
			events = append(events, event)
			continue
		}
		id, known := sent[0], seen[0]
		sent, seen = sent[1:], seen[1:]
		if !known && !slices.Contains(ids, id) {
			events, ids = append(events, event), append(ids, id)
		}
	}
	return events, ids, nil
}

// asked says whether the event is the page view being decided.
func (v *Visit) asked(event *ingest.Event) bool {
	return v.Decide != nil && event.ID == v.Decide.Context.ID
}

// introduce puts who the visitor is, where that is news, on the first event,
// or on an identify event of its own where there is none.
func (e *Engine) introduce(live *Live, s *seat, v Visit, keep *ledger.Visit, now time.Time) []ingest.Event {
	p, traits := s.p, live.believed(v.Traits, v.Signed)
	user := ""
	if v.Signed && v.User != p.User {
		user = v.User
	}
	for name, value := range traits {
		if p.Traits[name] == value {
			delete(traits, name)
		}
	}
	if user == "" && len(traits) == 0 {
		return v.Events
	}
	unit := ""
	switch {
	case user == "":
	case s.first:
		keep.Person, keep.Unit = user, p.Unit
	default:
		unit = s.unit
	}
	if len(v.Events) == 0 {
		v.Events = []ingest.Event{{ID: e.newID(), Name: ingest.Identify, Time: clock(now), Received: clock(now)}}
	}
	first := &v.Events[0]
	first.User, first.Unit = user, unit
	if first.Traits == nil {
		first.Traits = map[string]any{}
	}
	maps.Copy(first.Traits, traits)
	return v.Events
}

// logged is the decision as an event.
func logged(d *Decision, r *Request, now time.Time, text *scratch) (*ingest.Event, error) {
	text.props = ingest.Properties{
		DecisionID: d.ID, Rules: d.Rules, Trigger: r.Trigger, Slots: r.Slots, Facts: r.Facts, Outcomes: d.Outcomes, Filled: d.Filled,
	}
	if r.Event != nil {
		text.props.Event = r.Event.ID
	}
	raw, err := text.properties(&text.props)
	if err != nil {
		return nil, fmt.Errorf("decision %s cannot be encoded: %w", d.ID, err)
	}
	event := &text.decision
	*event = ingest.Event{
		ID: d.ID, Name: ingest.Decision, Time: clock(now), Received: clock(now),
		Bot: r.Context.Bot, Properties: raw, Props: text.props,
	}
	if page := r.Context.Page; page != nil {
		text.page = ingest.Page{Path: page.Path, Type: page.Type}
		event.Page = &text.page
	}
	if r.Trigger != "" { // there is no page view beside it that tells the rest
		event.Page, event.Device, event.Geo = r.Context.Page, r.Context.Device, r.Context.Geo
	}
	return event, nil
}
