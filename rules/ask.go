package rules

import (
	"time"
)

// Where answers the condition of one of a campaign's event triggers: env.Event is
// the event that came. A trigger without a condition is content with any. The
// error is a condition that failed or panicked; then the answer is false.
//
// It uses m as Match does: read m.Errors first.
func (s *Set) Where(m *Matcher, t *Trigger, env Env, now time.Time) (bool, error) {
	return s.holds(m, t.where, env, now)
}

// HasStaff says whether site.yaml has a rule of who is staff.
func (s *Set) HasStaff() bool { return len(s.staff) > 0 }

// Staff says whether site.yaml counts the visitor among the staff, who are in no
// statistics. A rule that fails makes nobody staff. It uses m as Match does.
func (s *Set) Staff(m *Matcher, env Env, now time.Time) bool {
	if !s.HasStaff() {
		return false
	}
	yes, err := s.holds(m, s.staff, env, now)
	return yes && err == nil
}

func (s *Set) holds(m *Matcher, conditions []int32, env Env, now time.Time) (bool, error) {
	if len(conditions) == 0 {
		return true, nil
	}
	m.begin(s, env, now)
	answer, at := m.all(s, conditions)
	if answer == failed {
		return false, m.causes[at]
	}
	return answer == yes, nil
}

// Counts says whether an event belongs to a stream: by its name and, for a
// derived event, its condition, which reads nothing but the event. One that
// fails is false. It leaves alone what m knows of a visit.
func (s *Set) Counts(m *Matcher, stream int, e Event) bool {
	st := &s.Streams[stream]
	return e.Name == st.Event && m.every(st.where, e)
}
