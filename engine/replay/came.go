package replay

import (
	"cmp"
	"maps"
	"slices"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Funnel is how the decisions came out in which a campaign's rule matched.
type Funnel struct {
	Campaign string `json:"campaign"`
	Matched  Tally  `json:"matched"`
	Came     []Came `json:"came"` // their decisions add up to those of Matched
}

// Came is one way: offered a variant, control, armed, or the reason for which
// nothing came of it.
type Came struct {
	Reason  string `json:"reason"`
	Variant string `json:"variant,omitempty"` // of offered and control
	Tally
}

// Tally counts decisions, and the visitors who had any of them.
type Tally struct {
	Decisions Pair `json:"decisions"`
	Visitors  Pair `json:"visitors"`
}

func (t *Tally) add(side, n int) {
	t.Decisions.add(side, n)
	t.Visitors.add(side, 1)
}

// way is how one outcome of a campaign came out.
type way struct{ campaign, reason, variant string }

func wayOf(o *ingest.Outcome) way {
	w := way{campaign: o.Campaign, reason: o.Reason}
	if opened(o) {
		w.variant = o.Variant
	}
	return w
}

// came adds what one visitor's decisions came to.
func (r *Report) came(side int, ways map[way]int) {
	matched := map[string]int{}
	for w, n := range ways {
		tally(r.ways, w).add(side, n)
		matched[w.campaign] += n
	}
	for campaign, n := range matched {
		tally(r.matched, campaign).add(side, n)
	}
}

func tally[K comparable](m map[K]*Tally, key K) *Tally {
	t := m[key]
	if t == nil {
		t = &Tally{}
		m[key] = t
	}
	return t
}

// rank puts what is offered first, then control and what waits, then what was lost.
func (c *Came) rank() int {
	return cmp.Or(map[string]int{engine.Offered: -4, engine.Control: -3, engine.Armed: -2, engine.Shadow: -1}[c.Reason], 0)
}

// funnels writes out what was counted of the campaigns that a report is about.
func (r *Report) funnels(about func(...string) bool) []Funnel {
	out := []Funnel{}
	for _, campaign := range slices.Sorted(maps.Keys(r.matched)) {
		if about(campaign) {
			out = append(out, Funnel{Campaign: campaign, Matched: *r.matched[campaign], Came: []Came{}})
		}
	}
	for w, n := range r.ways {
		if i := slices.IndexFunc(out, func(f Funnel) bool { return f.Campaign == w.campaign }); i >= 0 {
			out[i].Came = append(out[i].Came, Came{w.reason, w.variant, *n})
		}
	}
	for i := range out {
		slices.SortFunc(out[i].Came, func(a, b Came) int {
			return cmp.Or(a.rank()-b.rank(), b.Decisions.Changed-a.Decisions.Changed, cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Variant, b.Variant))
		})
	}
	return out
}
