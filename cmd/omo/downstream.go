package main

import (
	"context"
	"slices"
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

// VisitorsOf asks for what is loaded: the dead letter is the ledger's own.
func (d downstream) VisitorsOf(ctx context.Context, user string, seq uint64) ([]string, error) {
	return d.warehouse.VisitorsOf(ctx, d.ledger.ID(), user, seq)
}

// keeper finds what is kept of visitors, in warehouse and ledger.
type keeper struct{ *app }

// VisitorsOf names those that a person was known by, in the warehouse and in what
// the loader has not brought there.
func (k keeper) VisitorsOf(ctx context.Context, user string) ([]string, error) {
	loaded := k.loader.Position()
	visitors, err := k.warehouse.VisitorsOf(ctx, k.ledger.ID(), user, loaded)
	if err != nil {
		return nil, err
	}
	err = k.tail(ctx, loaded, func(e *ingest.Event) error {
		if e.User == user {
			visitors = append(visitors, e.Visitor)
		}
		return nil
	})
	slices.Sort(visitors)
	return slices.Compact(visitors), err
}

// Kept is all events of the visitors: those in the warehouse, one visitor after
// the other, and then those that the loader has not brought there.
func (k keeper) Kept(ctx context.Context, visitors []string, each func(ledger string, e *ingest.Event) error) error {
	loaded, id := k.loader.Position(), k.ledger.ID()
	for _, v := range visitors {
		err := k.warehouse.Everything(ctx, id, v, loaded, func(ledger string, r *ingest.Record) error { return each(ledger, &r.Event) })
		if err != nil {
			return err
		}
	}
	return k.tail(ctx, loaded, func(e *ingest.Event) error {
		if slices.Contains(visitors, e.Visitor) {
			return each(id, e)
		}
		return nil
	})
}

// tail hands over the ledger's events after a seq.
func (k keeper) tail(ctx context.Context, after uint64, each func(e *ingest.Event) error) error {
	const readAtOnce = 2000
	for last := k.ledger.Last(); after < last; {
		some, err := k.ledger.Read(ctx, after, last, readAtOnce)
		if err != nil || len(some) == 0 {
			return err
		}
		for i := range some {
			if err := each(&some[i].Event); err != nil {
				return err
			}
		}
		after = some[len(some)-1].Event.Seq
	}
	return nil
}
