package api

import (
	"sync"
	"time"
)

// An invitation is a campaign's chat that a person of the shop offers to one
// visitor, from the live screen. It waits for the visitor's next decision: that of
// the next page, or the one that a page asks for when its heartbeat is told of it.
//
// It is no decision of the rules: the gates are not asked, what the rules decide is
// decided and logged as without it, and its exposure has the phase "invited", so
// that no result counts it; it spends the visitor's attention like any exposure.
// The variant that is the campaign's control is not touched by that, and the
// holdout is not invited.
type invitation struct {
	Campaign, Variant string
	By                string
	Until             time.Time // it is not shown later
	Sent              bool      // it is in an answer
}

const (
	inviteFor      = 10 * time.Minute // who invites has something else to do by then
	maxInvitations = 1000
)

// invitations are those that wait, and those that were sent a while ago. They are
// not kept over a restart.
type invitations struct {
	mu  sync.Mutex
	all map[string]invitation // by visitor
}

// put keeps one, in the place of an earlier one of that visitor; false: there are
// too many.
func (x *invitations) put(visitor string, one invitation, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.all == nil {
		x.all = map[string]invitation{}
	}
	for of, old := range x.all {
		if !old.Until.After(now) {
			delete(x.all, of)
		}
	}
	if _, again := x.all[visitor]; !again && len(x.all) >= maxInvitations {
		return false
	}
	x.all[visitor] = one
	return true
}

// of gives a visitor's.
func (x *invitations) of(visitor string, now time.Time) (invitation, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	one, ok := x.all[visitor]
	return one, ok && one.Until.After(now)
}

// waiting gives a visitor's if it is to be sent yet.
func (x *invitations) waiting(visitor string, now time.Time) (invitation, bool) {
	one, ok := x.of(visitor, now)
	return one, ok && !one.Sent
}

// send notes that a visitor's is in an answer; false: it was taken by another call.
func (x *invitations) send(visitor string, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	one, ok := x.all[visitor]
	if !ok || one.Sent || !one.Until.After(now) {
		return false
	}
	one.Sent = true
	x.all[visitor] = one
	return true
}

// forget takes erased visitors' out.
func (x *invitations) forget(visitors []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, visitor := range visitors {
		delete(x.all, visitor)
	}
}

// refused puts one into waiting again that was to be in an answer, and is not.
func (x *invitations) refused(visitor string, was *offer) {
	if was == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if one, ok := x.all[visitor]; ok {
		one.Sent = false
		x.all[visitor] = one
	}
}
