package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Plan of a back-test.
type Plan struct {
	Sets     *Sets
	Changed  *rules.Set // what would be live
	Present  *rules.Set // what it is compared with; nil: what was recorded
	From, To time.Time  // of the decisions made again; earlier events only build profiles
	Campaign string     // report on that one alone; "" all
}

// Backtest replays history through the whole pipeline and counts what a
// changed rules folder would do. Records come person by person, in order; the
// browsers of one person count as one visitor.
type Backtest struct {
	plan    Plan
	player  *Player
	records []ingest.Record // of the visit under way
	ledger  string
	person  string
	present *World // nil: what was recorded
	changed *World
	begun   bool // the worlds are branched off for this visitor
	moments []*Moment
	now     *side
	would   *side
	report  *Report
}

// NewBacktest prepares one.
func NewBacktest(plan Plan) *Backtest {
	asked := append(plan.Sets.Since(plan.From), plan.Changed)
	if plan.Present != nil {
		asked = append(asked, plan.Present)
	}
	b := &Backtest{plan: plan, player: NewPlayer(plan.Sets, asked...), report: newReport(&plan)}
	zone := plan.Changed.Site.Timezone
	b.now, b.would = newSide(zone), newSide(zone)
	b.changed = newWorld(plan.Changed, b.would)
	if plan.Present != nil {
		b.present = newWorld(plan.Present, b.now)
	}
	return b
}

// Record takes the next record, of a person's ("" where the visitor is the only
// browser); its event is the back-test's from now on.
func (b *Backtest) Record(ledger, person string, r *ingest.Record) error {
	e := &r.Event
	person = cmp.Or(person, e.Visitor)
	if n := len(b.records); n > 0 && (b.records[0].Event.Seq != e.Seq || b.ledger != ledger || b.person != person) {
		if err := b.flush(); err != nil {
			return err
		}
	}
	if b.ledger != ledger || b.person != person {
		b.turn(ledger, person)
	}
	b.records = append(b.records, *r)
	return nil
}

// Report ends the back-test. After an interruption it tells of the visitors
// replayed until then.
func (b *Backtest) Report() (*Report, error) {
	if err := b.flush(); err != nil {
		return nil, err
	}
	b.turn("", "")
	b.report.finish(b.plan.Campaign)
	return b.report, nil
}

// turn closes one person and begins the next.
func (b *Backtest) turn(ledger, person string) {
	if b.begun {
		b.changed.end()
		if b.present != nil {
			b.present.end()
		}
		b.report.visitor(b.now, b.would)
	}
	b.ledger, b.person, b.begun = ledger, person, false
	b.player.Begin(ledger, person)
}

func (b *Backtest) flush() error {
	if len(b.records) == 0 {
		return nil
	}
	b.report.Events += len(b.records)
	v, err := b.player.read(b.records)
	b.records = b.records[:0]
	if err != nil {
		return err
	}
	within := v.records[0].Event.Received >= b.plan.From.UnixMilli()
	if within && !b.begun {
		if err := b.branch(); err != nil {
			return err
		}
	}
	b.moments = b.moments[:0]
	err = b.player.play(v, func(m *Moment) error {
		b.moments = append(b.moments, m)
		if within {
			b.report.decision(m)
		}
		return nil
	})
	if err != nil || !within {
		return err
	}
	if err := b.changed.visit(v, b.moments); err != nil {
		return err
	}
	if b.present != nil {
		return b.present.visit(v, b.moments)
	}
	b.recorded(v)
	return nil
}

// branch lets the worlds begin as the visitor is now.
func (b *Backtest) branch() error {
	b.begun = true
	if b.present != nil {
		if err := b.present.begin(b.player.browsers); err != nil {
			return err
		}
	}
	return b.changed.begin(b.player.browsers)
}

// recorded counts a visit as it was.
func (b *Backtest) recorded(v *visit) {
	moments := b.moments
	for i := range v.records {
		e := &v.records[i].Event
		switch e.Name {
		case ingest.Exposure:
			b.now.exposed(campaign(v.live, e.Props.Campaign), e.Props.Campaign, e.Props.Variant, e.Time, false)
		case ingest.Decision:
			b.now.decided(moments[0], e.Props.Outcomes)
			moments = moments[1:]
		}
	}
}

// side counts what happens to one visitor in one world.
type side struct {
	zone      *time.Location
	campaigns map[string]*met
	days      map[string]bool // those on which something was shown
	coupons   map[string]bool // pool, or the one code
	conflicts map[Conflict]int
	unknowns  map[string]int
	ways      map[way]int // how decisions came out
}

// met is what one campaign was to the visitor.
type met struct{ exposures, assumed int }

func newSide(zone *time.Location) *side {
	s := &side{zone: zone}
	s.clear()
	return s
}

func (s *side) clear() {
	s.campaigns, s.days, s.coupons = map[string]*met{}, map[string]bool{}, map[string]bool{}
	s.conflicts, s.unknowns, s.ways = map[Conflict]int{}, map[string]int{}, map[way]int{}
}

func (s *side) exposed(c *rules.Campaign, id, variant string, at int64, assumed bool) {
	m := s.campaigns[id]
	if m == nil {
		m = &met{}
		s.campaigns[id] = m
	}
	m.exposures++
	if assumed {
		m.assumed++
	}
	if c == nil {
		return
	}
	i := slices.IndexFunc(c.Variants, func(v rules.Variant) bool { return v.ID == variant })
	if i < 0 || c.Variants[i].Control() {
		return
	}
	s.days[time.UnixMilli(at).In(s.zone).Format(time.DateOnly)] = true
	if name := couponOf(&c.Variants[i]); name != "" {
		s.coupons[name] = true
	}
}

func (s *side) unknown(campaign string) { s.unknowns[campaign]++ }

// decided counts what came of each campaign, and who kept whom out of a slot.
func (s *side) decided(m *Moment, made []ingest.Outcome) {
	for i := range made {
		lost := &made[i]
		s.ways[wayOf(lost)]++
		if lost.Reason != "slot_taken" {
			continue
		}
		if winner := holder(m, made, lost.Slot); winner != "" {
			s.conflicts[Conflict{Slot: lost.Slot, Winner: winner, Loser: lost.Campaign}]++
		}
	}
}

// holder is the campaign that has a slot in this decision, or from an earlier
// one on the same page; "" where the page has no such slot.
func holder(m *Moment, made []ingest.Outcome, slot string) string {
	for i := range made {
		if opened(&made[i]) && made[i].Slot == slot {
			return made[i].Campaign
		}
	}
	for _, h := range m.Profile.Holds {
		if page := m.Request.Context.Page; h.Slot == slot && m.Profile.Mine(h) && page != nil && h.Page == page.Path {
			return h.Campaign
		}
	}
	return ""
}
