package rules

import (
	"slices"
	"time"

	"github.com/expr-lang/expr/file"
)

// member is a segment that can be asked of: one that a campaign of the set uses, so
// that what it counts is counted anyway.
type member struct {
	name  string
	where []int32 // its conjuncts, as places in predicates
}

// Segments are the names of those that the visitor is in, in order; of segments
// that no campaign uses nothing is known. One that fails is left out. It uses m as
// Match does.
func (s *Set) Segments(m *Matcher, env Env, now time.Time) (in []string) {
	for _, segment := range s.segments {
		if yes, err := s.holds(m, segment.where, env, now); yes && err == nil {
			in = append(in, segment.name)
		}
	}
	return in
}

// HasSegments says whether there is any to ask of.
func (s *Set) HasSegments() bool { return len(s.segments) > 0 }

// members compiles the segments that campaigns use, directly or by another one.
func (l *language) members(campaigns []*Campaign, zone *time.Location) ([]member, error) {
	used := map[string]bool{}
	var use func(text string)
	use = func(text string) {
		for _, found := range usesSegment.FindAllStringSubmatch(text, -1) {
			if s := l.segments[found[1]]; s != nil && !used[found[1]] {
				used[found[1]] = true
				use(s.rule.S)
			}
		}
	}
	for _, c := range campaigns {
		use(c.When)
	}
	var out []member
	for _, name := range sortedKeys(used) {
		parts, err := l.segments[name].conditions(l)
		if err != nil {
			return nil, err
		}
		where, err := l.compileAll(parts, zone)
		if err != nil {
			return nil, err
		}
		out = append(out, member{name, where})
	}
	return out, nil
}

// conditions are a sound segment's conjuncts.
func (s *segment) conditions(l *language) (parts []condition, err error) {
	for _, n := range conjuncts(s.tree(l), nil) {
		if err := l.check(file.NewSource(s.rule.S), n); err != nil {
			return nil, err
		}
		parts = append(parts, condition{l.settle(n, func(int, string, string) {}), n.String()})
	}
	return slices.Clip(parts), nil
}
