package ingest

import (
	"fmt"
	"strconv"
	"strings"
)

// Place is where an event stands in its ledger: the visit's sequence number,
// from 1, and the event's place in that visit, from 0.
type Place struct {
	Seq uint64
	Idx uint16
}

// String is seq/idx, as people write it.
func (p Place) String() string { return fmt.Sprintf("%d/%d", p.Seq, p.Idx) }

// Before is the order of the ledger.
func (p Place) Before(q Place) bool { return p.Seq < q.Seq || p.Seq == q.Seq && p.Idx < q.Idx }

// ParsePlace is String undone.
func ParsePlace(text string) (Place, error) {
	seq, idx, _ := strings.Cut(text, "/")
	s, err := strconv.ParseUint(seq, 10, 64)
	if err == nil && s > 0 {
		var i uint64
		if i, err = strconv.ParseUint(idx, 10, 16); err == nil {
			return Place{s, uint16(i)}, nil
		}
	}
	return Place{}, fmt.Errorf("%.40q is no place of an event: write seq/idx as omo dead list shows it, 1842/0 say", text)
}

// Dead is an event that the warehouse cannot take. It is kept in the ledger
// until it is sent again with success, or erased.
type Dead struct {
	Place
	At     int64  // when it was given up, milliseconds since 1970
	Reason string // what was said against it
	Raw    []byte // its canonical JSON, as it was committed
}

// Tally counts events over the life of a ledger. What moves an event from one
// number to another moves it in all of them at once.
type Tally struct {
	Last       uint64 // the last visit; Accepted and Duplicates are as of its commit or later
	Accepted   uint64 // events committed
	Duplicates uint64 // events turned away, since one of their id was committed before

	Dead      uint64 // in the dead letter now
	DeadBytes uint64 // that they take
	Replayed  uint64 // once dead, and in the warehouse since
	Erased    uint64 // erased while dead
}

// Replayed is what became of dead events that were sent again.
type Replayed struct {
	Loaded  int     // in the warehouse now, and dead no longer
	Still   []Dead  // still dead, with the reason of this time
	Unknown []Place // asked for, and not dead
}
