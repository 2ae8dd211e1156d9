package loader

import (
	"context"
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

const (
	// readAtOnce bounds what one read of the ledger brings into memory beyond a
	// full batch: an event is at most 32 KiB.
	readAtOnce = 2000
	// pollEvery finds what Changed did not tell.
	pollEvery = 200 * time.Millisecond
)

// batch is a range of whole visits and their rows.
type batch struct {
	from, to uint64 // seq of the first and last visit, both included
	token    string
	rows     []warehouse.Row
	bytes    int
	visits   uint64 // that have events
	closed   string // by what: rows, bytes, age or flush
	pending  bool   // its pending record is already kept
	split    bool   // it was refused whole, and goes in parts

	dead    []ingest.Dead // what cannot be a row, and what is refused for its data
	refused int           // how many of rows are dead

	first    time.Time // when the first of it was seen
	received int64     // of its first event, ms
}

// prepare reads and converts what comes after position and hands over each batch
// when it is full, old enough or asked for. While the batch waits to be taken it
// goes on filling. It returns when ctx is done.
func (l *Loader) prepare(ctx context.Context, position uint64, ready chan<- *batch) {
	b := l.fresh()
	read := position // up to here it is in b or handed over
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	age := time.NewTimer(time.Hour)
	defer age.Stop()
	trouble := newWait(l.config)
	for ctx.Err() == nil {
		changed := l.source.Changed() // before Durable: a move between the two is told
		durable := l.source.Durable()
		for read < durable && !l.full(b) {
			records, err := l.source.Read(ctx, read, durable, min(readAtOnce, l.config.MaxRows))
			if err != nil {
				if ctx.Err() == nil {
					l.metrics.readErrors.Inc()
					l.config.Log.Error("read the ledger for loading", "after", read, "error", err)
				}
				if !trouble.pause(ctx) {
					return
				}
				continue
			}
			trouble.reset()
			if b.first.IsZero() {
				b.first, b.from = time.Now(), read+1
				age.Reset(l.config.MaxAge)
			}
			if len(records) == 0 {
				b.to = durable // visits without events: the position passes them too
			} else {
				l.add(b, records)
			}
			read = b.to
		}
		var out chan<- *batch
		if b.closed = l.closeReason(b, read); b.closed != "" {
			b.token = fmt.Sprintf("%s-%d-%d", l.source.ID(), b.from, b.to)
			out = ready
		}
		if !b.first.IsZero() {
			changed = nil // age and poll suffice: no read for each single visit
		}
		select {
		case out <- b:
			b = l.fresh()
		case <-changed:
		case <-age.C:
		case <-poll.C:
		case <-l.asked:
		case <-ctx.Done():
		}
	}
}

// fresh is an empty batch, with the space of one that was delivered if there is one.
func (l *Loader) fresh() *batch {
	select {
	case rows := <-l.spare:
		return &batch{rows: rows}
	default:
		return &batch{}
	}
}

// recycle keeps the space of a delivered batch for the next.
func (l *Loader) recycle(b *batch) {
	clear(b.rows) // let the events go
	select {
	case l.spare <- b.rows[:0]:
	default:
	}
}

func (l *Loader) full(b *batch) bool {
	return len(b.rows) >= l.config.MaxRows || b.bytes >= l.config.MaxBytes
}

// closeReason is why the batch goes now, "" if it waits.
func (l *Loader) closeReason(b *batch, read uint64) string {
	switch {
	case b.first.IsZero():
		return ""
	case len(b.rows) >= l.config.MaxRows:
		return "rows"
	case b.bytes >= l.config.MaxBytes:
		return "bytes"
	case l.flushTarget() >= b.from && read >= min(l.flushTarget(), l.source.Durable()):
		return "flush"
	case time.Since(b.first) >= l.config.MaxAge:
		return "age"
	}
	return ""
}

// add converts whole visits into rows. What can never be a row is dead.
func (l *Loader) add(b *batch, records []ingest.Record) {
	if b.received == 0 {
		b.received = records[0].Event.Received
	}
	visit := uint64(0)
	for i := range records {
		r := &records[i]
		if r.Event.Seq != visit {
			visit = r.Event.Seq
			b.visits++
		}
		row, err := warehouse.NewRow(l.source.ID(), r)
		if err != nil {
			b.dead = append(b.dead, l.dead(ingest.Place{Seq: r.Event.Seq, Idx: r.Event.Idx}, r.Raw, err.Error()))
			b.bytes += len(r.Raw)
			continue
		}
		b.rows = append(b.rows, row)
		b.bytes += row.Size()
	}
	b.to = records[len(records)-1].Event.Seq
}
