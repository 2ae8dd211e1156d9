package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// Visit is what one visit of one visitor adds, all of it or nothing.
type Visit struct {
	Visitor string   // "" for events of no visitor
	Events  [][]byte // canonical JSON, in order
	IDs     []ID     // of those events a client may send again
	Profile []byte   // as the events left it; nil writes none

	Person, Unit string  // the person's bucketing unit from now on; "" writes none
	Begun, Over  []Timer // timers that run from now on, and those that no longer do
	Out          []Outgoing
	Alias        Alias // a visitor that shares this profile from now on

	Claims   []Claim     // codes that were picked and are the visitor's from now on
	Redeemed *Redemption // a code that was redeemed

	Records []Record // as Mark keeps them
}

// Commit applies v and gives its sequence number; a visit without events takes
// none, and the answer is the last one. Later reads see it at once; it is
// durable after the next Sync. Where there is no room for a visitor's events, or
// for what is to be sent, the error is ErrFull, and nothing of v is kept.
func (l *Ledger) Commit(v Visit) (uint64, error) {
	if err := l.turnPeriod(); err != nil {
		return 0, fmt.Errorf("ledger could not drop old event ids: %w", err)
	}
	size := countsLen + framedLen(v.Events)
	if len(v.Events) > 0 && v.Visitor != "" {
		if err := l.room.admit(size); err != nil {
			return 0, err
		}
	}
	if err := l.post(v.Out); err != nil {
		return 0, err
	}
	committed := false
	defer func() { // behind the order's lock
		if committed {
			l.settle(&v)
		} else {
			l.gone(v.Out)
		}
	}()
	unlock, err := l.stillAside(v.Redeemed)
	defer unlock()
	if err != nil {
		return 0, err
	}
	batch := l.db.NewBatch()
	defer batch.Close()
	if v.Profile != nil {
		if err := batch.Set(profileKey(v.Visitor), v.Profile, nil); err != nil {
			return 0, err
		}
	}
	for _, id := range v.IDs {
		if err := batch.Set(l.ids.key(id), nil, nil); err != nil {
			return 0, err
		}
	}
	if err := v.beside(batch); err != nil {
		return 0, err
	}
	var events *pebble.DeferredBatchOp
	if len(v.Events) > 0 {
		events = batch.SetDeferred(len(eventKey(0)), size)
		frame(events.Value[:countsLen], v.Events)
	}

	l.order.Lock()
	defer l.order.Unlock()
	seq, counted := l.last, l.counts.with(len(v.Events))
	if events != nil {
		seq++
		copy(events.Key, eventKey(seq))
		counted.append(events.Value[:0])
		if err := events.Finish(); err != nil {
			return 0, err
		}
	}
	l.ids.filter.add(v.IDs)
	crash.Point("commit.before")
	if err := l.db.Apply(batch, pebble.NoSync); err != nil {
		return 0, fmt.Errorf("ledger could not commit: %w", err)
	}
	if events != nil {
		l.room.add(seq, size)
	}
	l.last, l.counts, committed = seq, counted, true
	return seq, nil
}

// beside writes what a visit rarely has.
func (v *Visit) beside(batch *pebble.Batch) error {
	for _, r := range v.Records {
		if err := batch.Set(markKey(r.Name), r.Value, nil); err != nil {
			return err
		}
	}
	if v.Person != "" {
		if err := batch.Set(unitKey(v.Person), []byte(v.Unit), nil); err != nil {
			return err
		}
	}
	if err := v.hand(batch); err != nil {
		return err
	}
	if err := v.claim(batch); err != nil {
		return err
	}
	if err := v.Alias.write(batch); err != nil {
		return err
	}
	for _, t := range v.Over {
		if err := batch.Delete(t.key(), nil); err != nil {
			return err
		}
	}
	for _, t := range v.Begun {
		if err := batch.Set(t.key(), nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// Unit gives a person's bucketing unit, "" when none is known.
func (l *Ledger) Unit(person string) (string, error) {
	unit, err := l.get(unitKey(person))
	return string(unit), err
}

func unitKey(person string) []byte { return append([]byte{'u'}, person...) }

// Profile gives a visitor's profile, nil when there is none.
func (l *Ledger) Profile(visitor string) ([]byte, error) { return l.get(profileKey(visitor)) }

// Mark keeps a small record under a name, fsynced when it returns.
func (l *Ledger) Mark(name string, value []byte) error {
	if err := l.db.Set(markKey(name), value, pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not keep %s: %w", name, err)
	}
	return nil
}

// Marked gives the record kept under a name, nil when there is none.
func (l *Ledger) Marked(name string) ([]byte, error) { return l.get(markKey(name)) }

func (l *Ledger) get(key []byte) ([]byte, error) {
	value, closer, err := l.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger could not read: %w", err)
	}
	own := append(make([]byte, 0, len(value)), value...)
	return own, closer.Close()
}

func markKey(name string) []byte { return append([]byte{'m'}, name...) }

func profileKey(visitor string) []byte {
	return append(append(make([]byte, 0, 1+len(visitor)), 'p'), visitor...)
}

func eventKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 10), 'e'), seq) // and room for one more
}

// framedLen is how long frame's answer is.
func framedLen(events [][]byte) int {
	var room [binary.MaxVarintLen64]byte
	size := 0
	for _, e := range events {
		size += binary.PutUvarint(room[:], uint64(len(e))) + len(e)
	}
	return size
}

// frame writes each event behind its length.
func frame(out []byte, events [][]byte) []byte {
	for _, e := range events {
		out = binary.AppendUvarint(out, uint64(len(e)))
		out = append(out, e...)
	}
	return out
}

// splitEvents gives the events of a visit's value: frame undone, behind the
// counts. The parts share value's memory.
func splitEvents(value []byte) ([][]byte, error) {
	_, value, err := cutCounts(value)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for len(value) > 0 {
		n, used := binary.Uvarint(value)
		if used <= 0 || n > uint64(len(value)-used) {
			return nil, errors.New("a visit's events are cut short")
		}
		out = append(out, value[used:used+int(n)])
		value = value[used+int(n):]
	}
	return out, nil
}
