package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// letter is the dead letter's size and what became of those who left it.
type letter struct {
	mu           sync.Mutex // held over each change of the dead letter and its record
	count, bytes uint64
	gone         gone
}

// gone counts events that were dead and no longer are; kept as a mark.
type gone struct {
	Replayed uint64 `json:"replayed"`
	Erased   uint64 `json:"erased"`
}

const goneMark = "dead-gone"

// deadValue is what is kept of a dead event under its place.
type deadValue struct {
	At     int64  `json:"at"`
	Reason string `json:"reason"`
	Raw    []byte `json:"raw"`
}

// Settle keeps a record under a name as Mark does, and in the same durable
// write the events that died on the way to it.
func (l *Ledger) Settle(name string, value []byte, dead []ingest.Dead) error {
	if len(dead) == 0 {
		return l.Mark(name, value)
	}
	l.letter.mu.Lock()
	defer l.letter.mu.Unlock()
	batch := l.db.NewBatch()
	defer batch.Close()
	if err := batch.Set(markKey(name), value, nil); err != nil {
		return err
	}
	count, bytes := l.letter.count, l.letter.bytes
	for _, d := range dead {
		text, err := json.Marshal(deadValue{d.At, d.Reason, d.Raw})
		if err != nil {
			return fmt.Errorf("dead event %s: %w", d.Place, err)
		}
		before, err := l.get(deadKey(d.Place))
		if err != nil {
			return err
		}
		if before == nil {
			count++
		}
		bytes += uint64(len(text)) - uint64(len(before))
		if err := batch.Set(deadKey(d.Place), text, nil); err != nil {
			return err
		}
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not keep %d dead events: %w", len(dead), err)
	}
	l.letter.count, l.letter.bytes = count, bytes
	return nil
}

// Dead gives the dead letter in the ledger's order, after a place, at most max.
func (l *Ledger) Dead(after ingest.Place, max int) ([]ingest.Dead, error) {
	var out []ingest.Dead
	err := l.eachDead(append(deadKey(after), 0), func(p ingest.Place, value []byte) (bool, error) {
		d, err := readDead(p, value)
		if err != nil {
			return false, err
		}
		out = append(out, d)
		return len(out) < max, nil
	})
	return out, err
}

// DeadAt gives those of the dead letter that are at the places named.
func (l *Ledger) DeadAt(places []ingest.Place) ([]ingest.Dead, error) {
	var out []ingest.Dead
	for _, p := range places {
		value, err := l.get(deadKey(p))
		if err != nil {
			return nil, err
		}
		if value == nil {
			continue
		}
		d, err := readDead(p, value)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// Raise takes events out of the dead letter that are in the warehouse now.
func (l *Ledger) Raise(places []ingest.Place) error {
	l.letter.mu.Lock()
	defer l.letter.mu.Unlock()
	return l.leave(places, func(g *gone, n uint64) { g.Replayed += n })
}

// EraseDead takes a visitor's events out of the dead letter and says how many
// there were.
func (l *Ledger) EraseDead(visitor string) (int, error) {
	l.letter.mu.Lock()
	defer l.letter.mu.Unlock()
	var places []ingest.Place
	err := l.eachDead([]byte{'d'}, func(p ingest.Place, value []byte) (bool, error) {
		d, err := readDead(p, value)
		if err != nil {
			return false, err
		}
		event, err := ingest.Parse(d.Raw)
		if err != nil {
			return false, fmt.Errorf("dead event %s: %w", p, err)
		}
		if event.Visitor == visitor {
			places = append(places, p)
		}
		return true, nil
	})
	if err != nil {
		return 0, err
	}
	return len(places), l.leave(places, func(g *gone, n uint64) { g.Erased += n })
}

// DeadOf names the visitors in the dead letter that were known by a user_id.
func (l *Ledger) DeadOf(user string) (visitors []string, err error) {
	err = l.eachDead([]byte{'d'}, func(p ingest.Place, value []byte) (bool, error) {
		d, err := readDead(p, value)
		if err != nil {
			return false, err
		}
		event, err := ingest.Parse(d.Raw)
		if err != nil {
			return false, fmt.Errorf("dead event %s: %w", p, err)
		}
		if event.User == user {
			visitors = append(visitors, event.Visitor)
		}
		return true, nil
	})
	return visitors, err
}

// leave removes what is at the places, and counts it. The caller holds the lock.
func (l *Ledger) leave(places []ingest.Place, note func(*gone, uint64)) error {
	batch := l.db.NewBatch()
	defer batch.Close()
	count, bytes := uint64(0), uint64(0)
	for _, p := range places {
		value, err := l.get(deadKey(p))
		if err != nil {
			return err
		}
		if value == nil {
			continue
		}
		count, bytes = count+1, bytes+uint64(len(value))
		if err := batch.Delete(deadKey(p), nil); err != nil {
			return err
		}
	}
	if count == 0 {
		return nil
	}
	next := l.letter.gone
	note(&next, count)
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := batch.Set(markKey(goneMark), text, nil); err != nil {
		return err
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not remove %d dead events: %w", count, err)
	}
	l.letter.gone = next
	l.letter.count -= count
	l.letter.bytes -= bytes
	return nil
}

// recoverDead finds how large the dead letter is.
func (l *Ledger) recoverDead() error {
	value, err := l.Marked(goneMark)
	if err != nil {
		return err
	}
	if value != nil {
		if err := json.Unmarshal(value, &l.letter.gone); err != nil {
			return fmt.Errorf("the count of dead events that are dead no longer is damaged: %w", err)
		}
	}
	return l.eachDead([]byte{'d'}, func(_ ingest.Place, value []byte) (bool, error) {
		l.letter.count++
		l.letter.bytes += uint64(len(value))
		return true, nil
	})
}

// eachDead walks the dead letter from a key on until do has had enough.
func (l *Ledger) eachDead(from []byte, do func(ingest.Place, []byte) (more bool, err error)) error {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: []byte{'d' + 1}})
	if err != nil {
		return fmt.Errorf("dead letter could not be read: %w", err)
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("dead letter could not be read: %w", err)
		}
		more, err := do(ingest.Place{Seq: binary.BigEndian.Uint64(it.Key()[1:9]), Idx: binary.BigEndian.Uint16(it.Key()[9:])}, value)
		if err != nil || !more {
			return err
		}
	}
	return it.Error()
}

func readDead(p ingest.Place, value []byte) (ingest.Dead, error) {
	var v deadValue
	if err := json.Unmarshal(value, &v); err != nil {
		return ingest.Dead{}, fmt.Errorf("dead event %s is damaged: %w", p, err)
	}
	return ingest.Dead{Place: p, At: v.At, Reason: v.Reason, Raw: v.Raw}, nil
}

func deadKey(p ingest.Place) []byte {
	key := binary.BigEndian.AppendUint64(append(make([]byte, 0, 12), 'd'), p.Seq)
	return binary.BigEndian.AppendUint16(key, p.Idx)
}
