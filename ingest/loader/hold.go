package loader

import (
	"context"
	"fmt"
)

// Hold runs work between two batches: nothing is on its way to the warehouse,
// and what the warehouse has is what the ledger's position says. It waits for
// the batch under way, which takes as long as ClickHouse is away: ctx bounds that.
func (l *Loader) Hold(ctx context.Context, work func() error) error {
	for _, turn := range []chan struct{}{l.turn, l.replaying} {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return fmt.Errorf("the loader does not come to rest: %w; is ClickHouse away? /readyz says so", context.Cause(ctx))
		}
	}
	return work()
}

// inTurn does work while nobody holds the loader; false if ctx ended first.
func (l *Loader) inTurn(ctx context.Context, work func() bool) bool {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
		return work()
	case <-ctx.Done():
		return false
	}
}
