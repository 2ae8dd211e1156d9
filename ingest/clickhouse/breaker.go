package clickhouse

import "time"

// breaker decides how long to wait before the child is started again.
type breaker struct {
	limit  int           // so many exits
	window time.Duration // within this
	rest   time.Duration // lead to a rest of this length, and a clean count
	exits  []time.Time
}

// firstPause doubles with each further exit in the window.
const firstPause = 100 * time.Millisecond

// exit counts an exit. open says that the breaker opened: the child is left alone
// for a while.
func (b *breaker) exit(now time.Time) (pause time.Duration, open bool) {
	recent := b.exits[:0]
	for _, t := range b.exits {
		if now.Sub(t) < b.window {
			recent = append(recent, t)
		}
	}
	b.exits = append(recent, now)
	if len(b.exits) >= b.limit {
		b.exits = nil
		return b.rest, true
	}
	return firstPause << (len(b.exits) - 1), false
}
