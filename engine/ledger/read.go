package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// Read gives the events of whole visits with after < seq <= upTo, in order,
// stopping before the visit that would pass max events; at least one visit if
// there is any. Seq and Idx are set, Props are not parsed.
func (l *Ledger) Read(ctx context.Context, after, upTo uint64, max int) ([]ingest.Record, error) {
	if after >= upTo {
		return nil, nil
	}
	// The key of upTo itself is the last one before that key and a zero byte.
	it, err := l.db.NewIterWithContext(ctx, &pebble.IterOptions{
		LowerBound: eventKey(after + 1), UpperBound: append(eventKey(upTo), 0),
	})
	if err != nil {
		return nil, fmt.Errorf("ledger could not be read: %w", err)
	}
	defer it.Close()
	out := make([]ingest.Record, 0, min(uint64(max), 4*(upTo-after))) // a visit has few events
	for it.First(); it.Valid(); it.Next() {
		seq := binary.BigEndian.Uint64(it.Key()[1:])
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, fmt.Errorf("ledger could not read visit %d: %w", seq, err)
		}
		events, err := splitEvents(append([]byte(nil), value...))
		if err != nil {
			return nil, fmt.Errorf("ledger, visit %d: %w", seq, err)
		}
		if len(out) > 0 && len(out)+len(events) > max {
			break
		}
		for i, raw := range events {
			event, err := ingest.Parse(raw)
			if err != nil {
				return nil, fmt.Errorf("ledger, event %d of visit %d: %w", i, seq, err)
			}
			event.Seq, event.Idx = seq, uint16(i)
			out = append(out, ingest.Record{Event: event, Raw: raw})
		}
	}
	return out, it.Error()
}

// Trim forgets the events of visits up to and including seq. Profiles, ids
// and marks stay; numbers go on growing.
func (l *Ledger) Trim(seq uint64) error {
	seq = min(seq, l.Last())
	floor, err := l.Floor()
	if err != nil || seq <= floor {
		return err
	}
	raised, err := l.floorAt(seq)
	if err != nil {
		return err
	}
	batch := l.db.NewBatch()
	defer batch.Close()
	if err := batch.Set(markKey(floorMark), raised, nil); err != nil {
		return err
	}
	if err := batch.DeleteRange(eventKey(0), eventKey(seq+1), nil); err != nil {
		return err
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not be trimmed: %w", err)
	}
	crash.Point("trim.middle")
	l.order.Lock()
	defer l.order.Unlock()
	l.room.trimmed(seq)
	return nil
}

// Reclaim gives the space of what was trimmed back to the disk, which otherwise
// happens in the store's own time. It takes seconds for each GiB.
func (l *Ledger) Reclaim(ctx context.Context) error {
	floor, err := l.Floor()
	if err != nil || floor == 0 {
		return err
	}
	if err := l.db.Compact(ctx, eventKey(0), eventKey(floor+1), false); err != nil {
		return fmt.Errorf("ledger could not give back the space of what was trimmed: %w", err)
	}
	return nil
}

// floorMark holds the last sequence number that was trimmed, and the counts up to it.
const floorMark = "seq-floor"

// Floor is the last sequence number that was trimmed, 0 where none was.
func (l *Ledger) Floor() (uint64, error) {
	seq, _, err := l.floor()
	return seq, err
}

func (l *Ledger) floor() (seq uint64, c counts, err error) {
	value, err := l.Marked(floorMark)
	if err != nil || value == nil {
		return 0, counts{}, err
	}
	if len(value) != 8+countsLen {
		return 0, counts{}, errors.New("ledger's floor is damaged")
	}
	c, _, err = cutCounts(value[8:])
	return binary.BigEndian.Uint64(value), c, err
}

// floorAt is the floor's record at a visit that is there.
func (l *Ledger) floorAt(seq uint64) ([]byte, error) {
	value, err := l.get(eventKey(seq))
	if err != nil {
		return nil, err
	}
	c, _, err := cutCounts(value)
	if err != nil {
		return nil, fmt.Errorf("ledger, visit %d: %w", seq, err)
	}
	return c.append(binary.BigEndian.AppendUint64(nil, seq)), nil
}

// raiseFloor keeps numbers from being given twice.
func (l *Ledger) raiseFloor(seq uint64) error {
	return l.Mark(floorMark, l.counts.append(binary.BigEndian.AppendUint64(nil, seq)))
}
