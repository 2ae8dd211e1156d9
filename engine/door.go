package engine

import (
	"errors"
	"time"
)

// ErrBusy is why a visit was not begun: another one of the same visitor, or of
// one that shares its lock, is under way for longer than a page may wait.
// Nothing was kept.
var ErrBusy = errors.New("the visitor's last call is not done")

// decideWithin is how long a decision waits for the visitor's lock unless told,
// of the 50 ms that a page grants in all; others wait 5 s at least: they have no page.
const (
	decideWithin = 40 * time.Millisecond
	eventsWithin = 5 * time.Second
)

// door is a lock that nobody need wait for without end. Who waits first comes
// first.
type door chan struct{}

func newDoor() door { return make(door, 1) }

// Lock and Unlock are those of a sync.Locker.
func (d door) Lock() { d <- struct{}{} }

// Unlock opens the door for the next one.
func (d door) Unlock() { <-d }

// lockWithin says whether the lock was had in time.
func (d door) lockWithin(wait time.Duration) bool {
	select {
	case d <- struct{}{}:
		return true
	default:
	}
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case d <- struct{}{}:
		return true
	case <-patience.C:
		return false
	}
}

// patienceFor is how long v may wait.
func (e *Engine) patienceFor(v *Visit) time.Duration {
	if v.Decide != nil {
		return e.patience
	}
	return max(e.patience, eventsWithin)
}
