package rules

import (
	"slices"
	"time"
)

// schedule looks for one that never opens, or never again.
func (x *linter) schedule(e *examined) {
	s, f := e.Campaign.Schedule, e.written.Schedule
	switch {
	case f == nil || s.always():
	case s.never(e.Zone):
		x.report.warn(f.At, "schedule", "empty_schedule", "the schedule never opens: its days and hours have no part between from and until", "make it longer, or change days and hours")
		e.truth = nil
	case s.Until.IsZero() || e.Status != Live && e.Status != Shadow:
	case !s.Until.After(x.Now):
		x.report.warn(f.Until.At, "schedule.until", "past_schedule", "the schedule is over: "+f.Until.S+" is past", "set status: ended, or a later date")
		e.truth = nil
	default:
		rest := s
		if rest.From.Before(x.Now) {
			rest.From = x.Now
		}
		if rest.never(e.Zone) {
			x.report.warn(f.Until.At, "schedule.until", "past_schedule", "the schedule does not open again: its days and hours have no part left", "set status: ended, or a later date")
			e.truth = nil
		}
	}
}

// never says that a schedule has no open moment, for sure. It opens only at its
// beginning, at midnight, where its hours begin, or where clocks are changed,
// which is on a half hour: these are tried. In eight days every day and hour
// comes by.
func (s Schedule) never(zone *time.Location) bool {
	if s.From.IsZero() || s.Until.IsZero() || s.Until.Sub(s.From) > 8*24*time.Hour {
		return false
	}
	if s.Open(s.From, zone) {
		return false
	}
	for t := s.From.Truncate(30 * time.Minute); t.Before(s.Until); t = t.Add(30 * time.Minute) {
		if s.Open(t, zone) {
			return false
		}
	}
	y, m, d := s.From.In(zone).Date()
	for day := -1; day <= 9; day++ {
		for _, h := range s.Hours {
			if s.Open(time.Date(y, m, d+day, 0, h.From, 0, 0, zone), zone) {
				return false
			}
		}
	}
	return true
}

// covers says that s is open whenever t is, for sure.
func (s Schedule) covers(t Schedule, sameZone bool) bool {
	if !s.From.IsZero() && (t.From.IsZero() || t.From.Before(s.From)) || !s.Until.IsZero() && (t.Until.IsZero() || t.Until.After(s.Until)) {
		return false
	}
	if len(s.Hours) == 0 && s.Days == [7]bool{} {
		return true
	}
	return sameZone && s.Days == t.Days && slices.Equal(s.Hours, t.Hours)
}

// apart says that s and t are never open at once, for sure.
func (s Schedule) apart(t Schedule, sameZone bool) bool {
	if !s.Until.IsZero() && !t.From.Before(s.Until) || !t.Until.IsZero() && !s.From.Before(t.Until) {
		return true
	}
	if !sameZone {
		return false
	}
	for day := range 7 { // a week of one clock: both open where one of them begins to
		for _, h := range append(slices.Concat(s.Hours, t.Hours), HourSpan{}) {
			if minute := day*24*60 + h.From; s.onClock(minute) && t.onClock(minute) {
				return false
			}
		}
	}
	return true
}

// onClock is Open for a minute of the week, without dates.
func (s Schedule) onClock(minute int) bool {
	sunday := time.Date(2023, 1, 1, 0, minute, 0, 0, time.UTC)
	return Schedule{Days: s.Days, Hours: s.Hours}.Open(sunday, time.UTC)
}
