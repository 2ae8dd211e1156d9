package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// counts are of all events of all visits up to one. Each visit's value begins
// with them, so that whoever passed that visit can prove his own count; those of
// the last trimmed visit stand in the floor.
type counts struct{ accepted, duplicates uint64 }

// countsLen is the length of counts as bytes: two big-endian integers.
const countsLen = 16

// Repeated counts n events that were turned away, since one of their id was
// accepted before. The number is durable with the next visit's commit.
func (l *Ledger) Repeated(n int) {
	l.order.Lock()
	defer l.order.Unlock()
	l.counts.duplicates += uint64(n)
}

// Accepted is how many events were committed up to and including a visit, those
// that were trimmed or erased since counted too. Visits before the last trimmed
// one are an error.
func (l *Ledger) Accepted(seq uint64) (uint64, error) {
	if seq == 0 {
		return 0, nil
	}
	value, err := l.get(eventKey(seq))
	if err != nil {
		return 0, err
	}
	if value != nil {
		c, _, err := cutCounts(value)
		return c.accepted, err
	}
	floor, counted, err := l.floor() // after the look: it may be trimmed meanwhile
	if err == nil && seq != floor {
		err = fmt.Errorf("ledger has no count of events up to visit %d", seq)
	}
	return counted.accepted, err
}

// Erased is how many events the visits after < seq <= upTo had before they were
// erased: such a visit keeps its number and nothing else. A visit that is not
// there at all is not counted.
func (l *Ledger) Erased(after, upTo uint64) (uint64, error) {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: eventKey(after + 1), UpperBound: append(eventKey(upTo), 0)})
	if err != nil {
		return 0, fmt.Errorf("ledger could not be read: %w", err)
	}
	defer it.Close()
	erased := uint64(0)
	for it.First(); it.Valid(); it.Next() {
		if value := it.LazyValue(); value.Len() > countsLen {
			continue
		}
		seq := binary.BigEndian.Uint64(it.Key()[1:])
		with, err := l.Accepted(seq)
		if err != nil {
			return 0, err
		}
		without, err := l.Accepted(seq - 1)
		if err != nil {
			return 0, err
		}
		erased += with - without
	}
	return erased, it.Error()
}

// Tally counts events over the ledger's life.
func (l *Ledger) Tally() ingest.Tally {
	l.order.Lock()
	t := ingest.Tally{Last: l.last, Accepted: l.counts.accepted, Duplicates: l.counts.duplicates}
	l.order.Unlock()
	l.letter.mu.Lock()
	defer l.letter.mu.Unlock()
	t.Dead, t.DeadBytes = l.letter.count, l.letter.bytes
	t.Replayed, t.Erased = l.letter.gone.Replayed, l.letter.gone.Erased
	return t
}

// with is the counts after n more events were accepted.
func (c counts) with(n int) counts {
	c.accepted += uint64(n)
	return c
}

// append writes the counts behind out.
func (c counts) append(out []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(out, c.accepted), c.duplicates)
}

// cutCounts takes the counts off a value's front.
func cutCounts(value []byte) (c counts, rest []byte, err error) {
	if len(value) < countsLen {
		return counts{}, nil, errors.New("a visit's count of events is cut short")
	}
	c.accepted = binary.BigEndian.Uint64(value)
	c.duplicates = binary.BigEndian.Uint64(value[8:])
	return c, value[countsLen:], nil
}
