package main

import (
	"context"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// downstream is where erasing reaches beyond the ledger: the loader and the
// warehouse.
type downstream struct{ *app }

// Passed waits for the loader to be past seq: what it had read of the ledger
// before visits were emptied is in the warehouse then, or dead.
func (d downstream) Passed(ctx context.Context, seq uint64) error {
	return d.wait(ctx, func() bool { return d.loader.Position() >= seq })
}

func (d downstream) wait(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// Erase waits for a replay of dead events, or an audit, that read theirs before.
func (d downstream) Erase(ctx context.Context, visitors []string, found func(map[string]map[string]uint64) error) error {
	if err := d.loader.Hold(ctx, func() error { return nil }); err != nil {
		return err
	}
	return d.warehouse.Erase(ctx, visitors, func(rows warehouse.Rows) error { return found(rows) })
}

func (d downstream) Visitors(ctx context.Context, each func(string) error) error {
	return d.warehouse.Visitors(ctx, each)
}

// kept is all events of a visitor: those in the warehouse, and then those that
// the loader has not brought there.
func (a *app) kept(ctx context.Context, visitor string, each func(ledger string, e *ingest.Event) error) error {
	loaded, id := a.loader.Position(), a.ledger.ID()
	err := a.warehouse.Everything(ctx, id, visitor, loaded, func(ledger string, r *ingest.Record) error { return each(ledger, &r.Event) })
	if err != nil {
		return err
	}
	const readAtOnce = 2000
	for last := a.ledger.Last(); loaded < last; {
		tail, err := a.ledger.Read(ctx, loaded, last, readAtOnce)
		if err != nil || len(tail) == 0 {
			return err
		}
		for i := range tail {
			if e := &tail[i].Event; e.Visitor == visitor {
				if err := each(id, e); err != nil {
					return err
				}
			}
		}
		loaded = tail[len(tail)-1].Event.Seq
	}
	return nil
}
