package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Redemption is a shop's word that a code was used.
type Redemption struct {
	Pool, Code string
	Visitor    string // who must have the code; "" whoever has it
	Order      string // the order it was used for; "" not told
}

// Redeemed is when a code was used.
type Redeemed struct {
	At    time.Time
	First bool // by this very call; false of one that is told again
}

// Errors of Redeem that are the caller's.
var (
	ErrNoCoupon = errors.New("nobody was given such a code")
	ErrRedeemed = errors.New("the code was redeemed before")
)

// Redeem records that a code was used, once: told again of the same order it
// answers as before, of any other it is ErrRedeemed. A code that nobody was given
// is ErrNoCoupon, be it free or unknown; one that may have been given before a
// restore counts as given, to anybody. It is durable when it returns.
func (e *Engine) Redeem(r Redemption, now time.Time) (Redeemed, error) {
	given, known, err := e.store.Given(r.Pool, r.Code)
	if err != nil {
		return Redeemed{}, err
	}
	if !known || r.Visitor != "" && !given.Anybody() && !e.same(r.Visitor, given.Visitor) {
		return Redeemed{}, ErrNoCoupon
	}
	out := &redeeming{Redemption: r}
	if given.Visitor == "" {
		err = e.redeemNameless(out, now)
	} else {
		_, err = e.visit(Visit{Visitor: given.Visitor, redeem: out}, now.Truncate(time.Millisecond))
	}
	if err == nil {
		err = e.store.Sync()
	}
	return out.done, err
}

// same says whether two visitors are browsers of one person.
func (e *Engine) same(a, b string) bool {
	if a == b {
		return true
	}
	p, err := e.Profile(a)
	return err == nil && p != nil && slices.Contains(p.Visitors(), b)
}

// redeeming is a redemption and what becomes of it.
type redeeming struct {
	Redemption
	done Redeemed
}

// redeem gives the event of a redemption and puts it into keep; nil where it was
// told before. The holder, who has the code, is locked.
func (e *Engine) redeem(r *redeeming, holder string, keep *ledger.Visit, now time.Time) (*ingest.Event, error) {
	given, known, err := e.store.Given(r.Pool, r.Code)
	switch {
	case err != nil:
		return nil, err
	case !known || given.Visitor != holder: // its name was taken away meanwhile
		return nil, ErrNoCoupon
	case given.Redeemed != 0 && (r.Order == "" || r.Order != given.Order):
		return nil, ErrRedeemed
	case given.Redeemed != 0:
		r.done.At = time.UnixMilli(given.Redeemed).UTC()
		return nil, nil
	}
	given.Redeemed, given.Order = clock(now), r.Order
	r.done = Redeemed{At: time.UnixMilli(given.Redeemed).UTC(), First: true}
	keep.Redeemed = &given
	props, err := json.Marshal(struct {
		Campaign    string `json:"campaign"`
		Variant     string `json:"variant"`
		Phase       string `json:"phase"`
		Decision    string `json:"decision_id,omitempty"`
		Pool        string `json:"pool"`
		Transaction string `json:"transaction_id,omitempty"`
	}{given.Campaign, given.Variant, given.Phase, given.Decision, given.Pool, given.Order})
	if err != nil {
		return nil, err
	}
	event := &ingest.Event{ID: e.newID(), Name: ingest.Coupon, Time: clock(now), Received: clock(now), Properties: props}
	return event, event.ParseProperties()
}

// redeemNameless redeems a code whose visitor was erased: the event is nobody's.
func (e *Engine) redeemNameless(r *redeeming, now time.Time) error {
	s := e.shard(r.Pool + "\x00" + r.Code)
	s.mu.Lock()
	defer s.mu.Unlock()
	var keep ledger.Visit
	event, err := e.redeem(r, "", &keep, now)
	if err != nil || event == nil {
		return err
	}
	raw, err := ingest.Encode(event)
	if err == nil {
		keep.Events = [][]byte{raw}
		_, err = e.store.Commit(keep)
	}
	if err != nil {
		return fmt.Errorf("a redemption could not be kept: %w", err)
	}
	return nil
}

// Pool is what became of a pool's codes, and who hands them out.
type Pool struct {
	Name      string
	Campaigns []string
	ledger.Coupons
}

// Pools tells of every pool of the rule set in use, by name.
func (e *Engine) Pools(now time.Time) []Pool {
	live := e.live.Load()
	if live == nil {
		return nil
	}
	var out []Pool
	set := live.Set
	for name := range set.Pools {
		p := Pool{Name: name, Coupons: e.store.Coupons(name, now)}
		for _, c := range set.Campaigns {
			if slices.Contains(c.Pools, name) {
				p.Campaigns = append(p.Campaigns, c.ID)
			}
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Pool) int { return strings.Compare(a.Name, b.Name) })
	return out
}
