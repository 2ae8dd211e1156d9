package api

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// shelf keeps what screens counted by what was asked, the last so many of them,
// so that whoever looks again, or comes back to see whether it is there, finds it.
// It keeps nothing over an erasure.
type shelf struct {
	erasures func() int // how many visitors were erased
	log      *slog.Logger
	turn     chan struct{}

	mu     sync.Mutex
	all    []shelved // the last used last
	erased int       // erasures when the first of all was put there
}

type shelved struct {
	asked string
	used  time.Time
	count any // a *counted of the type that asked names
}

const (
	shelfRoom   = 64
	shelfAtOnce = 2 // counts under way: events are decided meanwhile
	shelfFresh  = 10 * time.Second
	shelfOld    = 15 * time.Minute
)

func newShelf(erasures func() int, log *slog.Logger) *shelf {
	return &shelf{erasures: erasures, log: log, turn: make(chan struct{}, shelfAtOnce)}
}

// look gives what was counted for a question, as counted does: nil without an
// error, it is being counted.
func look[T any](s *shelf, now func() time.Time, asked string, fits func(*T) bool, count func(context.Context) (*T, error)) (*T, standing, error) {
	asked = fmt.Sprintf("%T %s", *new(T), asked)
	kept := s.place(asked, now(), func() any { return &counted[T]{log: s.log, fresh: shelfFresh, old: shelfOld} }).(*counted[T])
	return kept.get(now, fits, func(ctx context.Context) (*T, error) {
		if err := s.begin(ctx); err != nil {
			return nil, err
		}
		defer s.end()
		return count(ctx)
	})
}

// begin waits for a count's turn, which end gives back.
func (s *shelf) begin(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for other counts to end: %w", ctx.Err())
	}
}

func (s *shelf) end() { <-s.turn }

// place is where a question's count is kept. Whoever has not been asked for the
// longest makes room, and what is too old to be shown goes.
func (s *shelf) place(asked string, now time.Time, empty func() any) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if erased := s.erasures(); erased != s.erased {
		s.all, s.erased = nil, erased
	}
	s.all = slices.DeleteFunc(s.all, func(x shelved) bool { return now.Sub(x.used) >= shelfOld })
	one := shelved{asked: asked}
	if i := slices.IndexFunc(s.all, func(x shelved) bool { return x.asked == asked }); i >= 0 {
		one = s.all[i]
		s.all = slices.Delete(s.all, i, i+1)
	} else {
		one.count = empty()
	}
	one.used = now
	if s.all = append(s.all, one); len(s.all) > shelfRoom {
		s.all = slices.Delete(s.all, 0, 1)
	}
	return one.count
}
