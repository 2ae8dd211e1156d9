package replay

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Player folds the records of one person's browsers (most have one), visit by
// visit, and stops at each decision. Not safe for concurrent use.
type Player struct {
	sets     *Sets
	asked    []*rules.Set // about the profile: their counters are kept throughout
	each     map[*rules.Set]profile.Terms
	ledger   string
	browsers map[string]*browser // by visitor
	*browser                     // whose record is played
	terms    profile.Terms
	missing  bool // a record shows that some before it are not there
}

// browser is what is known of one browser so far; its profile is another's too
// once they have merged.
type browser struct {
	profile *profile.Profile
	views   views
	recent  recent
}

// NewPlayer gives a player; Begin must be called before the first visit. The
// counters of the sets named by asked are kept from the first event on: only
// those sets can be asked about the profile.
func NewPlayer(sets *Sets, asked ...*rules.Set) *Player {
	return &Player{sets: sets, asked: asked, each: map[*rules.Set]profile.Terms{}, terms: profile.Terms{Gap: 30 * time.Minute}}
}

// Begin turns to another visitor, of whom and of whose other browsers nothing
// is known yet. Each ledger knows its visitors anew.
func (p *Player) Begin(ledger, visitor string) {
	p.ledger, p.browsers, p.browser, p.missing = ledger, map[string]*browser{}, nil, false
	p.turn(visitor)
}

// turn looks at one of the browsers.
func (p *Player) turn(visitor string) {
	if p.browser != nil && p.profile.Visitor == visitor {
		return
	}
	b := p.browsers[visitor]
	if b == nil {
		b = &browser{profile: profile.New(strings.Clone(visitor))}
		p.browsers[b.profile.Visitor] = b
	}
	p.browser = b
	b.profile.Turn(visitor)
}

// merge makes one profile of two. Of both browsers it is told; the second time
// there is nothing left to do.
func (p *Player) merge(e *ingest.Event) error {
	m, err := ingest.ReadMerge(e)
	if err != nil {
		return err
	}
	p.turn(m.Visitor)
	came := p.browser
	p.turn(m.Home)
	if came.profile != p.profile {
		profile.Merge(p.profile, came.profile, p.terms)
		came.profile = p.profile
	}
	p.turn(e.Visitor)
	return nil
}

// Profile is the visitor as folded so far, seen from the browser that was last
// played; the player goes on changing it.
func (p *Player) Profile() *profile.Profile { return p.profile }

// Moment is one logged decision and all that it was made of.
type Moment struct {
	Ledger  string
	Seq     uint64
	Logged  *ingest.Event    // the omo_decision
	Profile *profile.Profile // as it was; later visits go on changing it
	Request engine.Request
	Now     time.Time
	Live    *engine.Live // the set that decided; nil if Err
	Err     error        // why it cannot be made again

	view    string // id of the page view decided; "" of a trigger
	reload  bool   // the set that decided was not the one last recorded as live
	guessed bool   // the page view, or the event that triggered, is not in the same visit: an earlier one stands for it
	missing bool   // the history before is not complete
}

// Again makes the decision once more, with the set that made it.
func (m *Moment) Again() engine.Decision { return m.With(m.Live) }

// With makes the decision with another rule set.
func (m *Moment) With(live *engine.Live) engine.Decision {
	return engine.Decide(live, m.Profile, m.Request, m.Now)
}

// Visit folds the records of one commit, in order, and calls decided at each
// decision before that one is folded. The events are the player's to change.
func (p *Player) Visit(records []ingest.Record, decided func(*Moment) error) error {
	v, err := p.read(records)
	if err != nil {
		return err
	}
	return p.play(v, decided)
}

func (p *Player) play(v *visit, decided func(*Moment) error) error {
	if v.live != nil {
		p.terms = p.termsOf(v.live)
	}
	for i := range v.records {
		e := &v.records[i].Event
		p.turn(e.Visitor)
		switch e.Name {
		case ingest.Merge:
			if err := p.merge(e); err != nil {
				return err
			}
		case ingest.Decision:
			if err := decided(p.moment(v, i)); err != nil {
				return err
			}
		}
		p.fold(e)
	}
	return nil
}

