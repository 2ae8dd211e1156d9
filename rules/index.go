package rules

import (
	"fmt"
	"slices"
	"time"
)

// index narrows a visit to the campaigns that can match, without asking each.
// Campaigns are columns, bits of a bitmap, in order of priority. Every subject
// that conditions are about has an attribute, which gives for the visit's value
// the columns that it lets pass; those that pass all attributes are asked what
// no attribute holds.
type index struct {
	columns    []column
	attributes []*attribute
	all        bitmap // every column
}

// column is a live or shadow campaign.
type column struct {
	campaign *Campaign
	left     *left // nil: the attributes hold all of it
}

// left is what must still be asked of a campaign that the attributes let pass.
type left struct {
	schedule, pages bool
	when            []int32 // of Campaign.when
}

// demand is what a campaign asks of one subject: its value must be in the set.
type demand struct {
	on *subject
	in values
}

// newIndex makes the index of a set's campaigns. It grows with what the rules
// say, never with campaigns times values: see attribute. A subject that fewer
// campaigns are about than a bitmap has words gets none: asking these campaigns
// is not dearer than passing over a bitmap.
func newIndex(s *Set) *index {
	x := &index{}
	var running []*Campaign
	for _, c := range s.Campaigns {
		if c.Status == Live || c.Status == Shadow {
			running = append(running, c)
		}
	}
	x.all = newBitmap(len(running))
	asked := map[string]*asking{}
	for i, c := range running {
		x.all.flip(int32(i))
		for _, d := range s.demands(c) {
			if asked[d.on.key] == nil {
				asked[d.on.key] = &asking{on: d.on}
			}
			asked[d.on.key].add(int32(i), d.in)
		}
	}
	for _, key := range sortedKeys(asked) {
		if a := asked[key]; len(a.columns) >= len(x.all) {
			x.attributes = append(x.attributes, newAttribute(a, x.all))
		} else {
			delete(asked, key)
		}
	}
	// Those that read one clock stand together: it is set once.
	slices.SortStableFunc(x.attributes, func(a, b *attribute) int { return a.on.zone - b.on.zone })
	for _, c := range running {
		x.columns = append(x.columns, column{c, s.left(c, asked)})
	}
	return x
}

// demands is all that sets of values say of a campaign's gates.
func (s *Set) demands(c *Campaign) []demand {
	all, _ := c.Schedule.demands(c.Zone)
	if len(c.pages.patterns) > 0 {
		all = append(all, demand{pagePath(), c.pages.values()})
	}
	for _, i := range c.when {
		if p := s.predicates[i]; p.indexed() {
			all = append(all, demand{s.subject(p), p.native.in})
		}
	}
	return all
}

// subject is what a predicate is about; of the clock, one for each time zone.
func (s *Set) subject(p *predicate) *subject {
	on := *p.native.on
	if p.zone >= 0 {
		on.zone, on.key = p.zone, fmt.Sprintf("%s in %s", on.key, s.zones[p.zone])
	}
	return &on
}

// left is what the attributes that are held do not tell of a campaign.
func (s *Set) left(c *Campaign, held map[string]*asking) *left {
	hours, told := c.Schedule.demands(c.Zone)
	l := left{
		schedule: !told || slices.ContainsFunc(hours, func(d demand) bool { return held[d.on.key] == nil }),
		pages:    len(c.pages.patterns) > 0 && (held[pagePath().key] == nil || !c.pages.plain()),
	}
	for _, i := range c.when {
		if p := s.predicates[i]; !p.indexed() || held[s.subject(p).key] == nil {
			l.when = append(l.when, i)
		}
	}
	if !l.schedule && !l.pages && l.when == nil {
		return nil
	}
	return &l
}

// narrow leaves in still the columns that all attributes let pass.
func (x *index) narrow(m *Matcher, s *Set) bitmap {
	copy(m.still, x.all)
	for i, a := range x.attributes {
		m.tell(s, a.on.zone)
		if !a.keep(m.value(i, a.on), m.still, m.spare) {
			return nil
		}
	}
	return m.still
}

// value is what the subject of attribute i is in this visit.
func (m *Matcher) value(i int, on *subject) value {
	if at := m.places[i]; at != nil {
		return valueAt(at)
	}
	return on.read(&m.env, m.now)
}

// pagePath is page.path, which a campaign's pages are about too.
func pagePath() *subject {
	return &subject{key: `(. page "path")`, zone: -1, read: func(env *Env, _ time.Time) value {
		return value{text: env.Page.Path}
	}}
}
