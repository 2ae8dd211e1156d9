package crowd

import (
	"testing"
	"time"
)

// A past of two weeks: visitors come over lunch and in the evening, in Japan's time,
// on each of the days, time never goes back, and nothing of it is after today.
func TestAPastRunsThroughTheBusyHours(t *testing.T) {
	t.Parallel()
	const days, visitors = 14, 600
	for _, today := range []time.Time{
		time.Date(2026, 11, 22, 6, 0, 0, 0, japan), time.Date(2026, 11, 22, 12, 30, 0, 0, japan), time.Date(2026, 11, 22, 15, 30, 0, 0, time.UTC),
	} {
		c := Past(today, days, visitors)
		if c.IsToday() || c.Visitors() != visitors {
			t.Fatalf("today already, or %d visitors", c.Visitors())
		}
		last, met := today.AddDate(0, 0, -days), map[string]int{}
		for range visitors {
			c.arrives()
			met[c.Now().Format(time.DateOnly)]++
			for range 100 { // calls, more of them than there is time for before the next arrives
				now := c.Now()
				at := now.Format("15:04")
				if busy := at >= "12:00" && at < "13:00" || at >= "20:00" && at < "23:30"; !busy || now.Location() != japan || now.Before(last) || !now.Before(today) {
					t.Fatalf("%s comes after %s, on %s", now, last, today)
				}
				last = now
				c.passes()
			}
		}
		for day := 1; day < days; day++ { // the first is not whole
			if on := today.In(japan).AddDate(0, 0, -day).Format(time.DateOnly); met[on] < visitors/days/2 {
				t.Errorf("%d visitors on %s: %v", met[on], on, met)
			}
		}
		if n := c.atOnce(12); n != 3 { // for six minutes lie between two arrivals
			t.Errorf("%d visitors at once", n)
		}
		c.Today()
		if now := c.Now(); !c.IsToday() || c.Visitors() != 0 || time.Since(now).Abs() > time.Hour {
			t.Errorf("it is today, and %s", now)
		}
	}
}

// Without days or visitors, or as it is made, a clock is the machine's.
func TestAClockWithoutAPast(t *testing.T) {
	t.Parallel()
	for _, c := range []*Clock{{}, Past(time.Now(), 0, 100), Past(time.Now(), 14, 0)} {
		c.arrives()
		c.passes()
		if c.atOnce(12) != 12 || !c.IsToday() || c.Visitors() != 0 || time.Since(c.Now()).Abs() > time.Hour {
			t.Errorf("%s with %d visitors", c.Now(), c.Visitors())
		}
	}
}