func (p *Player) termsOf(live *engine.Live) profile.Terms {
	t, known := p.each[live.Set]
	if !known {
		t = live.ReplayTerms(p.asked)
		p.each[live.Set] = t
	}
	return t
}

// fold compares the session it comes to with the one that was stamped then:
// another one tells that records are missing.
func (p *Player) fold(e *ingest.Event) {
	stamped := e.Session
	profile.Fold(p.profile, e, p.terms)
	if e.Session != stamped {
		p.missing = true
	}
	switch {
	case e.Name == ingest.PageView:
		p.views.see(e)
	case !strings.HasPrefix(e.Name, ingest.OmoPrefix):
		p.recent.see(e)
	}
}

// visit is one commit, its properties parsed.
type visit struct {
	records []ingest.Record
	seq     uint64
	live    *engine.Live // its terms are those of folding; nil if err
	reload  bool
	err     error // why there is no set
}

// read parses a commit's records and finds the set it was folded with. A
// decision in it names that set; around a reload the order in the ledger alone
// does not tell.
func (p *Player) read(records []ingest.Record) (*visit, error) {
	if len(records) == 0 {
		return nil, fmt.Errorf("a visit without records")
	}
	v := &visit{records: records, seq: records[0].Event.Seq}
	for i := range records {
		if err := records[i].Event.ParseProperties(); err != nil {
			return nil, fmt.Errorf("event %d of visit %d: %w", i, v.seq, err)
		}
	}
	v.live, v.err = p.sets.At(p.ledger, v.seq)
	for i := range slices.Backward(records) { // what the server carried out is followed by its exposure
		last := &records[i].Event
		if last.Name != ingest.Decision {
			continue
		}
		at := v.live
		if v.live == nil || v.live.Set.Hash != last.Props.Rules {
			v.live, v.err = p.sets.Named(p.ledger, last.Props.Rules, v.seq)
		}
		v.reload = at != v.live
		break
	}
	return v, nil
}

// moment is the decision at place i of v. What it was asked with stands in its
// log; the page, device and place of a page view in that event.
func (p *Player) moment(v *visit, i int) *Moment {
	e := &v.records[i].Event
	m := &Moment{
		Ledger: p.ledger, Seq: v.seq, Logged: e, Profile: p.profile, Now: time.UnixMilli(e.Time).UTC(),
		Live: v.live, Err: v.err, reload: v.reload, missing: p.missing,
		Request: engine.Request{
			ID: e.Props.DecisionID, Context: e, Trigger: e.Props.Trigger,
			Slots: e.Props.Slots, Facts: e.Props.Facts, Consent: true, // without it nothing is logged
		},
	}
	if e.Props.Event != "" {
		p.triggered(m, v.records[:i])
	}
	if e.Props.Trigger != "" {
		return m
	}
	for j := i - 1; j >= 0; j-- {
		if before := &v.records[j].Event; before.Name == ingest.PageView {
			m.Request.Context, m.view = before, before.ID
			return m
		}
	}
	// The page view came again after its first answer was lost: it is recorded
	// where it came first.
	m.guessed = true
	if seen := p.views.last(e); seen != nil {
		m.Request.Context = &ingest.Event{Name: ingest.PageView, Page: seen.page, Device: seen.device, Geo: seen.geo, Bot: e.Bot}
		m.view = seen.id
	}
	return m
}

// triggered finds the event that was the trigger of m, among those before it
// in its visit. One that was sent again is recorded where it came first.
func (p *Player) triggered(m *Moment, before []ingest.Record) {
	id := m.Logged.Props.Event
	for i := range before {
		if e := &before[i].Event; e.ID == id {
			m.Request.Event = e
			return
		}
	}
	m.guessed = true
	m.Request.Event = p.recent.event(id)
}
