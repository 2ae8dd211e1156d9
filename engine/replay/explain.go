package replay

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Question asks why a visitor gets what it gets, at one moment. Without Page it
// is about the last decision that was logged up to then; with Page about one
// that would be made.
type Question struct {
	Page     *ingest.Event // the page view, enriched as far as its asker can: without a page the one seen last, without a time that of the last visit
	Trigger  string
	Facts    *ingest.Facts // with Page: what rules ask of the world outside; nil: as the last logged decision was told
	Until    time.Time     // nothing received later counts; zero: no bound
	Seq      uint64        // nothing later in the ledger counts; 0: no bound
	Campaign string        // that one alone; "" all
}

// Answer to a Question.
type Answer struct {
	Visitor  string    `json:"visitor"`
	At       time.Time `json:"at"`
	Rules    string    `json:"rules"`
	Page     string    `json:"page"`
	Trigger  string    `json:"trigger,omitempty"`
	Decision string    `json:"decision_id,omitempty"` // of a logged one
	Seq      uint64    `json:"seq,omitempty"`         // of a logged one

	AsLogged    *bool        `json:"as_logged,omitempty"` // of a logged one: whether it comes out as it was
	Differences []Difference `json:"differences,omitempty"`
	Cause       string       `json:"cause,omitempty"` // why it does not
	Degraded    []string     `json:"degraded,omitempty"`

	Campaigns []Verdict `json:"campaigns"` // by priority
}

// Errors of Explain that are the asker's to mend.
var (
	ErrNobody     = errors.New("nothing is known of this visitor")
	ErrTooEarly   = errors.New("the moment is before the visitor's first event")
	ErrNoDecision = errors.New("no decision of this visitor is logged up to then")
)

// Explain answers q by replaying the visitor's past. The past is used up.
func (p *Past) Explain(q Question) (*Answer, error) {
	visits, err := p.upTo(q)
	if err != nil {
		return nil, err
	}
	if q.Page == nil {
		return p.logged(visits, q)
	}
	live, err := p.Sets.until(p.Ledger, visits[len(visits)-1][0].Event.Seq, q)
	if err != nil {
		return nil, err
	}
	player := NewPlayer(p.Sets, live.Set)
	player.Begin(p.Ledger, p.Visitor)
	var told *ingest.Facts
	for _, v := range visits {
		err := player.Visit(v, func(m *Moment) error { told = m.Request.Facts; return nil })
		if err != nil {
			return nil, err
		}
	}
	if q.Facts == nil {
		q.Facts = told
	}
	if q.Page.Time == 0 {
		at := *q.Page
		at.Time = visits[len(visits)-1][0].Event.Received
		q.Page = &at
	}
	player.turn(p.Visitor)
	return player.ask(live, q), nil
}

// upTo are the visits that a question is about: at least one of the visitor's own
// is among them.
func (p *Past) upTo(q Question) ([][]ingest.Record, error) {
	visits, own := p.visits, slices.IndexFunc(p.visits, p.own)
	for i, v := range visits {
		e := &v[0].Event
		if q.Seq > 0 && e.Seq > q.Seq || !q.Until.IsZero() && e.Received > q.Until.UnixMilli() {
			visits = visits[:i]
			break
		}
	}
	if own < 0 {
		return nil, ErrNobody
	}
	if own >= len(visits) {
		return nil, fmt.Errorf("%w: that came at %s", ErrTooEarly, time.UnixMilli(p.visits[own][0].Event.Received).UTC().Format(time.RFC3339Nano))
	}
	return visits, nil
}

// own says whether a visit is of the visitor that is asked about, and not of
// another browser of the same person.
func (p *Past) own(visit []ingest.Record) bool {
	return visit[len(visit)-1].Event.Visitor == p.Visitor // of a merge: who came
}

// ask makes the decision that a page view or trigger would get now. The player is
// at its end.
func (p *Player) ask(live *engine.Live, q Question) *Answer {
	return answer(p.profile.Visitor, p.before(live, q), q)
}

