package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// deliver brings one batch into the warehouse, as long as it takes. It is false
// if ctx ended first; the pending record then tells the next start what to do.
func (l *Loader) deliver(ctx context.Context, b *batch) bool {
	l.loading.Store(b.received)
	if !b.pending {
		s := l.kept()
		s.Pending = &pending{From: b.from, To: b.to, Token: b.token}
		if !l.keep(ctx, s) {
			return false
		}
	}
	crash.Point("loader.pending")
	if !l.bring(ctx, b, b.rows, b.token) {
		return false
	}
	crash.Point("loader.inserted")
	l.metrics.batches.WithLabelValues(b.closed).Inc()
	return l.settle(ctx, b)
}

// settle moves the position past a batch of which each row is in the warehouse
// or dead.
func (l *Loader) settle(ctx context.Context, b *batch) bool {
	l.loading.Store(0)
	erased, ok := l.erased(ctx, b)
	if !ok || !l.makeRoom(ctx, b.dead) {
		return false
	}
	s := l.kept()
	s.Position, s.Pending = b.to, nil
	s.Passed.Loaded += uint64(len(b.rows) - b.refused)
	s.Passed.Dead += uint64(len(b.dead))
	s.Passed.Erased += erased
	s.Loads = noted(s.Loads, load{At: l.config.Now().UnixMilli(), To: b.to})
	if !l.keep(ctx, s, b.dead...) {
		return false
	}
	l.metrics.rows.Add(float64(len(b.rows) - b.refused))
	l.buried(b.dead)
	l.recycle(b)
	return ctx.Err() == nil
}

// erased is how many events the batch's visits had that are erased: such a visit
// has a number and no events.
func (l *Loader) erased(ctx context.Context, b *batch) (n uint64, ok bool) {
	if b.visits == b.to-b.from+1 {
		return 0, true
	}
	ok = l.insist(ctx, "count what was erased", func() (err error) {
		n, err = l.source.Erased(b.from-1, b.to)
		return err
	})
	return n, ok
}

// bring sends rows until each of them is in the warehouse or known to be refused
// for its data, and then among b.dead. It is false if ctx ended first.
func (l *Loader) bring(ctx context.Context, b *batch, rows []warehouse.Row, token string) bool {
	refusal, ok := l.send(ctx, b, rows, token)
	if !ok || refusal == nil {
		return ok
	}
	return l.divide(ctx, b, rows, refusal)
}

// send inserts rows as one, as often as it takes. A refusal for their data is
// handed back: none of them is there. It is false if ctx ended first.
func (l *Loader) send(ctx context.Context, b *batch, rows []warehouse.Row, token string) (refusal error, ok bool) {
	if len(rows) == 0 {
		return nil, ctx.Err() == nil // nothing but erased, empty or dead visits
	}
	wait := newWait(l.config)
	for attempt := 1; ; attempt++ {
		started := time.Now()
		err := l.insert(ctx, token, rows)
		if err == nil {
			l.metrics.insertSeconds.Observe(time.Since(started).Seconds())
			l.metrics.inserts.WithLabelValues("ok").Inc()
			return nil, true
		}
		data, outcome := errors.Is(err, warehouse.ErrData), "unknown"
		switch {
		case data:
			outcome = "data"
		case errors.Is(err, warehouse.ErrRefused):
			outcome = "refused"
		}
		l.metrics.inserts.WithLabelValues(outcome).Inc()
		// A view of the shop's own may have refused what the table has taken.
		if (data && !b.split || outcome == "refused" && attempt%3 == 0 && !warehouse.Away(err)) && l.there(ctx, rows) {
			l.metrics.views.Add(float64(len(rows)))
			l.config.Log.Error("a view of your own refused rows that the table has taken: they are loaded, and the view lacks them; mend it and fill it again",
				"from", b.from, "to", b.to, "rows", len(rows), "error", err)
			return nil, true
		}
		if data {
			return err, true
		}
		if wait.loud() {
			l.config.Log.Warn("load into the warehouse: will send the same again",
				"from", b.from, "to", b.to, "rows", len(rows), "attempt", attempt, "outcome", outcome, "error", err)
		}
		if !wait.pause(ctx) {
			return nil, false
		}
	}
}

// there says whether the warehouse has all of the rows, false if it cannot be asked.
func (l *Loader) there(ctx context.Context, rows []warehouse.Row) bool {
	found, err := l.sink.Places(ctx, l.source.ID(), places(rows))
	return err == nil && len(found) == len(rows)
}

func places(rows []warehouse.Row) []ingest.Place {
	out := make([]ingest.Place, len(rows))
	for i := range rows {
		out[i] = rows[i].Place()
	}
	return out
}

// missing are those of the rows that the warehouse does not have, asked for as
// long as it takes.
func (l *Loader) missing(ctx context.Context, rows []warehouse.Row) (out []warehouse.Row, ok bool) {
	ok = l.insist(ctx, "look up rows in the warehouse", func() error {
		found, err := l.sink.Places(ctx, l.source.ID(), places(rows))
		if err != nil {
			return err
		}
		out = out[:0]
		for i := range rows {
			if !found[rows[i].Place()] {
				out = append(out, rows[i])
			}
		}
		return nil
	})
	return out, ok
}

// insert is one attempt. A stop does not cut it off at once: an attempt under
// way is worth finishing, for a bounded time.
func (l *Loader) insert(ctx context.Context, token string, rows []warehouse.Row) error {
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
	return l.sink.Insert(attempt, token, rows)
}
