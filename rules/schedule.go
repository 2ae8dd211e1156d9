package rules

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must be there on every machine, or a schedule would not load
)

// Schedule is when a campaign is open. The zero Schedule is always open.
type Schedule struct {
	From, Until time.Time  // half-open; the zero time is no bound
	Days        [7]bool    // by time.Weekday; all false: every day
	Hours       []HourSpan // none: all day
}

// HourSpan is a part of the day in minutes from midnight, half-open. One that
// ends before it starts runs over midnight.
type HourSpan struct{ From, Until int }

// Open says whether the schedule is open at t, days and hours read off a clock
// in zone. A span over midnight belongs to the day it begins on: `days: [fri],
// hours: 20:00-02:00` is open on Saturday at 01:00 and not on Friday at 01:00.
func (s Schedule) Open(t time.Time, zone *time.Location) bool {
	if !s.From.IsZero() && t.Before(s.From) || !s.Until.IsZero() && !t.Before(s.Until) {
		return false
	}
	if len(s.Hours) == 0 && s.Days == [7]bool{} {
		return true
	}
	t = t.In(zone)
	today := int(t.Weekday())
	if len(s.Hours) == 0 {
		return s.Days[today]
	}
	minute := t.Hour()*60 + t.Minute()
	for _, h := range s.Hours {
		if h.From < h.Until {
			if h.From <= minute && minute < h.Until && s.onDay(today) {
				return true
			}
		} else if minute >= h.From && s.onDay(today) || minute < h.Until && s.onDay((today+6)%7) {
			return true
		}
	}
	return false
}

func (s Schedule) always() bool {
	return s.From.IsZero() && s.Until.IsZero() && len(s.Hours) == 0 && s.Days == [7]bool{}
}

func (s Schedule) onDay(day int) bool { return s.Days == [7]bool{} || s.Days[day] }

var (
	hoursForm = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})$`)
	dayNames  = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
)

// schedule checks a campaign's schedule and settles its time zone.
func (r *reader) schedule(f *scheduleFile, path string, def *time.Location) (Schedule, *time.Location) {
	var s Schedule
	if f == nil {
		return s, def
	}
	zone := r.zone(f.Timezone, join(path, "timezone"), def)
	s.From, _ = r.moment(f.From, join(path, "from"), zone)
	var whole bool
	if s.Until, whole = r.moment(f.Until, join(path, "until"), zone); whole {
		s.Until = s.Until.AddDate(0, 0, 1) // the day named is the last one
	}
	if !s.From.IsZero() && !s.Until.IsZero() && !s.From.Before(s.Until) {
		r.failWith(f.Until.At, join(path, "until"), "value", fmt.Sprintf("the schedule ends (%s) before it begins (%s)", f.Until.S, f.From.S), "")
	}
	open := r.opening(f.Days, f.Hours, path)
	s.Days, s.Hours = open.Days, open.Hours
	return s, zone
}

// opening checks days and hours, the part of a schedule that comes back.
func (r *reader) opening(days, hours oneOrMany[text], path string) (s Schedule) {
	for i, d := range days {
		if r.oneOf(d, fmt.Sprintf("%s.days[%d]", path, i), dayNames...) {
			for w, name := range weekdays {
				if name == d.S {
					s.Days[w] = true
				}
			}
		}
	}
	for i, h := range hours {
		if span, ok := r.hours(h, fmt.Sprintf("%s.hours[%d]", path, i)); ok {
			s.Hours = append(s.Hours, span)
		}
	}
	return s
}

// moment reads a date or a date with a time; whole says it was a bare date.
func (r *reader) moment(t text, path string, zone *time.Location) (at time.Time, whole bool) {
	if t.At == nil {
		return time.Time{}, false
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, t.S, zone); err == nil {
			return at, layout == time.DateOnly
		}
	}
	r.failWith(t.At, path, "value", quote(t.S)+" is not a date", "write 2026-12-01 or 2026-12-01T10:00")
	return time.Time{}, false
}

func (r *reader) hours(t text, path string) (HourSpan, bool) {
	if t.At == nil {
		return HourSpan{}, false
	}
	const hint = `write "20:00-02:00"; the whole day is "00:00-24:00"`
	m := hoursForm.FindStringSubmatch(t.S)
	if m == nil {
		r.failWith(t.At, path, "value", quote(t.S)+" is not a span of hours", hint)
		return HourSpan{}, false
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	span := HourSpan{n[0]*60 + n[1], n[2]*60 + n[3]}
	switch {
	case n[1] > 59 || n[3] > 59 || span.From >= 24*60 || span.Until > 24*60:
		r.failWith(t.At, path, "value", quote(t.S)+" is not a time of day", hint)
	case span.From == span.Until:
		r.failWith(t.At, path, "value", quote(t.S)+" is no time at all", hint)
	default:
		return span, true
	}
	return HourSpan{}, false
}

// String is the span as campaign files write it.
func (h HourSpan) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.From/60, h.From%60, h.Until/60, h.Until%60)
}

// String is the window as campaign files write it.
func (w Window) String() string {
	if w.Kind != "rolling" {
		return w.Kind
	}
	var b strings.Builder
	for rest, i := w.Length, 0; i < 4; i++ {
		unit := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}[i]
		if n := rest / unit; n > 0 {
			fmt.Fprintf(&b, "%d%c", n, "dhms"[i])
			rest -= n * unit
		}
	}
	return b.String()
}
