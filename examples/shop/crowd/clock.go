package crowd

import (
	"sync"
	"time"
)

// Clock is the time that a crowd lives in, and the server with it. The zero Clock
// is the machine's. One made by Past runs through the shop's busy hours of the days
// before, as fast as the server answers the visitors: each that arrives brings it to
// its own moment, and each of its calls takes some seconds more. Safe for many at once;
// it never goes back.
type Clock struct {
	mu    sync.Mutex
	busy  []span        // of the days before; none: the machine's time
	many  int           // visitors of these days
	each  time.Duration // of busy time between two arrivals
	come  int           // how many have arrived
	since time.Duration // busy time since the last arrival
}

type span struct{ from, until time.Time }

// japan is where the shop is; its hours are never put forward or back.
var japan = time.FixedZone("JST", 9*60*60)

// hours are when a shop there is full: over lunch and in the evening.
var hours = [...][2]time.Duration{{12 * time.Hour, 13 * time.Hour}, {20 * time.Hour, 23*time.Hour + 30*time.Minute}}

// A visit makes some thirty calls, and takes as long as those that it shares the time
// with arrive: that is to be about so long.
const (
	calls   = 30
	lasting = 20 * time.Minute
)

// Past is a clock on which so many visitors come within the days before today. It
// stands at the beginning of the first busy hour until the first arrives.
func Past(today time.Time, days, visitors int) *Clock {
	today = today.In(japan)
	c := &Clock{many: visitors}
	var all time.Duration
	midnight := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, japan)
	for day := -days; day <= 0; day++ {
		for _, h := range hours {
			at := midnight.AddDate(0, 0, day)
			s := span{at.Add(h[0]), at.Add(h[1])}
			if s.until.After(today) || s.from.Before(today.AddDate(0, 0, -days)) {
				continue
			}
			c.busy = append(c.busy, s)
			all += s.until.Sub(s.from)
		}
	}
	if visitors < 1 { // a past that nobody comes in would never end
		return &Clock{}
	}
	c.each = all / time.Duration(visitors)
	return c
}

// Now is the present moment there.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.busy) == 0 {
		return time.Now()
	}
	return c.moment(time.Duration(max(c.come-1, 0))*c.each + c.since)
}

// Visitors is how many come within the clock's past; none on the machine's time.
func (c *Clock) Visitors() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.busy) == 0 {
		return 0
	}
	return c.many
}

// Today ends the past: from here on it is the machine's time.
func (c *Clock) Today() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = nil
}

// IsToday says whether the past is over.
func (c *Clock) IsToday() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.busy) == 0
}

// atOnce is how many visitors may share the time, of so many that could.
func (c *Clock) atOnce(most int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.busy) == 0 {
		return most
	}
	return max(1, min(most, int(lasting/c.each)))
}

// arrives tells that one more visitor has come.
func (c *Clock) arrives() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.come, c.since = c.come+1, 0
}

// passes tells that one more call was answered. The next to arrive comes later than that.
func (c *Clock) passes() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = min(c.since+min(c.each, lasting)/calls, c.each-time.Millisecond)
}

// moment is when so much of the busy time has passed.
func (c *Clock) moment(passed time.Duration) time.Time {
	for _, s := range c.busy {
		if long := s.until.Sub(s.from); passed >= long {
			passed -= long
			continue
		}
		return s.from.Add(passed)
	}
	return c.busy[len(c.busy)-1].until
}