// before is the moment of a decision that a page view or trigger would get now. It
// folds that page view, so the player is at its end.
func (p *Player) before(live *engine.Live, q Question) *Moment {
	e := *q.Page
	if seen := p.views.newest(); seen != nil {
		if e.Page == nil {
			e.Page = seen.page
		}
		if e.Device == nil {
			e.Device = seen.device
		}
		if e.Geo == nil {
			e.Geo = seen.geo
		}
	}
	if q.Trigger == "" {
		profile.Fold(p.profile, &e, p.termsOf(live))
	}
	return &Moment{
		Profile: p.profile, Now: time.UnixMilli(e.Time).UTC(), Live: live,
		Request: engine.Request{Context: &e, Trigger: q.Trigger, Facts: q.Facts, Consent: true, Explain: true},
	}
}

// decision is the last one of a visit, nil if it has none: what the server
// carried out stands before what a page was answered.
func decision(visit []ingest.Record) *ingest.Event {
	for i := range slices.Backward(visit) {
		if e := &visit[i].Event; e.Name == ingest.Decision {
			return e
		}
	}
	return nil
}

// logged explains the last decision among visits; asked about a campaign that
// the server carried out in that visit, what it decided about that.
func (p *Past) logged(visits [][]ingest.Record, q Question) (*Answer, error) {
	last := len(visits) - 1
	for ; last >= 0; last-- {
		if p.own(visits[last]) && decision(visits[last]) != nil {
			break
		}
	}
	if last < 0 {
		return nil, ErrNoDecision
	}
	player := NewPlayer(p.Sets, p.deciding(visits[last])...)
	player.Begin(p.Ledger, p.Visitor)
	var out *Answer
	own := ingest.DuePrefix + q.Campaign
	for i, v := range visits[:last+1] {
		err := player.Visit(v, func(m *Moment) error {
			if i == last && (out == nil || out.Trigger != own) {
				out = explainLogged(p.Visitor, m, q)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// deciding is the set that made the decision of a visit, none if it is gone.
func (p *Past) deciding(visit []ingest.Record) []*rules.Set {
	e := *decision(visit)
	if e.ParseProperties() != nil {
		return nil
	}
	if live, err := p.Sets.Named(p.Ledger, e.Props.Rules, e.Seq); err == nil {
		return []*rules.Set{live.Set}
	}
	return nil
}

func explainLogged(visitor string, m *Moment, q Question) *Answer {
	equal := false
	if m.Err != nil {
		a := &Answer{Cause: m.Err.Error(), AsLogged: &equal}
		a.about(visitor, m)
		a.Campaigns = []Verdict{}
		for _, o := range m.Logged.Props.Outcomes {
			if q.Campaign == "" || q.Campaign == o.Campaign {
				a.Campaigns = append(a.Campaigns, verdict(o, "", ""))
			}
		}
		return a
	}
	m.Request.Explain = true
	a := answer(visitor, m, q)
	a.about(visitor, m)
	equal = len(a.Differences) == 0
	a.AsLogged = &equal
	if !equal {
		a.Cause = m.Cause()
	}
	return a
}

// about says which logged decision the answer is about.
func (a *Answer) about(visitor string, m *Moment) {
	a.Visitor, a.At, a.Trigger, a.Rules = visitor, m.Now, m.Request.Trigger, m.Logged.Props.Rules
	a.Decision, a.Seq, a.Page = m.Request.ID, m.Seq, pageOf(m.Request.Context)
}

func pageOf(e *ingest.Event) string {
	switch {
	case e.Page == nil:
		return ""
	case e.Page.URL != "":
		return e.Page.URL
	default:
		return e.Page.Path
	}
}

// answer makes m's decision and takes it apart.
func answer(visitor string, m *Moment, q Question) *Answer {
	d := m.Again()
	a := &Answer{
		Visitor: visitor, At: m.Now, Rules: d.Rules, Page: pageOf(m.Request.Context), Trigger: m.Request.Trigger,
		Degraded: d.Degraded, Campaigns: []Verdict{},
	}
	if m.Logged != nil {
		a.Differences = Compare(m.Logged.Props.Outcomes, d.Outcomes)
	}
	for _, c := range m.Live.Set.Campaigns {
		if q.Campaign == "" || q.Campaign == c.ID {
			v := verdictOn(c, &d)
			if h := m.Live.Overrides[c.ID].Harm; h != nil && v.Reason == engine.Control {
				v.Detail = "stopped for harm: " + h.Guardrail + " of " + h.Variant
			}
			v.Conditions = conditions(m, c)
			v.Triggers = m.Live.Awaits(c, m.Profile, m.Request, m.Now)
			a.Campaigns = append(a.Campaigns, v)
		}
	}
	return a
}
