package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Forgotten is what Forget took away.
type Forgotten struct {
	Profiles, Timers, Persons int
	Codes                     int // coupon codes that bear no name any more; they stay spent
}

// Forget takes away what is kept of one visitor beside its events: the profile,
// its timers, the person's bucketing unit where that is this visitor's, and of
// it and the browsers that shared the profile the aliases and the names on
// coupon codes. It is one commit, durable after the next Sync, and may be repeated.
func (l *Ledger) Forget(visitor string, timers []Timer, person string, browsers ...string) (Forgotten, error) {
	var out Forgotten
	batch := l.db.NewBatch()
	defer batch.Close()
	for _, t := range timers {
		there, err := l.has(t.key())
		if err != nil {
			return out, err
		}
		if there {
			out.Timers++
		}
		if err := batch.Delete(t.key(), nil); err != nil {
			return out, err
		}
	}
	profile, err := l.has(profileKey(visitor))
	if err != nil {
		return out, err
	}
	if profile {
		out.Profiles++
		if err := batch.Delete(profileKey(visitor), nil); err != nil {
			return out, err
		}
	}
	if person != "" {
		unit, err := l.Unit(person)
		if err != nil {
			return out, err
		}
		if unit == visitor {
			out.Persons++
			if err := batch.Delete(unitKey(person), nil); err != nil {
				return out, err
			}
		}
	}
	for _, v := range append([]string{visitor}, browsers...) {
		codes, err := l.disown(v, batch)
		if err != nil {
			return out, err
		}
		out.Codes += codes
		if err := batch.Delete(aliasKey(v), nil); err != nil {
			return out, err
		}
	}
	// The empty record makes the next Sync cover what took no number.
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return out, fmt.Errorf("ledger could not forget a visitor: %w", err)
	}
	return out, nil
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

// Sweep empties the visits after..upTo of visitors that gone names, looking at
// most at so many, and gives the last one it looked at and how many events it
// took from whom. An emptied visit keeps its number. The records that note
// makes of the outcome are kept in the same commit, fsynced: a sweep that was
// interrupted goes on where it was, and counts no event twice.
func (l *Ledger) Sweep(after, upTo uint64, most int, gone func(visitor string) bool, note func(next uint64, taken map[string]int) ([]Record, error)) (next uint64, err error) {
	batch := l.db.NewBatch()
	defer batch.Close()
	next, taken, err := l.empty(batch, after, upTo, most, gone)
	if err != nil {
		return after, err
	}
	records, err := note(next, taken)
	if err != nil {
		return after, err
	}
	for _, r := range records {
		if err := batch.Set(markKey(r.Name), r.Value, nil); err != nil {
			return after, err
		}
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return after, fmt.Errorf("ledger could not be swept: %w", err)
	}
	return next, nil
}

func (l *Ledger) empty(batch *pebble.Batch, after, upTo uint64, most int, gone func(string) bool) (next uint64, taken map[string]int, err error) {
	taken = map[string]int{}
	if after >= upTo {
		return upTo, taken, nil
	}
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: eventKey(after + 1), UpperBound: append(eventKey(upTo), 0)})
	if err != nil {
		return after, nil, fmt.Errorf("ledger could not be read: %w", err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	looked := 0
	for it.First(); it.Valid(); it.Next() {
		if looked++; looked > most {
			return next, taken, nil
		}
		next = binary.BigEndian.Uint64(it.Key()[1:])
		value, err := it.ValueAndErr()
		if err != nil {
			return after, nil, fmt.Errorf("ledger could not read visit %d: %w", next, err)
		}
		theirs, err := eventsOf(value, gone)
		if err != nil {
			return after, nil, fmt.Errorf("ledger, visit %d: %w", next, err)
		}
		if theirs == nil {
			continue
		}
		for visitor, n := range theirs {
			taken[visitor] += n
		}
		if err := batch.Set(it.Key(), value[:countsLen], nil); err != nil {
			return after, nil, err
		}
	}
	return upTo, taken, it.Error()
}

// eventsOf is how many events each visitor has in a visit, nil where it is not the
// visit of one who is gone. A visit is one visitor's; that by which a browser comes
// to its person tells it in the history of the other one too, who goes with it.
func eventsOf(value []byte, gone func(string) bool) (map[string]int, error) {
	events, err := splitEvents(value)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	first, err := visitorIn(events[0])
	if err != nil || first == "" || !gone(first) {
		return nil, err
	}
	of := map[string]int{first: 1}
	for _, raw := range events[1:] {
		visitor, err := visitorIn(raw)
		if err != nil {
			return nil, err
		}
		if visitor != first && !gone(visitor) {
			visitor = first
		}
		of[visitor]++
	}
	return of, nil
}

// visitorIn reads an event's visitor. The canonical form has it second, behind
// an id without quotes in it: a day's events are not parsed for one name.
func visitorIn(raw []byte) (string, error) {
	const key = `,"visitor":"`
	if at := bytes.Index(raw[:min(len(raw), 64)], []byte(key)); at > 0 && bytes.HasPrefix(raw, []byte(`{"id":"`)) {
		text := raw[at+len(key):]
		if end := bytes.IndexAny(text, `"\`); end >= 0 && text[end] == '"' {
			return string(text[:end]), nil
		}
	}
	event, err := ingest.Parse(raw)
	return event.Visitor, err
}
