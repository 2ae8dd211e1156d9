package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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

// keeper finds what is kept of visitors, in warehouse and ledger. In both methods
// the dead letter is read before the warehouse: what is replayed meanwhile is in one
// of them at least.
type keeper struct{ *app }

// VisitorsOf names those that a person was known by, in the warehouse, in what the
// loader has not brought there, and in what is dead.
func (k keeper) VisitorsOf(ctx context.Context, user string) ([]string, error) {
	loaded := k.loader.Position()
	dead, err := k.ledger.DeadOf(user)
	if err != nil {
		return nil, err
	}
	visitors, err := k.warehouse.VisitorsOf(ctx, k.ledger.ID(), user, loaded)
	if err != nil {
		return nil, err
	}
	visitors = append(visitors, dead...)
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
// the other, those that are dead, and then those that the loader has not brought
// there.
func (k keeper) Kept(ctx context.Context, visitors []string, each func(ledger string, e *ingest.Event) error) error {
	loaded, id := k.loader.Position(), k.ledger.ID()
	dead, err := k.dead(ctx, visitors, loaded)
	if err != nil {
		return err
	}
	for _, v := range visitors {
		err := k.warehouse.Everything(ctx, id, v, loaded, func(ledger string, r *ingest.Record) error {
			if ledger == id {
				delete(dead, ingest.Place{Seq: r.Event.Seq, Idx: r.Event.Idx}) // replayed
			}
			return each(ledger, &r.Event)
		})
		if err != nil {
			return err
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(dead), inOrder) {
		if err := each(id, dead[at]); err != nil {
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

// dead are the visitors' events in the dead letter up to a seq.
func (k keeper) dead(ctx context.Context, visitors []string, upTo uint64) (map[ingest.Place]*ingest.Event, error) {
	const readAtOnce = 1000
	out := map[ingest.Place]*ingest.Event{}
	for after := (ingest.Place{}); ctx.Err() == nil; {
		some, err := k.ledger.Dead(after, readAtOnce)
		if err != nil || len(some) == 0 {
			return out, err
		}
		for _, d := range some {
			e, err := ingest.Parse(d.Raw)
			if err != nil {
				return nil, fmt.Errorf("dead event %s: %w", d.Place, err)
			}
			if d.Seq <= upTo && slices.Contains(visitors, e.Visitor) {
				e.Seq, e.Idx = d.Seq, d.Idx
				out[d.Place] = &e
			}
		}
		after = some[len(some)-1].Place
	}
	return nil, ctx.Err()
}

func inOrder(a, b ingest.Place) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Idx, b.Idx))
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
