package rules

import "time"

// tell makes env.Now the time in a zone; -1 is no zone.
func (m *Matcher) tell(s *Set, zone int) {
	if zone >= 0 && m.clock != zone {
		m.env.Now, m.clock = m.clocks[zone].read(m.now.In(s.zones[zone])), zone
	}
}

// wall is a zone's clock as it was last read. It shows the same for a minute,
// and writing out the date anew for every visit would cost more than the match.
type wall struct {
	year, day, hour, minute int
	shows                   Now
}

func (w *wall) read(t time.Time) Now {
	year, day, hour, minute := t.Year(), t.YearDay(), t.Hour(), t.Minute()
	if w.shows.Date == "" || w.minute != minute || w.hour != hour || w.day != day || w.year != year {
		*w = wall{year, day, hour, minute, NowIn(t, t.Location())}
	}
	return w.shows
}
