package profile

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Terms are what folding needs to know of the rule set.
type Terms struct {
	Gap   time.Duration     // ends a session
	Kinds *Kinds            // the derived events; nil if there are none
	Goals map[string][]Goal // by the name of an event, or of a derived one
	Free  map[string]bool   // campaigns that no frequency, budget or layer limits: they have nothing to hold but their slot

	Streams *Streams // what counters read; nil if there are none
	Here    []Here   // what lists of triggers wait for on a page

	Absences  []Absence       // what campaigns wait for
	Reminders []Reminder      // the moments they remind of
	Sends     map[string]bool // campaigns that the server carries out by itself

	Pooled map[string]map[string]bool // campaign → variant → whether it hands out codes of a pool; of those of which one does
}

// Absence is one campaign's interest in what does not happen: Event, within a
// time after After.
type Absence struct {
	Campaign     string
	Event, After string
	Within       time.Duration
}

// Goal is one campaign's interest in an event.
type Goal struct {
	Campaign string
	Window   time.Duration // after first exposure
}

// Fold adds one event to p and stamps the event with the session it fell in and
// the derived events it is. Events come in ledger order; Props must be parsed.
func Fold(p *Profile, e *ingest.Event, t Terms) {
	repeats := p.Repeats(e)
	t.Kinds.stamp(e, repeats)
	switch e.Name {
	case ingest.Decision:
		e.Session = p.sessionID()
		foldDecision(p, e, t)
		t.Streams.count(p, e)
		return
	case ingest.Absent: // the server's timer, and nothing that the visitor did
		e.Session = p.sessionID()
		foldAbsence(p, e, t)
		t.Streams.count(p, e)
		return
	case ingest.Reminder: // likewise
		e.Session = p.sessionID()
		foldReminder(p, e, t)
		t.Streams.count(p, e)
		return
	case ingest.Coupon: // told by the shop, wherever the visitor is
		e.Session = p.sessionID()
		t.Streams.count(p, e)
		convert(p, e, t)
		return
	case ingest.Merge: // Merge has been done, or is another's business
		if e.Unit != "" {
			p.Unit = strings.Clone(e.Unit)
		}
		return
	case ingest.Rules, ingest.Waiting, ingest.Override, ingest.Audit:
		return
	}
	known(p, e)
	if !repeats {
		await(p, e, t)
		book(p, e, t)
	}
	old := p.older(e.Time, t.Gap.Milliseconds())
	if !old {
		if p.Session.N == 0 || e.Time-p.Session.End >= t.Gap.Milliseconds() {
			p.open(e)
		}
		p.Session.Start = min(p.Session.Start, e.Time)
		p.Session.End = max(p.Session.End, e.Time)
		e.Session = p.sessionID()
		e.New = p.Session.N == 1
		p.notice(e, t.Here)
	}
	switch e.Name {
	case ingest.PageView:
		foldPageView(p, e, old)
	case ingest.Exposure:
		foldExposure(p, e, t, old)
	case ingest.Click:
		p.shown(e.Props.Campaign).Clicks++
	case ingest.Close:
		p.shown(e.Props.Campaign).Closes++
		p.release(func(h Hold) bool { return h.Campaign == e.Props.Campaign && p.Mine(h) })
	case ingest.Purchase:
		if repeats {
			return
		}
		foldPurchase(p, e, old)
	case "refund":
		p.Revenue -= math.Abs(valueOf(e)) // some shops write it below zero
	default:
		if !old {
			foldCart(p, e)
		}
	}
	t.Streams.count(p, e)
	convert(p, e, t)
}

// convert counts what a campaign hoped for.
func convert(p *Profile, e *ingest.Event, t Terms) {
	if t.Kinds.is(e, e.Name) { // not where a derived event has that name
		p.reached(t.Goals[e.Name], e.Time)
	}
	for _, name := range e.Kinds {
		p.reached(t.Goals[name], e.Time)
	}
}

func (p *Profile) reached(goals []Goal, at int64) {
	for _, g := range goals {
		if x := p.Campaigns[g.Campaign]; x != nil && x.Count > 0 &&
			at >= x.First && at < x.First+g.Window.Milliseconds() {
			x.Conversions++
		}
	}
}

// older says whether a moment belongs to an earlier session than the one under
// way. What came in late but lies within the gap before its start belongs to
// it: two tabs that open at once, a clock that is a second behind.
func (p *Profile) older(at, gap int64) bool {
	return p.Session.N > 0 && at < p.Session.Start && (p.Session.Start-at >= gap || at <= p.PrevEnd)
}

// known takes in who this is and when it was seen.
func known(p *Profile, e *ingest.Event) {
	if p.First == 0 || e.Time < p.First {
		p.First = e.Time
	}
	p.Last = max(p.Last, e.Time)
	if e.User != "" && e.User != p.User {
		p.User = strings.Clone(e.User)
	}
	if e.Unit != "" {
		p.Unit = strings.Clone(e.Unit)
	}
	for name, v := range e.Traits {
		if text, ok := v.(string); ok {
			v = strings.Clone(text)
		}
		p.tell(strings.Clone(name), v, e.Received)
	}
}

// open completes the session under way and starts the next at e.
func (p *Profile) open(e *ingest.Event) {
	if s := p.Session; s.N > 0 {
		p.Done++
		p.DoneMS += s.End - s.Start
		p.DoneViews += s.Views
		p.PrevEnd = s.End
	}
	p.Session = Session{N: p.Session.N + 1, Start: e.Time, End: e.Time}
	p.Holds = slices.DeleteFunc(p.Holds, func(h Hold) bool { return p.Mine(h) && h.At+HoldFor <= e.Time })
}

// sessionID names the session under way: the visitor and its number.
func (p *Profile) sessionID() string {
	if p.Session.N == 0 {
		return ""
	}
	if named := &p.named; named.visitor != p.Visitor || named.n != p.Session.N {
		*named = sessionName{p.Visitor, p.Session.N, p.Visitor + "." + strconv.Itoa(p.Session.N)}
	}
	return p.named.id
}

// sessionName is a session's id, and whose and which one it is.
type sessionName struct {
	visitor string
	n       int
	id      string
}

func foldPageView(p *Profile, e *ingest.Event, old bool) {
	p.Pageviews++
	if old {
		return
	}
	p.Session.Views++
	path := ""
	if e.Page != nil {
		path = e.Page.Path
	}
	if p.Session.Views == 1 {
		p.Session.Landing, p.Session.Source = strings.Clone(path), keep(e.Source)
	}
	// The page that was there is gone, and with it what stood in its slots.
	p.release(func(h Hold) bool { return h.Page == path && p.Mine(h) })
}

// keep copies what the profile will remember: texts of an event are parts of
// the whole request's body, which must not stay in memory for them.
func keep(s *ingest.Source) *ingest.Source {
	if s == nil {
		return nil
	}
	own := *s
	for _, text := range []*string{&own.Channel, &own.ReferrerHost, &own.Source, &own.Medium, &own.Campaign, &own.Term, &own.Content} {
		*text = strings.Clone(*text)
	}
	return &own
}

// release frees the slots of holds that which picks; what they spent stays spent.
func (p *Profile) release(which func(Hold) bool) {
	for i := range p.Holds {
		if which(p.Holds[i]) {
			p.Holds[i].Slot = ""
		}
	}
	p.Holds = slices.DeleteFunc(p.Holds, func(h Hold) bool { return h.Exposed && h.Slot == "" })
}
