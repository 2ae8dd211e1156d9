package rules

import (
	"maps"
	"slices"
)

// impersonal are the roots that a rule may read of anybody: the page and what
// every request tells of itself.
var impersonal = map[string]bool{"page": true, "device": true, "geo": true, "now": true, "fact": true, "$env": true}

// contextual says whether c can be decided of somebody who gave no consent: its
// rule reads the page, device, place and clock alone, it opens with the page,
// and nothing of it must be remembered, counted or drawn: one variant for all,
// no frequency, stop, layer, share of traffic, single-use code or budget.
func (l *language) contextual(s *Set, c *Campaign) bool {
	_, slotBudget := s.Site.Budget[c.Slot]
	_, budget := s.Site.Budget["all"]
	switch {
	case len(c.On) != 1 || c.On[0].Kind != "page_view",
		len(c.Variants) != 1 || c.Variants[0].Control(), len(c.Pools) > 0,
		len(c.Frequency) > 0, c.Stop != Stop{}, c.Layer != "", c.Traffic < 10_000, budget, slotBudget && c.Slot != "":
		return false
	}
	return !slices.ContainsFunc(c.when, func(at int32) bool { return l.predicates[at].personal })
}

// kinds are the roots of conditions by what a visitor would call them.
var kinds = map[string]string{
	"visitor": "visitor", "session": "session", "page": "page", "device": "device", "cart": "cart",
	"geo": "geo", "now": "now", "event": "event", "fact": "fact", "counter": "past",
}

// kindsRead is what c's rule and triggers read, sorted, each kind once. What
// waits for an event, an absence or a booking reads what the visitor does.
func (l *language) kindsRead(c *Campaign) []string {
	read := map[string]bool{}
	add := func(conditions []int32) {
		for _, at := range conditions {
			for _, root := range l.predicates[at].roots {
				if kind := kinds[root]; kind != "" {
					read[kind] = true
				}
			}
		}
	}
	add(c.when)
	for i := range c.On {
		add(c.On[i].where)
		if c.On[i].Event != "" {
			read["event"] = true
		}
	}
	return slices.Sorted(maps.Keys(read))
}
