package loader

import (
	"context"
	"time"
)

// wait is the pause between attempts: doubled each time up to a bound.
type wait struct {
	first, most, next time.Duration
	said              time.Time // when the trouble was last told
}

func newWait(c Config) *wait { return &wait{first: c.MinWait, most: c.MaxWait, next: c.MinWait} }

// pause is false if ctx ended in it.
func (w *wait) pause(ctx context.Context) bool {
	timer := time.NewTimer(w.next)
	defer timer.Stop()
	w.next = min(2*w.next, w.most)
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (w *wait) reset() { w.next = w.first }

// sayEvery is how often a trouble that lasts is told again.
const sayEvery = 30 * time.Second

// loud says whether the trouble is worth a line of the log now.
func (w *wait) loud() bool {
	if time.Since(w.said) < sayEvery {
		return false
	}
	w.said = time.Now()
	return true
}
