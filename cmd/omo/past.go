package main

import (
	"context"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// past is what the back-fill reads: this ledger's events in the warehouse,
// once they are there.
type past struct{ *app }

func (p past) named(q engine.Past) warehouse.Named {
	return warehouse.Named{Ledger: p.ledger.ID(), UpTo: q.UpTo, Names: q.Names, After: q.After}
}

// Visitors waits for the loader to have passed q.UpTo.
func (p past) Visitors(ctx context.Context, q engine.Past) (int, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for p.loader.Position() < q.UpTo {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-tick.C:
		}
	}
	return p.warehouse.CountNamed(ctx, p.named(q))
}

func (p past) Each(ctx context.Context, q engine.Past, do func(*ingest.Event) error) error {
	return p.warehouse.ReadNamed(ctx, p.named(q), do)
}
