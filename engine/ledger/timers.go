package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Timer is a moment at which something of one visitor comes due. It is known
// by all its fields; neither text holds a zero byte.
type Timer struct {
	Due     int64 // milliseconds since 1970, on this server's clock
	Visitor string
	Name    string // whose timer: a campaign
}

func (t Timer) key() []byte {
	key := binary.BigEndian.AppendUint64([]byte{'t'}, uint64(max(t.Due, 0)))
	return append(append(append(key, t.Visitor...), 0), t.Name...)
}

// Timers gives the timers due at or before a moment, the earliest first, at
// most max of them, and when the one after them is due: 0 where there is none.
func (l *Ledger) Timers(upTo int64, most int) (due []Timer, next int64, err error) {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: []byte{'t'}, UpperBound: []byte{'t' + 1}})
	if err != nil {
		return nil, 0, fmt.Errorf("ledger could not be read: %w", err)
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		at := int64(binary.BigEndian.Uint64(it.Key()[1:9]))
		if at > upTo || len(due) == most {
			return due, at, it.Error()
		}
		visitor, name, _ := bytes.Cut(it.Key()[9:], []byte{0})
		due = append(due, Timer{Due: at, Visitor: string(visitor), Name: string(name)})
	}
	return due, 0, it.Error()
}
