package ledger

import (
	"encoding/json"

	"github.com/cockroachdb/pebble/v2"
)

// Redemption is a claimed code, and when it was redeemed: 0 not yet.
type Redemption struct {
	Claim
	Redeemed int64  // ms
	Order    string // it was redeemed for; "" where the shop named none

	aside bool // nobody knows who has it
}

// Anybody says that the code may be anybody's: whom it was told to is not known
// since a restore.
func (r Redemption) Anybody() bool { return r.aside }

// Given finds a code that somebody has, or may have: one that is set aside is
// nobody's. It is false of any other text, be it free, withdrawn or unknown: who
// asks cannot tell them apart.
func (l *Ledger) Given(pool, text string) (Redemption, bool, error) {
	c, err := l.code(pool, text)
	if err != nil || c == nil || c.State != claimed && c.State != redeemed && c.State != aside {
		return Redemption{}, false, err
	}
	return Redemption{Claim: c.claim(pool, text), Redeemed: c.Redeemed, Order: c.Order, aside: c.State == aside}, true, nil
}

// redeem writes that a code was redeemed.
func (r *Redemption) redeem(batch *pebble.Batch) error {
	record, err := json.Marshal(code{
		Place: r.place, State: redeemed, Visitor: r.Visitor, Campaign: r.Campaign, Variant: r.Variant, Phase: r.Phase,
		Decision: r.Decision, At: r.At, Redeemed: r.Redeemed, Order: r.Order,
	})
	if err != nil {
		return err
	}
	return batch.Set(codeKey(r.Pool, r.Code), record, nil)
}

// disown takes a visitor's name from its codes, which stay spent, and says how
// many there are. The caller holds the visitor.
func (l *Ledger) disown(visitor string, batch *pebble.Batch) (codes int, err error) {
	for claim, err := range l.Claims(visitor) {
		if err != nil {
			return codes, err
		}
		c, err := l.code(claim.Pool, claim.Code)
		if err != nil {
			return codes, err
		}
		c.Visitor, c.Decision = "", ""
		record, err := json.Marshal(c)
		if err == nil {
			err = batch.Set(codeKey(claim.Pool, claim.Code), record, nil)
		}
		if err == nil {
			err = batch.Delete(claimKey(visitor, claim.Campaign), nil)
		}
		if err != nil {
			return codes, err
		}
		codes++
	}
	return codes, nil
}
