package ledger

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Tomb is a keyed hash of an erased visitor's id: it is known again and tells
// nothing of the id. Its key is not in the ledger.
type Tomb [16]byte

func (t Tomb) key() []byte { return append([]byte{'x'}, t[:]...) }

// Record is a small durable text under a name, as Mark keeps it.
type Record struct {
	Name  string
	Value []byte
}

// Entomb sets tombstones and keeps records in one commit, fsynced when it
// returns. Under each tombstone stands the name of the first record, which says
// why. A tombstone is never taken away.
func (l *Ledger) Entomb(tombs []Tomb, records ...Record) error {
	batch := l.db.NewBatch()
	defer batch.Close()
	why := ""
	for i, r := range records {
		if i == 0 {
			why = r.Name
		}
		if err := batch.Set(markKey(r.Name), r.Value, nil); err != nil {
			return err
		}
	}
	for _, t := range tombs {
		if err := batch.Set(t.key(), []byte(why), nil); err != nil {
			return err
		}
	}
	if len(tombs) > 0 {
		l.entombed.Store(true) // before they stand, so that nobody looks past them
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not keep tombstones: %w", err)
	}
	return nil
}

// Tomb says whether this tombstone stands, and the name of the record of why.
// It costs nothing in a ledger that has none.
func (l *Ledger) Tomb(t Tomb) (why string, stands bool, err error) {
	if !l.entombed.Load() {
		return "", false, nil
	}
	value, err := l.get(t.key())
	return string(value), value != nil, err
}

// Tombs hands over every tombstone, for a restored ledger to take over: what
// was erased after the backup stays erased.
func (l *Ledger) Tombs(each func(Tomb) error) error {
	return l.walk([]byte{'x'}, func(key, _ []byte) error {
		if len(key) != len(Tomb{}) {
			return fmt.Errorf("a tombstone in the ledger has %d bytes", len(key))
		}
		return each(Tomb(key))
	})
}

// Marks hands over every record whose name begins with prefix, by name. The
// record is the caller's to keep.
func (l *Ledger) Marks(prefix string, each func(Record) error) error {
	return l.walk(markKey(prefix), func(rest, value []byte) error {
		return each(Record{Name: prefix + string(rest), Value: append([]byte(nil), value...)})
	})
}

// walk hands over what begins with prefix: the key's rest and the value, which
// live until each returns.
func (l *Ledger) walk(prefix []byte, each func(rest, value []byte) error) (err error) {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return fmt.Errorf("ledger could not be read: %w", err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("ledger could not be read: %w", err)
		}
		if err := each(it.Key()[len(prefix):], value); err != nil {
			return err
		}
	}
	return it.Error()
}

// after is the first key behind all that begin with prefix, which does not end
// in 0xff.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	end[len(end)-1]++
	return end
}

func (l *Ledger) recoverTombs() error {
	found := errors.New("one is enough")
	err := l.Tombs(func(Tomb) error { return found })
	if errors.Is(err, found) {
		l.entombed.Store(true)
		return nil
	}
	return err
}
