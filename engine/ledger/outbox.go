package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

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

// Bounds of what is to be sent, with what was given up.
const (
	DefaultLetters     = 100_000
	DefaultLetterBytes = 256 << 20
)

// Letters is how much the outbox holds and may hold.
type Letters struct {
	Count, GivenUp int // GivenUp are among Count
	Bytes          int64
	Most           int // letters, and
	MostBytes      int64
	Refused        int64 // visits refused since the start, since what they send had no room
	Full           bool  // the last visit that sends something was, and there is hardly more room since
}

// mail is Letters as it is kept up to date.
type mail struct {
	turn sync.Mutex // what is kept already changes one at a time
	mu   sync.Mutex
	Letters
}

func (o *Outgoing) key() []byte {
	return append(binary.BigEndian.AppendUint64([]byte{'o'}, uint64(max(o.Due, 0))), o.ID...)
}

func (o *Outgoing) size() int64 { return int64(9 + len(o.ID) + len(o.Body)) }

// Letters tells how much is to be sent. Cheap: nothing is read.
func (l *Ledger) Letters() Letters {
	l.mail.mu.Lock()
	defer l.mail.mu.Unlock()
	return l.mail.Letters
}

// post takes what a visit sends, or none of it: ErrFull.
func (l *Ledger) post(out []Outgoing) error {
	if len(out) == 0 {
		return nil
	}
	m := &l.mail
	m.mu.Lock()
	defer m.mu.Unlock()
	count, givenUp, size := m.Count+len(out), m.GivenUp, m.Bytes
	for i := range out {
		size += out[i].size()
		if out[i].Due == Never {
			givenUp++
		}
	}
	if count > m.Most || size > m.MostBytes {
		if !m.Full {
			l.log.Error("the outbox is full: events that send something are refused until receivers take what waits; omo outbox list shows it", "letters", m.Count, "bytes", m.Bytes)
		}
		m.Full = true
		m.Refused++
		return fmt.Errorf("%w: %d webhooks and e-mails (%s) wait in the outbox, which takes %d and %s (--outbox-cap); they go once their receivers take them: omo outbox list", ErrFull, m.Count, sized(m.Bytes), m.Most, sized(m.MostBytes))
	}
	m.Count, m.GivenUp, m.Bytes = count, givenUp, size
	if m.Full {
		l.notFull()
	}
	return nil
}

// gone notes that letters are there no more. It ends Full where an eighth of the
// room is free: perhaps nobody sends any more who would find out.
func (l *Ledger) gone(out []Outgoing) {
	m := &l.mail
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range out {
		m.Count--
		m.Bytes -= out[i].size()
		if out[i].Due == Never {
			m.GivenUp--
		}
	}
	if m.Full && m.Count <= m.Most/8*7 && m.Bytes <= m.MostBytes/8*7 {
		l.notFull()
	}
}

// notFull is told with the mail locked.
func (l *Ledger) notFull() {
	l.mail.Full = false
	l.log.Info("the outbox has room again")
}

func (m *mail) came(o *Outgoing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Count++
	m.Bytes += o.size()
	if o.Due == Never {
		m.GivenUp++
	}
}

// recoverMail counts what is to be sent.
func (l *Ledger) recoverMail() error {
	return l.EachOutgoing(func(o Outgoing) error { l.mail.came(&o); return nil })
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

// GivenUp gives the letter of an id that was given up; none where there is none.
func (l *Ledger) GivenUp(id string) ([]Outgoing, error) {
	o := Outgoing{Due: Never, ID: id}
	var err error
	if o.Body, err = l.get(o.key()); err != nil || o.Body == nil {
		return nil, err
	}
	return []Outgoing{o}, nil
}

// EachGivenUp hands over all that was given up, by id. Bodies are only lent.
func (l *Ledger) EachGivenUp(each func(Outgoing) error) (err error) {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: (&Outgoing{Due: Never}).key(), UpperBound: []byte{'o' + 1}})
	if err != nil {
		return fmt.Errorf("ledger could not be read: %w", err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		body, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("ledger could not be read: %w", err)
		}
		if err := each(Outgoing{Due: Never, ID: string(it.Key()[9:]), Body: body}); err != nil {
			return err
		}
	}
	return it.Error()
}

// EachOutgoing hands over all that is to be sent or was given up, the earliest
// first. Bodies are only lent; what each changes is not met again.
func (l *Ledger) EachOutgoing(each func(Outgoing) error) error {
	return l.walk([]byte{'o'}, func(key, body []byte) error {
		return each(Outgoing{Due: int64(binary.BigEndian.Uint64(key[:8])), ID: string(key[8:]), Body: body})
	})
}

// Sent forgets what has been taken, or is not to be sent any more, and says how
// many of it were still there. Durable when it returns.
func (l *Ledger) Sent(out ...Outgoing) (int, error) {
	l.mail.turn.Lock()
	defer l.mail.turn.Unlock()
	batch := l.db.NewBatch()
	defer batch.Close()
	var there []Outgoing
	for _, o := range out {
		body, err := l.get(o.key())
		if err != nil {
			return 0, err
		}
		if body == nil { // its visitor was erased meanwhile
			continue
		}
		there = append(there, Outgoing{o.Due, o.ID, body})
		if err := batch.Delete(o.key(), nil); err != nil {
			return 0, err
		}
	}
	if len(there) == 0 {
		return 0, nil
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return 0, fmt.Errorf("ledger could not keep that %d letters were sent, %s first: %w", len(there), there[0].ID, err)
	}
	l.gone(there)
	return len(there), nil
}

// Postpone puts next, of the same ID, in the place of o if that is still there.
// Durable when it returns.
func (l *Ledger) Postpone(o, next Outgoing) error {
	l.mail.turn.Lock()
	defer l.mail.turn.Unlock()
	still, err := l.get(o.key())
	if err != nil || still == nil {
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
	l.gone([]Outgoing{{o.Due, o.ID, still}})
	l.mail.came(&next)
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
