package engine

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// met is who an exposure meets, once p has folded it; nil if there is nothing to
// tell. Of one that came long after it happened nobody knows the rank and the
// session of then, but staff is staff.
func (l *Live) met(p *profile.Profile, e *ingest.Event, now time.Time) *ingest.Met {
	out := ingest.Met{Staff: l.staff(p, e, now)}
	if e.Session != "" {
		out.Rank, _ = p.Traits["rank"].(string)
		if p.Session.Source != nil {
			out.Channel = p.Session.Source.Channel
		}
	}
	if out == (ingest.Met{}) {
		return nil
	}
	return &out
}

func (l *Live) staff(p *profile.Profile, e *ingest.Event, now time.Time) bool {
	if !l.Set.HasStaff() {
		return false
	}
	m := l.Set.Matcher()
	defer l.Set.Release(m)
	return l.Set.Staff(m, environment(l.Set, p, Request{Context: e}, now), now)
}
