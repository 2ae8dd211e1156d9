package loader

import (
	"context"
	"encoding/json"
	"fmt"
)

// recover reads where the last run got to and finishes what it left pending. Only
// a record that cannot be read or understood is an error.
func (l *Loader) recover(ctx context.Context) (state, error) {
	value, err := l.source.Marked(markName)
	if err != nil {
		return state{}, fmt.Errorf("read the loader's record in the ledger: %w", err)
	}
	var s state
	if value != nil {
		if err := json.Unmarshal(value, &s); err != nil {
			return state{}, fmt.Errorf("the loader's record in the ledger is damaged: %w; restore the data folder from a backup", err)
		}
	}
	l.moveTo(s.Position)
	if s.Pending == nil {
		return s, nil
	}
	b, ok := l.reread(ctx, *s.Pending)
	if !ok {
		return s, nil
	}
	done, ok := l.arrived(ctx, b)
	if !ok {
		return s, nil
	}
	l.config.Log.Info("found a pending range at start", "from", b.from, "to", b.to, "rows", len(b.rows), "already_loaded", done)
	if done {
		l.metrics.recovered.WithLabelValues("verified").Inc()
		l.settle(ctx, b)
	} else {
		l.metrics.recovered.WithLabelValues("resent").Inc()
		l.deliverInTurn(ctx, b)
	}
	s.Position = l.Position()
	return s, nil
}

// reread makes the pending batch again: the same visits, so the same bytes.
func (l *Loader) reread(ctx context.Context, p pending) (*batch, bool) {
	b := &batch{from: p.From, token: p.Token, closed: "pending", pending: true}
	wait := newWait(l.config)
	for read := p.From - 1; read < p.To; {
		records, err := l.source.Read(ctx, read, p.To, readAtOnce)
		if err != nil {
			l.metrics.readErrors.Inc()
			l.config.Log.Error("read the pending range from the ledger", "after", read, "error", err)
			if !wait.pause(ctx) {
				return nil, false
			}
			continue
		}
		if len(records) == 0 {
			break // only visits without events are left
		}
		if !l.add(ctx, b, records) {
			return nil, false
		}
		read = b.to
	}
	b.to = p.To
	return b, true
}

// arrived asks the warehouse whether every row of the batch is there.
func (l *Loader) arrived(ctx context.Context, b *batch) (done, ok bool) {
	wait := newWait(l.config)
	for {
		count, err := l.sink.Loaded(ctx, l.source.ID(), b.from, b.to)
		if err == nil {
			return count >= uint64(len(b.rows)), true
		}
		l.config.Log.Warn("verify the pending range in the warehouse: loading waits", "from", b.from, "to", b.to, "error", err)
		if !wait.pause(ctx) {
			return false, false
		}
	}
}
