package rules

import (
	"cmp"
	"slices"
)

// complete gives the set all that its rules read besides the visit: streams in
// order of their keys, counters, and which facts.
func (l *language) complete(s *Set) error {
	for i := range l.streams {
		if l.filters[i] == nil {
			continue
		}
		var err error
		if l.streams[i].where, err = l.filtered(l.filters[i]); err != nil {
			return err
		}
	}
	if err := l.kinds(s); err != nil {
		return err
	}
	l.here(s)
	order := make([]int, len(l.streams))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(l.streams[a].Key, l.streams[b].Key) })
	moved := make([]int, len(order))
	for to, from := range order {
		moved[from] = to
		s.Streams = append(s.Streams, l.streams[from])
	}
	s.Counters = l.counters
	for i := range s.Counters {
		if c := &s.Counters[i]; c.Stream >= 0 {
			c.Stream = moved[c.Stream]
		}
	}
	for _, p := range l.predicates {
		for _, pool := range p.pools {
			s.FactPools = insert(s.FactPools, pool)
		}
		s.ReadsOperators = s.ReadsOperators || p.operators
	}
	for _, c := range s.Campaigns {
		if c.Status == Live || c.Status == Shadow {
			for _, pool := range c.Pools {
				s.FactPools = insert(s.FactPools, pool)
			}
		}
		l.need(s, c, c.when)
		c.Contextual = l.contextual(s, c)
		c.Reads = l.kindsRead(c)
		for _, t := range c.On {
			l.need(s, c, t.where)
		}
	}
	return nil
}

func (l *language) need(s *Set, c *Campaign, conditions []int32) {
	for _, at := range conditions {
		for _, counter := range l.predicates[at].counters {
			if stream := s.Counters[counter].Stream; stream >= 0 {
				c.Needs = insert(c.Needs, stream)
			}
		}
	}
}
