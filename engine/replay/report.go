package replay

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/rules"
)

// Report of a back-test. A pair counts the present rules and the changed ones.
type Report struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Present   string    `json:"present"` // hash of the rule set compared with; "" what was recorded
	Changed   string    `json:"changed"`
	Visitors  int       `json:"visitors"`  // who asked for a decision in that time; a person's browsers are one
	Events    int       `json:"events"`    // of theirs, those before From too
	Decisions int       `json:"decisions"` // logged in that time

	Reproduced Reproduced `json:"reproduced"`
	Days       []Day      `json:"days"`
	Campaigns  []Change   `json:"campaigns"`
	Funnels    []Funnel   `json:"funnels"` // of the campaigns whose rule matched at all
	Overlap    []Overlap  `json:"overlap"`
	Conflicts  []Fight    `json:"conflicts"`
	Coupons    []Need     `json:"coupons"`

	days      map[string]*Pair
	campaigns map[string]*Change
	matched   map[string]*Tally
	ways      map[way]*Tally
	overlap   map[[2]string]*Pair
	conflicts map[Conflict]*Pair
	coupons   map[string]*Pair
}

// Pair is one number under both rule sets.
type Pair struct {
	Present int `json:"present"`
	Changed int `json:"changed"`
}

// Reproduced says how far the record can be trusted: how many of the logged
// decisions come out as logged when made again with their own rule set.
type Reproduced struct {
	Equal       int            `json:"equal"`
	Share       *float64       `json:"share"` // null without a decision
	Causes      map[string]int `json:"causes"`
	Differences []Mismatch     `json:"differences"` // the first 1,000
}

// Mismatch is one logged decision that does not come out as logged.
type Mismatch struct {
	Visitor     string       `json:"visitor"`
	Decision    string       `json:"decision_id"`
	Seq         uint64       `json:"seq"`
	At          time.Time    `json:"at"`
	Cause       string       `json:"cause"`
	Detail      string       `json:"detail,omitempty"`
	Differences []Difference `json:"differences"`
}

const mostMismatches = 1000

// Day is how many visitors were shown something on one day of the site.
type Day struct {
	Day string `json:"day"`
	Pair
}

// Change is what one campaign gains and loses. Exposures of its control count
// like those of any other variant.
type Change struct {
	Campaign  string `json:"campaign"`
	Visitors  Pair   `json:"visitors"` // exposed at least once
	Gained    int    `json:"gained"`   // visitors exposed under the changed rules only
	Lost      int    `json:"lost"`
	Exposures Pair   `json:"exposures"`
	Assumed   int    `json:"assumed"` // of the changed exposures, those that no browser reported
	Unknown   int    `json:"unknown"` // page views of which nobody knows whether its trigger came
}

// Overlap is how many visitors two campaigns both reach.
type Overlap struct {
	Campaigns [2]string `json:"campaigns"`
	Visitors  Pair      `json:"visitors"`
}

// Conflict is a campaign that another kept out of a slot.
type Conflict struct {
	Slot   string `json:"slot"`
	Winner string `json:"winner"`
	Loser  string `json:"loser"`
}

// Fight is how many decisions a conflict decided.
type Fight struct {
	Conflict
	Decisions Pair `json:"decisions"`
}

// Need is how many visitors would take a code: of a pool, or one for all.
type Need struct {
	Coupon   string `json:"coupon"`
	Visitors Pair   `json:"visitors"`
}

func newReport(p *Plan) *Report {
	r := &Report{From: p.From, To: p.To, Changed: p.Changed.Hash,
		days: map[string]*Pair{}, campaigns: map[string]*Change{}, matched: map[string]*Tally{}, ways: map[way]*Tally{}, overlap: map[[2]string]*Pair{},
		conflicts: map[Conflict]*Pair{}, coupons: map[string]*Pair{}}
	r.Reproduced.Causes, r.Reproduced.Differences = map[string]int{}, []Mismatch{}
	if p.Present != nil {
		r.Present = p.Present.Hash
	}
	for _, c := range p.Changed.Campaigns {
		r.campaign(c.ID) // one that reaches nobody is told of too
	}
	return r
}

// decision compares one logged decision with itself, made again.
func (r *Report) decision(m *Moment) {
	r.Decisions++
	wrong := Mismatch{At: m.Now, Visitor: m.Profile.Visitor, Decision: m.Request.ID, Seq: m.Seq}
	if m.Err != nil {
		wrong.Detail = m.Err.Error()
	} else if wrong.Differences = Compare(m.Logged.Props.Outcomes, m.Again().Outcomes); wrong.Differences == nil {
		r.Reproduced.Equal++
		return
	}
	wrong.Cause = m.Cause()
	r.Reproduced.Causes[wrong.Cause]++
	if len(r.Reproduced.Differences) < mostMismatches {
		r.Reproduced.Differences = append(r.Reproduced.Differences, wrong)
	}
}

