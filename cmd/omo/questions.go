package main

import (
	"context"
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// questions is the warehouse as people ask it: within a time that leaves room for
// an answer that says why there is none, and, with a ClickHouse of our own, with
// its supervisor's word, which knows more than a connection that is refused.
type questions struct {
	*warehouse.Warehouse
	child  *clickhouse.Server // nil with a DSN of the user's
	within time.Duration
}

// askWithin is shorter than the HTTP server waits for a handler.
const askWithin = 45 * time.Second

// lookEvery is how often a question under way looks whether its ClickHouse is still there.
const lookEvery = 250 * time.Millisecond

// Results is warehouse.Results.
func (q questions) Results(ctx context.Context, query warehouse.Query) (warehouse.Sums, error) {
	return answered(ctx, q, func(ctx context.Context) (warehouse.Sums, error) { return q.Warehouse.Results(ctx, query) })
}

// Daily is warehouse.Daily.
func (q questions) Daily(ctx context.Context, query warehouse.Query, zone string) ([]warehouse.Slice, error) {
	return answered(ctx, q, func(ctx context.Context) ([]warehouse.Slice, error) { return q.Warehouse.Daily(ctx, query, zone) })
}

// Breakdown is warehouse.Breakdown.
func (q questions) Breakdown(ctx context.Context, query warehouse.Query, by string) ([]warehouse.Slice, error) {
	return answered(ctx, q, func(ctx context.Context) ([]warehouse.Slice, error) { return q.Warehouse.Breakdown(ctx, query, by) })
}

// Funnel is warehouse.Funnel.
func (q questions) Funnel(ctx context.Context, query warehouse.FunnelQuery) ([]warehouse.FunnelDay, error) {
	return answered(ctx, q, func(ctx context.Context) ([]warehouse.FunnelDay, error) { return q.Warehouse.Funnel(ctx, query) })
}

// SiteWide is warehouse.SiteWide.
func (q questions) SiteWide(ctx context.Context, from, to, asOf time.Time, zone string) ([]warehouse.SiteMonth, error) {
	return answered(ctx, q, func(ctx context.Context) ([]warehouse.SiteMonth, error) {
		return q.Warehouse.SiteWide(ctx, from, to, asOf, zone)
	})
}

// Usage is warehouse.Usage.
func (q questions) Usage(ctx context.Context, months int, asOf time.Time, zone string) ([]warehouse.Month, error) {
	return answered(ctx, q, func(ctx context.Context) ([]warehouse.Month, error) {
		return q.Warehouse.Usage(ctx, months, asOf, zone)
	})
}

// Chats is warehouse.Chats.
func (q questions) Chats(ctx context.Context, query warehouse.ChatsQuery) ([]warehouse.ChatRow, error) {
	return answered(ctx, q, func(ctx context.Context) ([]warehouse.ChatRow, error) { return q.Warehouse.Chats(ctx, query) })
}

// answered is one question with an answer.
func answered[T any](ctx context.Context, q questions, question func(context.Context) (T, error)) (answer T, err error) {
	err = q.ask(ctx, func(ctx context.Context) error {
		answer, err = question(ctx)
		return err
	})
	return answer, err
}

// Visitor is warehouse.Visitor.
func (q questions) Visitor(ctx context.Context, id string, limit int) ([]ingest.Record, error) {
	return answered(ctx, q, func(ctx context.Context) ([]ingest.Record, error) { return q.Warehouse.Visitor(ctx, id, limit) })
}

// RuleSets is warehouse.RuleSets.
func (q questions) RuleSets(ctx context.Context, each func(ledger string, r *ingest.Record) error) error {
	return q.ask(ctx, func(ctx context.Context) error { return q.Warehouse.RuleSets(ctx, each) })
}

// Past is warehouse.Past.
func (q questions) Past(ctx context.Context, ledger, visitor string, upTo uint64, each func(ledger string, r *ingest.Record) error) error {
	return q.ask(ctx, func(ctx context.Context) error { return q.Warehouse.Past(ctx, ledger, visitor, upTo, each) })
}

// Activity is warehouse.Activity.
func (q questions) Activity(ctx context.Context, from, asOf time.Time, zone string) (all []warehouse.Activity, err error) {
	err = q.ask(ctx, func(ctx context.Context) error {
		all, err = q.Warehouse.Activity(ctx, from, asOf, zone)
		return err
	})
	return all, err
}

// Conflicts is warehouse.Conflicts.
func (q questions) Conflicts(ctx context.Context, from, asOf time.Time) (all []warehouse.Conflict, err error) {
	err = q.ask(ctx, func(ctx context.Context) error {
		all, err = q.Warehouse.Conflicts(ctx, from, asOf)
		return err
	})
	return all, err
}

// Audits is warehouse.Audits.
func (q questions) Audits(ctx context.Context, limit int) (all []ingest.Event, err error) {
	err = q.ask(ctx, func(ctx context.Context) error {
		all, err = q.Warehouse.Audits(ctx, limit)
		return err
	})
	return all, err
}

// Timeline is warehouse.Timeline.
func (q questions) Timeline(ctx context.Context, visitors []string, before warehouse.Moment, limit int) ([]ingest.Record, error) {
	return answered(ctx, q, func(ctx context.Context) ([]ingest.Record, error) {
		return q.Warehouse.Timeline(ctx, visitors, before, limit)
	})
}

// Recent is warehouse.Recent.
func (q questions) Recent(ctx context.Context, query warehouse.RecentQuery) ([]warehouse.Recent, error) {
	return answered(ctx, q, func(ctx context.Context) ([]warehouse.Recent, error) { return q.Warehouse.Recent(ctx, query) })
}

// ask puts one question. It is not put to a ClickHouse of our own that does not
// answer, and given up when that stops answering.
func (q questions) ask(ctx context.Context, question func(context.Context) error) error {
	if err := q.childReady(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, q.within, fmt.Errorf("no answer within %s", q.within))
	defer cancel()
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)
	go q.watch(ctx, give)
	err := question(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
}

func (q questions) watch(ctx context.Context, give context.CancelCauseFunc) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := q.childReady(); err != nil {
				give(err)
				return
			}
		}
	}
}

func (q questions) childReady() error {
	if q.child == nil {
		return nil
	}
	return q.child.Ready()
}
