package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// counts are of all events of all visits up to one. Each commit keeps them
// beside its visit, so that whoever passed that visit can prove his own count.
type counts struct{ accepted, duplicates uint64 }

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
	value, err := l.get(countKey(seq))
	if err != nil {
		return 0, err
	}
	if value == nil {
		return 0, fmt.Errorf("ledger has no count of events up to visit %d", seq)
	}
	c, err := readCounts(value)
	return c.accepted, err
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
		if value := it.LazyValue(); value.Len() > 0 {
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

// count adds a visit's events to the counts, into the batch of its commit. The
// caller holds order and keeps what comes back once the batch is applied.
func (l *Ledger) count(batch *pebble.Batch, seq uint64, events int) (counts, error) {
	c := l.counts
	c.accepted += uint64(events)
	var room [2 * binary.MaxVarintLen64]byte
	value := binary.AppendUvarint(binary.AppendUvarint(room[:0], c.accepted), c.duplicates)
	return c, batch.Set(countKey(seq), value, nil)
}

func (l *Ledger) recoverCounts() error {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: []byte{'n'}, UpperBound: []byte{'n' + 1}})
	if err != nil {
		return err
	}
	defer it.Close()
	if !it.Last() {
		return it.Error()
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return err
	}
	l.counts, err = readCounts(value)
	return err
}

func readCounts(value []byte) (c counts, err error) {
	accepted, n := binary.Uvarint(value)
	if n <= 0 {
		return counts{}, errors.New("ledger's count of events is damaged")
	}
	duplicates, m := binary.Uvarint(value[n:])
	if m <= 0 {
		return counts{}, errors.New("ledger's count of duplicates is damaged")
	}
	return counts{accepted, duplicates}, nil
}

func countKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 9), 'n'), seq)
}
