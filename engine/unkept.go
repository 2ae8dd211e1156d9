package engine

import (
	"errors"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// Unkept stands in Decision.Degraded where nothing of the call was kept, since
// the ledger takes no events: the answer holds for this page only.
const Unkept = "ledger"

// unkept is what is left of an answer when the visit could not be committed: a
// full ledger keeps no page from its campaigns. The error comes with it, for
// events that were to be kept.
func (a Answer) unkept(err error) (Answer, error) {
	if a.Decision == nil || !errors.Is(err, ledger.ErrFull) {
		return Answer{}, err
	}
	a.Decision.Degraded = append(a.Decision.Degraded, Unkept)
	return a, err
}