// visitor adds what one visitor met on either side, and clears both.
func (r *Report) visitor(now, would *side) {
	r.Visitors++
	for i, s := range []*side{now, would} {
		for day := range s.days {
			at(r.days, day).add(i, 1)
		}
		for name := range s.coupons {
			at(r.coupons, name).add(i, 1)
		}
		r.came(i, s.ways)
		for fight, n := range s.conflicts {
			at(r.conflicts, fight).add(i, n)
		}
		ids := slices.Sorted(maps.Keys(s.campaigns))
		for k, id := range ids {
			c := r.campaign(id)
			c.Visitors.add(i, 1)
			c.Exposures.add(i, s.campaigns[id].exposures)
			for _, other := range ids[k+1:] {
				at(r.overlap, [2]string{id, other}).add(i, 1)
			}
		}
	}
	for id, m := range would.campaigns {
		r.campaign(id).Assumed += m.assumed
		if now.campaigns[id] == nil {
			r.campaign(id).Gained++
		}
	}
	for id := range now.campaigns {
		if would.campaigns[id] == nil {
			r.campaign(id).Lost++
		}
	}
	for id, n := range would.unknowns {
		r.campaign(id).Unknown += n
	}
	now.clear()
	would.clear()
}

func (r *Report) campaign(id string) *Change {
	c := r.campaigns[id]
	if c == nil {
		c = &Change{Campaign: id}
		r.campaigns[id] = c
	}
	return c
}

func at[K comparable](m map[K]*Pair, key K) *Pair {
	p := m[key]
	if p == nil {
		p = &Pair{}
		m[key] = p
	}
	return p
}

func (p *Pair) add(side, n int) {
	if side == 0 {
		p.Present += n
	} else {
		p.Changed += n
	}
}

// mostListed bounds the pairs of campaigns that a report lists.
const mostListed = 100

// finish writes out what was counted, of one campaign only if it is named.
func (r *Report) finish(only string) {
	if r.Decisions > 0 {
		share := float64(r.Reproduced.Equal) / float64(r.Decisions)
		r.Reproduced.Share = &share
	}
	about := func(ids ...string) bool { return only == "" || slices.Contains(ids, only) }
	r.Days, r.Campaigns, r.Overlap, r.Conflicts, r.Coupons = []Day{}, []Change{}, []Overlap{}, []Fight{}, []Need{}
	for _, day := range slices.Sorted(maps.Keys(r.days)) {
		r.Days = append(r.Days, Day{day, *r.days[day]})
	}
	for _, id := range slices.Sorted(maps.Keys(r.campaigns)) {
		if about(id) {
			r.Campaigns = append(r.Campaigns, *r.campaigns[id])
		}
	}
	r.Funnels = r.funnels(about)
	for ids, n := range r.overlap {
		if about(ids[:]...) {
			r.Overlap = append(r.Overlap, Overlap{ids, *n})
		}
	}
	slices.SortFunc(r.Overlap, func(a, b Overlap) int {
		return cmp.Or(b.Visitors.Changed-a.Visitors.Changed, cmp.Compare(a.Campaigns[0], b.Campaigns[0]), cmp.Compare(a.Campaigns[1], b.Campaigns[1]))
	})
	for c, n := range r.conflicts {
		if about(c.Winner, c.Loser) {
			r.Conflicts = append(r.Conflicts, Fight{c, *n})
		}
	}
	slices.SortFunc(r.Conflicts, func(a, b Fight) int {
		return cmp.Or(b.Decisions.Changed-a.Decisions.Changed, cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Winner, b.Winner), cmp.Compare(a.Loser, b.Loser))
	})
	r.Overlap, r.Conflicts = r.Overlap[:min(mostListed, len(r.Overlap))], r.Conflicts[:min(mostListed, len(r.Conflicts))]
	for _, name := range slices.Sorted(maps.Keys(r.coupons)) {
		r.Coupons = append(r.Coupons, Need{name, *r.coupons[name]})
	}
}

// couponOf names the coupon that a variant hands out: its pool, or the code
// that is one for all; "" where it is none.
func couponOf(v *rules.Variant) string {
	var a struct{ Type, Code string }
	if json.Unmarshal(v.Action, &a) != nil || a.Type != "coupon" {
		return ""
	}
	return cmp.Or(v.Pool, a.Code)
}
