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
type idPeriods struct{ now atomic.Uint32 }

func (p *idPeriods) key(id ID) []byte { return idKey(p.now.Load(), id) }

func idKey(period uint32, id ID) []byte {
	key := append(make([]byte, 0, 1+4+len(id)), 'i')
	key = binary.BigEndian.AppendUint32(key, period)
	return append(key, id[:]...)
}

// periodOf counts periods since 1970, from 1, so that there is always one before.
func periodOf(t time.Time) uint32 {
	return uint32(max(0, t.UnixMilli())/idPeriod.Milliseconds()) + 1
}

// Seen says whether an event with this id was accepted within the last 8 days.
func (l *Ledger) Seen(id ID) (bool, error) {
	if err := l.turnPeriod(); err != nil {
		return false, err
	}
	now := l.ids.now.Load()
	key := idKey(now, id)
	if found, err := l.has(key); found || err != nil {
		return found, err
	}
	binary.BigEndian.PutUint32(key[1:], now-1)
	return l.has(key)
}

func (l *Ledger) has(key []byte) (bool, error) {
	_, closer, err := l.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ledger could not read: %w", err)
	}
	return true, closer.Close()
}

func (l *Ledger) recoverPeriods() error {
	is := periodOf(l.now())
	l.ids.now.Store(is)
	return l.dropIDsBefore(is - 1)
}

// turnPeriod moves to the present period. A clock set back changes nothing:
// periods only grow, so an id is never looked for where it was not written.
func (l *Ledger) turnPeriod() error {
	was, is := l.ids.now.Load(), periodOf(l.now())
	if is <= was || !l.ids.now.CompareAndSwap(was, is) {
		return nil
	}
	return l.dropIDsBefore(is - 1)
}

func (l *Ledger) dropIDsBefore(period uint32) error {
	var none ID
	return l.db.DeleteRange(idKey(0, none), idKey(period, none), pebble.NoSync)
}
