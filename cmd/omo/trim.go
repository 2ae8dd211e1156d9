package main

import (
	"context"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// trim forgets, each hour, the ledger's visits that were in the warehouse a
// day ago.
func (a *app) trim(ctx context.Context) error {
	const kept = 24
	var loaded []uint64 // positions, an hour apart
	tick := time.NewTicker(crash.Span("trim.every", time.Hour))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if loaded = append(loaded, a.loader.Position()); len(loaded) <= kept {
				continue
			}
			if err := a.ledger.Trim(loaded[0]); err != nil {
				a.log.Error("ledger not trimmed", "error", err)
			}
			loaded = loaded[1:]
		}
	}
}
