package engine

import (
	"context"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
)

// Aging is what the engine needs of the warehouse to forget what is old.
type Aging interface {
	// Aged names the visitors whose every row was received before a moment.
	Aged(ctx context.Context, before time.Time, each func(visitor string) error) error
	// Drop removes the visitors' rows that were received before it, and counts them.
	Drop(ctx context.Context, before time.Time) (rows uint64, err error)
}

const (
	retainEvery = 24 * time.Hour
	retainAgain = 10 * time.Minute // after a failure
)

// Retain forgets, once a day until ctx is done, what was received longer than
// keep ago, by whole months: rows of the warehouse, and the profiles of visitors
// who have not been back since. It finds them by their rows, so nobody walks
// over all profiles; a profile goes before its last row, so one whose removal
// was interrupted is found again.
func (e *Engine) Retain(ctx context.Context, keep time.Duration, a Aging, now func() time.Time) error {
	for {
		again := retainEvery
		if err := e.retain(ctx, since1st(now().Add(-keep)), a); err != nil && ctx.Err() == nil {
			e.log.Warn("what is old could not be forgotten; trying again", "error", err)
			again = retainAgain
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(again):
		}
	}
}

// since1st is the beginning of the month, as the warehouse cuts its months.
func since1st(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func (e *Engine) retain(ctx context.Context, before time.Time, a Aging) error {
	profiles := 0
	err := a.Aged(ctx, before, func(visitor string) error {
		gone, err := e.dropIf(visitor, func(p *profile.Profile) bool { return p.Last < clock(before) })
		profiles += gone.Profiles
		if err != nil {
			return err
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	rows, err := a.Drop(ctx, before)
	if err == nil && rows > 0 {
		e.log.Info("what is older than the time it is kept was forgotten", "before", before, "rows", rows, "profiles", profiles)
	}
	return err
}
