package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// History is what the engine needs of the warehouse: the past that new
// counters have not seen.
type History interface {
	// Visitors counts whom Each would hand over. It returns once every visit
	// up to p.UpTo is in the warehouse.
	Visitors(ctx context.Context, p Past) (int, error)
	// Each hands over one event after the other, by visitor id and then in the
	// order of the ledger: nobody holds all that a busy visitor ever did.
	Each(ctx context.Context, p Past, do func(*ingest.Event) error) error
}

// Past picks events of a ledger.
type Past struct {
	UpTo  uint64   // visits up to this one
	Names []string // of these names
	After string   // of visitors whose id is greater
}

// progress of the back-fill under way; total 0 when there is none.
type progress struct{ done, total atomic.Int64 }

// fillMark is where the ledger keeps how far a back-fill has come.
const fillMark = "backfill"

type filled struct {
	Epoch uint64 `json:"epoch"`
	After string `json:"after"`
	Done  int64  `json:"done"`
}

// Backfill counts what was before for counters that a rule set has newly
// brought, whenever there are such, until ctx is done. Decisions go on
// meanwhile; the campaigns that need the counters wait. It may be stopped and
// killed at any point, and goes on where it was.
func (e *Engine) Backfill(ctx context.Context, h History, now func() time.Time) error {
	for {
		epoch, missing, err := e.unfilled()
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-e.wake:
			}
			continue
		}
		if err := e.fill(ctx, h, epoch, missing, now); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			e.log.Error("counters could not be filled from the warehouse; trying again", "error", err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(fillAgain):
			}
		}
	}
}

const fillAgain = 5 * time.Second

// unfilled are the streams of the oldest epoch that is not filled.
func (e *Engine) unfilled() (epoch uint64, missing []profile.Stream, err error) {
	e.using.Lock()
	defer e.using.Unlock()
	counting, err := e.streams()
	if err != nil {
		return 0, nil, err
	}
	for _, c := range counting {
		if !c.Filled && (epoch == 0 || c.Epoch < epoch) {
			epoch = c.Epoch
		}
	}
	for _, s := range streamTerms(e.live.Load().Set, counting) {
		if c, noted := counting[s.Key]; noted && !c.Filled && c.Epoch == epoch {
			missing = append(missing, s)
		}
	}
	return epoch, missing, nil
}

// fill counts every visitor's events up to epoch into the missing streams.
func (e *Engine) fill(ctx context.Context, h History, epoch uint64, missing []profile.Stream, now func() time.Time) error {
	past := Past{UpTo: epoch}
	for _, s := range missing {
		past.Names = append(past.Names, s.Event)
	}
	slices.Sort(past.Names)
	past.Names = slices.Compact(past.Names)
	total, err := h.Visitors(ctx, past)
	if err != nil {
		return err
	}
	at, err := e.filledTo(epoch)
	if err != nil {
		return err
	}
	past.After = at.After
	e.filling.total.Store(int64(max(total, 1)))
	e.filling.done.Store(at.Done)
	defer e.filling.total.Store(0)
	marked, every := time.Now(), crash.Span("backfill.mark", time.Second)
	var before *profile.Profile // of the visitor whose events come
	absorb := func() error {
		if before == nil {
			return nil
		}
		if err := e.absorb(before, missing); err != nil {
			return err
		}
		at = filled{Epoch: epoch, After: before.Visitor, Done: e.filling.done.Add(1)}
		if time.Since(marked) < every {
			return ctx.Err()
		}
		marked = time.Now()
		return e.markFilled(at)
	}
	err = h.Each(ctx, past, func(event *ingest.Event) error {
		if before == nil || before.Visitor != event.Visitor {
			if err := absorb(); err != nil {
				return err
			}
			before = profile.New(strings.Clone(event.Visitor))
		}
		return count(before, missing, event)
	})
	if err == nil {
		err = ctx.Err() // then the last visitor may not be complete
	}
	if err == nil {
		err = absorb()
	}
	if err != nil {
		return err
	}
	return e.complete(epoch, missing, now())
}

func (e *Engine) filledTo(epoch uint64) (at filled, err error) {
	raw, err := e.store.Marked(fillMark)
	if err != nil || raw == nil {
		return filled{}, err
	}
	if err := json.Unmarshal(raw, &at); err != nil {
		return filled{}, fmt.Errorf("the place of the back-fill kept in the ledger cannot be read: %w", err)
	}
	if at.Epoch != epoch {
		return filled{}, nil
	}
	return at, nil
}

func (e *Engine) markFilled(at filled) error {
	raw, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return e.store.Mark(fillMark, raw)
}

// complete lets the campaigns go that waited for these streams.
func (e *Engine) complete(epoch uint64, streams []profile.Stream, now time.Time) error {
	if err := e.store.Sync(); err != nil {
		return err
	}
	e.using.Lock()
	defer e.using.Unlock()
	counting, err := e.streams()
	if err != nil {
		return err
	}
	for _, s := range streams {
		if c, still := counting[s.Key]; still && c.Epoch == epoch {
			c.Filled = true
			counting[s.Key] = c
		}
	}
	if err := e.keepStreams(counting); err != nil {
		return err
	}
	if err := e.markFilled(filled{Epoch: epoch}); err != nil { // it names a visitor no longer
		return err
	}
	was := e.live.Load()
	next := *was
	next.Waiting = counting.waiting(was.Set)
	e.swap.Lock()
	defer e.swap.Unlock()
	if err := e.announceWaiting(&next, now.Truncate(time.Millisecond)); err != nil {
		return err
	}
	e.live.Store(&next)
	return nil
}

// Backfilling says which campaigns wait for their counters, and how much of
// the work is done, from 0 to 1.
func (e *Engine) Backfilling() (campaigns []string, done float64) {
	if total := e.filling.total.Load(); total > 0 {
		done = min(1, float64(e.filling.done.Load())/float64(total))
	}
	return slices.Sorted(maps.Keys(e.live.Load().Waiting)), done
}
