package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"
)

// Outgoing is something to be sent out of the house, kept until it has been
// taken there or nobody tries any more.
type Outgoing struct {
	Due  int64  // milliseconds since 1970: when it is to be tried; Never keeps it to be looked at
	ID   string // no zero byte
	Body []byte // what the engine writes and the outbox reads
}

// Never is when something is tried that was given up.
const Never = math.MaxInt64

func (o *Outgoing) key() []byte {
	return append(binary.BigEndian.AppendUint64([]byte{'o'}, uint64(max(o.Due, 0))), o.ID...)
}

// Outgoing gives what is due from one moment up to another, the earliest
// first, at most most of them.
func (l *Ledger) Outgoing(from, upTo int64, most int) ([]Outgoing, error) {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: (&Outgoing{Due: from}).key(), UpperBound: []byte{'o' + 1}})
	if err != nil {
		return nil, fmt.Errorf("ledger could not be read: %w", err)
	}
	defer it.Close()
	var out []Outgoing
	for it.First(); it.Valid() && len(out) < most; it.Next() {
		o := Outgoing{Due: int64(binary.BigEndian.Uint64(it.Key()[1:9])), ID: string(it.Key()[9:])}
		if o.Due > upTo {
			break
		}
		body, err := it.ValueAndErr()
		if err != nil {
			return nil, fmt.Errorf("ledger could not be read: %w", err)
		}
		o.Body = bytes.Clone(body)
		out = append(out, o)
	}
	return out, it.Error()
}

// EachOutgoing hands over all that is to be sent or was given up, the earliest
// first. Bodies are only lent; what each changes is not met again.
func (l *Ledger) EachOutgoing(each func(Outgoing) error) error {
	return l.walk([]byte{'o'}, func(key, body []byte) error {
		return each(Outgoing{Due: int64(binary.BigEndian.Uint64(key[:8])), ID: string(key[8:]), Body: body})
	})
}

// Sent forgets o: it has been taken. Durable when it returns.
func (l *Ledger) Sent(o Outgoing) error {
	if err := l.db.Delete(o.key(), pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not keep that %s was sent: %w", o.ID, err)
	}
	return nil
}

// Postpone puts next, of the same ID, in the place of o if that is still there.
// Durable when it returns.
func (l *Ledger) Postpone(o, next Outgoing) error {
	if still, err := l.get(o.key()); err != nil || still == nil {
		return err // its visitor was erased meanwhile
	}
	batch := l.db.NewBatch()
	defer batch.Close()
	if err := batch.Delete(o.key(), nil); err != nil {
		return err
	}
	if err := batch.Set(next.key(), next.Body, nil); err != nil {
		return err
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not keep when %s is tried again: %w", o.ID, err)
	}
	return nil
}

// hand writes what a visit sends out.
func (v *Visit) hand(batch *pebble.Batch) error {
	for i := range v.Out {
		if err := batch.Set(v.Out[i].key(), v.Out[i].Body, nil); err != nil {
			return err
		}
	}
	return nil
}
