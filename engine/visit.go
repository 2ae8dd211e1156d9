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
		v.Visitor = e.another(v.Visitor, v.User)
		answer, err = e.visit(v, now)
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
	return Answer{New: true, Decision: &d}
}

func (e *Engine) visit(v Visit, now time.Time) (Answer, error) {
	e.swap.RLock()
	defer e.swap.RUnlock()
	live := e.live.Load()
	s := e.shard(v.Visitor)
	if !s.mu.lockWithin(e.patienceFor(&v)) {
		return Answer{}, ErrBusy
	}
	defer s.mu.Unlock()
	p, err := e.load(s, v.Visitor)
	if err != nil {
		return Answer{}, err
	}
	kept := false
	answer := Answer{Visitor: v.Visitor, New: p.First == 0}
	defer func() {
		if !kept { // an error or a panic: p may have folded what was not committed
			delete(s.profiles, v.Visitor)
			e.store.Unpick(answer.picked)
		}
	}()
	if v.Signed && v.User != "" && p.User != "" && p.User != v.User {
		return Answer{}, errOtherPerson
	}
	if v.timer != nil && p.Pending[v.timer.Name] != v.timer.Due {
		kept = true
		_, err := e.store.Commit(ledger.Visit{Over: []ledger.Timer{*v.timer}})
		return Answer{Visitor: v.Visitor}, err
	}
	if v.timer != nil {
		event, err := e.fired(p, v.timer.Name, now)
		if err != nil {
			return Answer{}, err
		}
		v.Events = []ingest.Event{event}
	}
	text := newScratch()
	defer text.free()
	keep, err := e.fold(live, p, v, now, text, &answer)
	if err == nil && len(keep.Events) > 0 {
		if keep.Profile, err = text.profile(p); err == nil {
			answer.Seq, err = e.store.Commit(keep)
		}
	}
	if err != nil {
		return answer.unkept(err)
	}
	kept = true
	if answer.Duplicates > 0 {
		e.store.Repeated(answer.Duplicates)
	}
	return answer, nil
}

// fold takes in the visit's events and the decision, and gives what to commit,
// written into text.
func (e *Engine) fold(live *Live, p *profile.Profile, v Visit, now time.Time, text *scratch, answer *Answer) (ledger.Visit, error) {
	keep := ledger.Visit{Visitor: v.Visitor, Events: text.keep[:0]}
	add := func(event *ingest.Event) error {
		event.Visitor = v.Visitor
		if event.User == "" {
			event.User = p.User
		}
		profile.Fold(p, event, live.terms)
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
	if v.Events, err = e.introduce(live, p, v, &keep, now); err != nil {
		return keep, err
	}
	before := pending(live, p)
	for i := range v.Events {
		if err := add(&v.Events[i]); err != nil {
			return keep, err
		}
	}
	if err := e.send(live, p, v, now, &keep, add, text); err != nil {
		return keep, err
	}
	keep.Begun, keep.Over = timers(v.Visitor, before, p.Pending)
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
func (e *Engine) introduce(live *Live, p *profile.Profile, v Visit, keep *ledger.Visit, now time.Time) ([]ingest.Event, error) {
	traits := live.believed(v.Traits, v.Signed)
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
		return v.Events, nil
	}
	unit, err := e.unitOf(p, user, keep)
	if err != nil {
		return nil, err
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
	return v.Events, nil
}

// unitOf is the bucketing unit that a visitor takes over from its person, ""
// for its own: a person gets the same variants in every browser, but for one
// that has been offered something already. The first browser gives the unit.
func (e *Engine) unitOf(p *profile.Profile, user string, keep *ledger.Visit) (string, error) {
	if user == "" {
		return "", nil
	}
	unit, err := e.store.Unit(user)
	switch {
	case err != nil:
		return "", err
	case unit == "":
		keep.Person, keep.Unit = user, p.Unit
		return "", nil
	case unit == p.Unit || len(p.Campaigns) > 0 || len(p.Holds) > 0:
		return "", nil
	default:
		return unit, nil
	}
}

// logged is the decision as an event.
func logged(d *Decision, r *Request, now time.Time, text *scratch) (*ingest.Event, error) {
	text.props = ingest.Properties{
		DecisionID: d.ID, Rules: d.Rules, Trigger: r.Trigger, Slots: r.Slots, Facts: r.Facts, Outcomes: d.Outcomes,
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
