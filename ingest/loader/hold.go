package loader

import (
	"context"
	"fmt"
)

// Hold runs work between two batches: nothing is on its way to the warehouse,
// and what the warehouse has is what the ledger's position says. It waits for
// the batch under way, which takes as long as ClickHouse is away.
func (l *Loader) Hold(ctx context.Context, work func() error) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
		return work()
	case <-ctx.Done():
		return fmt.Errorf("the loader does not come to rest: %w; is ClickHouse away? /readyz says so", ctx.Err())
	}
}

// deliverInTurn is deliver, while nobody holds the loader.
func (l *Loader) deliverInTurn(ctx context.Context, b *batch) bool {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
		return l.deliver(ctx, b)
	case <-ctx.Done():
		return false
	}
}
