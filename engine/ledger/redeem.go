package ledger

import (
	"encoding/json"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Redemption is a claimed code, and when it was redeemed: 0 not yet.
type Redemption struct {
	Claim
	Redeemed int64  // ms
	Order    string // it was redeemed for; "" where the shop named none
}

// Given finds a code that somebody has; false of any other text, be it free,
// withdrawn or unknown: who asks cannot tell them apart.
func (l *Ledger) Given(pool, text string) (Redemption, bool, error) {
	c, err := l.code(pool, text)
	if err != nil || c == nil || c.State != claimed && c.State != redeemed {
		return Redemption{}, false, err
	}
	return Redemption{Claim: c.claim(pool, text), Redeemed: c.Redeemed, Order: c.Order}, true, nil
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

// Disown takes a visitor's name from its codes, which stay spent, and is durable
// when it returns. The caller holds the visitor.
func (l *Ledger) Disown(visitor string) error {
	batch := l.db.NewBatch()
	defer batch.Close()
	for claim, err := range l.Claims(visitor) {
		if err != nil {
			return err
		}
		c, err := l.code(claim.Pool, claim.Code)
		if err != nil {
			return err
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
			return err
		}
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not disown the codes of a visitor: %w", err)
	}
	return nil
}
