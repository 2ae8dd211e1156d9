package rules

import "time"

// moment is the instant of the visit in whole milliseconds since 1970.
func moment() *subject {
	return &subject{key: "the moment", zone: -1, read: func(_ *Env, now time.Time) value {
		return value{number: float64(now.UnixMilli())}
	}}
}

const day = 24 * 60 // minutes

// weekIn is how many minutes ago the week began in a zone, on Sunday at midnight.
func weekIn(zone *time.Location) *subject {
	return &subject{key: "the week in " + zone.String(), zone: -1, read: func(_ *Env, now time.Time) value {
		t := now.In(zone)
		return value{number: float64(int(t.Weekday())*day + t.Hour()*60 + t.Minute())}
	}}
}

// demands says a schedule in sets of values: open exactly when all of them hold.
// ok is false for a bound finer than a millisecond, which nothing here can say.
func (s Schedule) demands(zone *time.Location) (all []demand, ok bool) {
	at := func(t time.Time) cut { return cut{value: value{number: float64(t.UnixMilli())}} }
	if s.From.Nanosecond()%1e6 != 0 || s.Until.Nanosecond()%1e6 != 0 {
		return nil, false
	}
	if !s.From.IsZero() {
		all = append(all, demand{moment(), above(at(s.From))})
	}
	if !s.Until.IsZero() {
		all = append(all, demand{moment(), below(at(s.Until))})
	}
	if len(s.Hours) > 0 || s.Days != [7]bool{} {
		all = append(all, demand{weekIn(zone), s.week()})
	}
	return all, true
}

// week is the minutes of the week in which the days and hours are open.
func (s Schedule) week() values {
	hours := s.Hours
	if len(hours) == 0 {
		hours = []HourSpan{{0, day}}
	}
	var open []values
	minutes := func(weekday, from, until int) {
		at := func(minute int) cut { return cut{value: value{number: float64(weekday%7*day + minute)}} }
		open = append(open, between(at(from), at(until)))
	}
	for weekday := range 7 {
		for _, h := range hours {
			switch {
			case !s.onDay(weekday):
			case h.From < h.Until:
				minutes(weekday, h.From, h.Until)
			default:
				minutes(weekday, h.From, day)
				minutes(weekday+1, 0, h.Until)
			}
		}
	}
	return union(open...)
}
