package api

import (
	"fmt"
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
// Neither the holdout, nor who is or would be counted in another variant of the
// campaign, nor whom its layer gives to another one is invited: control stays
// untreated. What holds at the click is looked at again when it is handed out, and
// it is handed out until its exposure says that it was seen.
type invitation struct {
	Campaign, Variant string
	By                string
	Until             time.Time // it is not shown later
	Told              bool      // the visitor's history tells of it
	Sent              bool      // its exposure came
}

const (
	inviteFor      = 10 * time.Minute // who invites has something else to do by then
	maxInvitations = 1000
)

// invitations are those that wait, and those that were seen a while ago. They are
// not kept over a restart.
type invitations struct {
	mu  sync.Mutex
	all map[string]invitation // by visitor
}

// put keeps one, unless there is one of that visitor that is not over, waiting or
// seen, or there are too many. gone is the one that need not be over: it would not
// be handed out any more, as the caller saw it; the zero one where there is none.
func (x *invitations) put(visitor string, one, gone invitation, now time.Time) *Problem {
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
	old, again := x.all[visitor]
	if again && old != gone { // somebody else may have invited since
		return problem("already_invited", fmt.Sprintf("%s has invited the visitor to %s: another invitation can follow in %s", old.By, old.Campaign, old.Until.Sub(now).Round(time.Second)))
	}
	if !again && len(x.all) >= maxInvitations {
		return problem("too_large", fmt.Sprintf("%d invitations wait: try again in some minutes", maxInvitations)).in("招待がたまっています。数分後にお試しください。")
	}
	x.all[visitor] = one
	return nil
}

// of gives a visitor's.
func (x *invitations) of(visitor string, now time.Time) (invitation, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	one, ok := x.all[visitor]
	return one, ok && one.Until.After(now)
}

// waiting gives a visitor's if it is to be seen yet.
func (x *invitations) waiting(visitor string, now time.Time) (invitation, bool) {
	one, ok := x.of(visitor, now)
	return one, ok && !one.Sent
}

// tell claims to tell a visitor's history of an invitation; false: it knows.
func (x *invitations) tell(visitor string, one invitation) bool {
	return x.change(visitor, one.Campaign, func(kept *invitation) bool {
		first := !kept.Told
		kept.Told = true
		return first
	})
}

// untold takes tell back: the history could not be told.
func (x *invitations) untold(visitor string, one invitation) {
	x.change(visitor, one.Campaign, func(kept *invitation) bool {
		kept.Told = false
		return true
	})
}

// seen notes that a visitor's was exposed.
func (x *invitations) seen(visitor, campaign string) bool {
	return x.change(visitor, campaign, func(kept *invitation) bool {
		kept.Sent = true
		return true
	})
}

// change does it to a visitor's, and says what it said; false: there is none to
// that campaign.
func (x *invitations) change(visitor, campaign string, do func(*invitation) bool) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	one, ok := x.all[visitor]
	if !ok || one.Campaign != campaign {
		return false
	}
	yes := do(&one)
	x.all[visitor] = one
	return yes
}

// forget takes erased visitors' out.
func (x *invitations) forget(visitors []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, visitor := range visitors {
		delete(x.all, visitor)
	}
}
