package loader

import "context"

// recover finishes what the last run left pending. It is false if ctx ended first.
func (l *Loader) recover(ctx context.Context) bool {
	p := l.kept().Pending
	if p == nil {
		return true
	}
	b, ok := l.reread(ctx, *p)
	if !ok {
		return false
	}
	left, ok := l.missing(ctx, b.rows)
	if !ok {
		return false
	}
	l.config.Log.Info("found a pending range at start", "from", b.from, "to", b.to, "rows", len(b.rows), "missing", len(left), "split", p.Split)
	switch {
	case len(left) == 0:
		l.metrics.recovered.WithLabelValues("verified").Inc()
		return l.settle(ctx, b)
	case p.Split: // what is there came in parts: the whole would come a second time
		l.metrics.recovered.WithLabelValues("resent").Inc()
		return l.bring(ctx, b, left, part(b, left)) && l.settle(ctx, b)
	default:
		l.metrics.recovered.WithLabelValues("resent").Inc()
		return l.deliver(ctx, b)
	}
}

// reread makes the pending batch again: the same visits, so the same bytes, but
// for what was erased since.
func (l *Loader) reread(ctx context.Context, p pending) (*batch, bool) {
	b := &batch{from: p.From, token: p.Token, closed: "pending", pending: true, split: p.Split}
	for read := p.From - 1; read < p.To; read = b.to {
		ok := l.insist(ctx, "read the pending range from the ledger", func() error {
			records, err := l.source.Read(ctx, read, p.To, readAtOnce)
			if err != nil {
				l.metrics.readErrors.Inc()
				return err
			}
			b.to = p.To // only visits without events are left
			if len(records) > 0 {
				l.add(b, records)
			}
			return nil
		})
		if !ok {
			return nil, false
		}
	}
	b.to = p.To
	return b, true
}
