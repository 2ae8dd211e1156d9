package loader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// markName is the loader's own record in the ledger.
const markName = "loader"

// state is that record: kept whole, so that it cannot disagree with itself.
type state struct {
	Position uint64   `json:"position"`
	Pending  *pending `json:"pending,omitempty"`
}

// pending is a range of visits, both ends included, that may be in the warehouse or not.
type pending struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Token string `json:"token"`
}

// deliver brings one batch into the warehouse, as long as it takes. It is false
// if ctx ended first; the pending record then tells the next start what to do.
func (l *Loader) deliver(ctx context.Context, b *batch) bool {
	before := l.Position()
	l.loading.Store(b.received)
	if !b.pending && !l.keep(ctx, state{before, &pending{b.from, b.to, b.token}}) {
		return false
	}
	crash.Point("loader.pending")
	wait := newWait(l.config)
	for {
		started := time.Now()
		err := l.insert(ctx, b)
		if err == nil {
			l.metrics.insertSeconds.Observe(time.Since(started).Seconds())
			break
		}
		outcome := "unknown"
		if errors.Is(err, warehouse.ErrRefused) {
			outcome = "refused"
		}
		l.metrics.inserts.WithLabelValues(outcome).Inc()
		l.config.Log.Warn("load into the warehouse: will send the same again",
			"from", b.from, "to", b.to, "rows", len(b.rows), "outcome", outcome, "error", err)
		if !wait.pause(ctx) {
			return false
		}
	}
	crash.Point("loader.inserted")
	l.metrics.inserts.WithLabelValues("ok").Inc()
	l.metrics.rows.Add(float64(len(b.rows)))
	l.metrics.batches.WithLabelValues(b.closed).Inc()
	return l.settle(ctx, b)
}

// settle moves the position past a batch that is known to be in the warehouse.
func (l *Loader) settle(ctx context.Context, b *batch) bool {
	l.loading.Store(0)
	if !l.keep(ctx, state{Position: b.to}) {
		return false
	}
	l.moveTo(b.to)
	l.recycle(b)
	return ctx.Err() == nil
}

// insert is one attempt. A stop does not cut it off at once: an attempt under
// way is worth finishing, for a bounded time.
func (l *Loader) insert(ctx context.Context, b *batch) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", warehouse.ErrRefused, err)
	}
	attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.config.InsertTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(l.config.StopTimeout):
			cancel()
		case <-attempt.Done():
		}
	})
	defer stop()
	if len(b.rows) == 0 {
		return nil // nothing but erased, empty or dead visits
	}
	return l.sink.Insert(attempt, b.token, b.rows)
}

// keep writes the loader's record, as long as it takes: without it nothing may
// be sent. It tries once even after a stop, and is false if that did not do.
func (l *Loader) keep(ctx context.Context, s state) bool {
	value, err := json.Marshal(s)
	if err != nil {
		panic(err) // three numbers and a text
	}
	return l.mark(ctx, markName, value)
}

func (l *Loader) mark(ctx context.Context, name string, value []byte) bool {
	wait := newWait(l.config)
	for {
		err := l.source.Mark(name, value)
		if err == nil {
			return true
		}
		l.metrics.markErrors.Inc()
		l.config.Log.Error("keep the loader's record in the ledger: loading waits", "name", name, "error", err)
		if !wait.pause(ctx) {
			return false
		}
	}
}

// bury keeps an event that cannot be a row, with the reason, where a person finds it.
func (l *Loader) bury(ctx context.Context, record *ingest.Record, reason error) bool {
	l.metrics.dead.Inc()
	l.config.Log.Error("event cannot be loaded: kept in the ledger as dead",
		"seq", record.Event.Seq, "idx", record.Event.Idx, "name", record.Event.Name, "error", reason)
	value, err := json.Marshal(dead{Reason: reason.Error(), Raw: record.Raw})
	if err != nil {
		panic(err) // two texts
	}
	return l.mark(ctx, fmt.Sprintf("dead/%020d/%05d", record.Event.Seq, record.Event.Idx), value)
}

// dead is the record of an event that cannot be loaded. Raw is bytes, which
// JSON shows as base64: it need not be JSON itself.
type dead struct {
	Reason string `json:"reason"`
	Raw    []byte `json:"raw"`
}
