package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// Erasure is the work of forgetting visitors, and in the end its receipt, which
// tells no id any more. Its JSON is what the ledger keeps, for good.
type Erasure struct {
	ID       string            `json:"id"`
	Asked    time.Time         `json:"asked"`
	Done     time.Time         `json:"done,omitzero"`
	Visitors []string          `json:"visitors,omitempty"` // until it is done
	User     string            `json:"user,omitempty"`     // whose browsers all go, where a person was named; until it is done
	Count    int               `json:"count"`              // of visitors
	Removed  map[string]uint64 `json:"removed"`            // by place: profiles, timers, persons, ledger_events, and rows of each table of the warehouse

	Each []map[string]uint64 `json:"each,omitempty"` // Removed of each of Visitors, in their order, also when they are named no more; nil of more than eachAtMost

	Forgotten bool   `json:"forgotten,omitempty"` // profiles and what hangs on them are gone
	Searched  bool   `json:"searched,omitempty"`  // all browsers of User are among Visitors
	UpTo      uint64 `json:"up_to,omitempty"`     // no later visit in the ledger is theirs
	Swept     uint64 `json:"swept,omitempty"`     // the ledger has no event of theirs up to here
}

// ErasureMark and an erasure's id make the name of its record in the ledger.
const ErasureMark = "erasure/"

func (x *Erasure) record() (ledger.Record, error) {
	raw, err := json.Marshal(x)
	return ledger.Record{Name: ErasureMark + x.ID, Value: raw}, err
}

// Stage is what is being done: "profile", "ledger", "warehouse" or "done".
func (x *Erasure) Stage() string {
	switch {
	case !x.Done.IsZero():
		return "done"
	case !x.Forgotten:
		return "profile"
	case x.Swept < x.UpTo:
		return "ledger"
	default:
		return "warehouse"
	}
}

func readErasure(r ledger.Record) (*Erasure, error) {
	x := &Erasure{}
	if err := json.Unmarshal(r.Value, x); err != nil {
		return nil, fmt.Errorf("the record %s kept in the ledger cannot be read: %w", r.Name, err)
	}
	return x, nil
}

// eachAtMost is of how many visitors a receipt counts each alone: its record is
// written anew at every step.
const eachAtMost = 100

// name adds visitors.
func (x *Erasure) name(visitors ...string) {
	x.Visitors = append(x.Visitors, visitors...)
	if x.Count = len(x.Visitors); x.Count > eachAtMost {
		x.Each = nil
		return
	}
	for len(x.Each) < x.Count {
		x.Each = append(x.Each, map[string]uint64{})
	}
}

// of is what was removed of one visitor; nil where each is not counted.
func (x *Erasure) of(visitor string) map[string]uint64 {
	if i := slices.Index(x.Visitors, visitor); i >= 0 && i < len(x.Each) {
		return x.Each[i]
	}
	return nil
}

func (x *Erasure) remove(visitor, place string, n int) {
	x.Removed[place] += uint64(n)
	if of := x.of(visitor); of != nil && n > 0 {
		of[place] += uint64(n)
	}
}
