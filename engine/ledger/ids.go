package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// ID is an event's UUID.
type ID [16]byte

// idPeriod is the time after which ids are kept under a new prefix; an id is
// looked for in the present period and the one before, so it is kept for one
// to two periods, longer than any client goes on retrying.
const idPeriod = 8 * 24 * time.Hour

// idPeriods knows the present period. Whole old periods are dropped at once.
type idPeriods struct {
	now    atomic.Uint32
	filter idFilter
}

func (p *idPeriods) key(id ID) []byte { return idKey(p.now.Load(), id) }

// idAt is where in its key an id begins.
const idAt = 1 + 4

func idKey(period uint32, id ID) []byte {
	key := append(make([]byte, 0, idAt+len(id)), 'i')
	key = binary.BigEndian.AppendUint32(key, period)
	return append(key, id[:]...)
}

// periodOf counts periods since 1970, from 1, so that there is always one before.
func periodOf(t time.Time) uint32 {
	return uint32(max(0, t.UnixMilli())/idPeriod.Milliseconds()) + 1
}

// Seen says of each id whether an event with it was accepted within the last 8
// days. Many are looked for at once: making ready to look costs more than a look.
func (l *Ledger) Seen(ids ...ID) ([]bool, error) {
	if err := l.turnPeriod(); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, nil
	}
	some, seen := l.ids.filter.mayHold(ids)
	if !some {
		return seen, nil
	}
	var none ID
	now := l.ids.now.Load()
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: idKey(now-1, none), UpperBound: idKey(now+1, none)})
	if err != nil {
		return nil, fmt.Errorf("ledger could not read: %w", err)
	}
	for i, id := range ids {
		if !seen[i] {
			continue
		}
		key := idKey(now, id)
		// A prefix is a whole key here: the filters answer for what was never seen.
		seen[i] = it.SeekPrefixGE(key)
		if !seen[i] {
			binary.BigEndian.PutUint32(key[1:], now-1)
			seen[i] = it.SeekPrefixGE(key)
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return nil, fmt.Errorf("ledger could not read: %w", err)
	}
	return seen, nil
}

func (l *Ledger) recoverPeriods() error {
	is := periodOf(l.now())
	l.ids.now.Store(is)
	l.ids.filter.refill = make(chan struct{}, 1)
	l.ids.filter.ask()
	return l.dropIDsBefore(is - 1)
}

// turnPeriod moves to the present period. A clock set back changes nothing:
// periods only grow, so an id is never looked for where it was not written.
func (l *Ledger) turnPeriod() error {
	was, is := l.ids.now.Load(), periodOf(l.now())
	if is <= was || !l.ids.now.CompareAndSwap(was, is) {
		return nil
	}
	l.ids.filter.ask()
	return l.dropIDsBefore(is - 1)
}

func (l *Ledger) dropIDsBefore(period uint32) error {
	var none ID
	return l.db.DeleteRange(idKey(0, none), idKey(period, none), pebble.NoSync)
}
