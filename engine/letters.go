package engine

import (
	"encoding/json"
	"slices"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// Due is a letter in the outbox and when it is to be tried, in milliseconds since
// 1970; ledger.Never where it was given up.
type Due struct {
	Letter
	Due int64
}

// Letters are those in the outbox that are to visitors, or about them.
func (e *Engine) Letters(visitors []string) ([]Due, error) {
	var out []Due
	err := e.store.EachOutgoing(func(o ledger.Outgoing) error {
		var l Letter
		if json.Unmarshal(o.Body, &l) == nil && slices.Contains(visitors, l.Visitor) {
			out = append(out, Due{l, o.Due})
		}
		return nil
	})
	return out, err
}

// unsend takes what is to be sent to erased visitors, or about them, out of
// the outbox. What is on its way at this moment is. What was postponed while it
// looked lies elsewhere by then, so it looks until it finds all where it is.
func (e *Engine) unsend(x *Erasure) error {
	for moved := true; moved; {
		moved = false
		err := e.store.EachOutgoing(func(o ledger.Outgoing) error {
			var l Letter
			if json.Unmarshal(o.Body, &l) != nil || !slices.Contains(x.Visitors, l.Visitor) {
				return nil
			}
			n, err := e.store.Sent(o)
			if n > 0 {
				x.remove(l.Visitor, "outbox", n)
			} else if err == nil {
				moved = true
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
