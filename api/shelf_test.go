package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func nobodyErased() int { return 0 }

func always[T any](*T) bool { return true }

// A question that was put before is not counted again, the oldest of many makes
// room, and a number and a text that are asked alike are two questions.
func TestShelf(t *testing.T) {
	t.Parallel()
	s, at := newShelf(nobodyErased, slog.New(slog.DiscardHandler)), time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	var counts atomic.Int64
	ask := func(question string) {
		t.Helper()
		got, _, err := look(s, func() time.Time { return at }, question, always[string], func(context.Context) (*string, error) {
			counts.Add(1)
			return &question, nil
		})
		if err != nil || got == nil || *got != question {
			t.Fatalf("%s: %v, %v", question, got, err)
		}
	}
	for range 3 {
		ask("first")
	}
	if counts.Load() != 1 {
		t.Errorf("counted %d times", counts.Load())
	}
	if n, _, err := look(s, func() time.Time { return at }, "first", always[int], func(context.Context) (*int, error) { n := 7; return &n, nil }); err != nil || n == nil || *n != 7 {
		t.Errorf("the number is %v, %v", n, err)
	}
	for i := range shelfRoom {
		ask(fmt.Sprint("other ", i))
		if i == shelfRoom/2 {
			ask("first") // it is used, so that others make room
		}
	}
	before := counts.Load()
	ask("first")
	if counts.Load() != before || len(s.all) != shelfRoom {
		t.Errorf("counted anew: %d, then %d; %d are kept", before, counts.Load(), len(s.all))
	}
	if ask("other 0"); counts.Load() != before+1 {
		t.Error("the oldest is kept for ever")
	}
}

// What was counted before an erasure is not shown after it, and what nobody has
// asked for in a long time is not kept.
func TestShelfForgets(t *testing.T) {
	t.Parallel()
	erased, at, counts := 0, time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), 0
	s := newShelf(func() int { return erased }, slog.New(slog.DiscardHandler))
	ask := func(question string) {
		t.Helper()
		if got, _, err := look(s, func() time.Time { return at }, question, always[int], func(context.Context) (*int, error) { counts++; return &counts, nil }); err != nil || got == nil {
			t.Fatalf("%v, %v", got, err)
		}
	}
	ask("who")
	if ask("who"); counts != 1 {
		t.Errorf("counted %d times", counts)
	}
	erased++
	if ask("who"); counts != 2 {
		t.Errorf("after an erasure it was counted %d times", counts)
	}
	at = at.Add(shelfOld)
	if ask("other"); len(s.all) != 1 {
		t.Errorf("%d are kept", len(s.all))
	}
}

// So many are counted at once, and no more; an error is told.
func TestShelfCountsFewAtOnce(t *testing.T) {
	t.Parallel()
	s := newShelf(nobodyErased, slog.New(slog.DiscardHandler))
	var under, most atomic.Int64
	begun, let := make(chan struct{}, 10), make(chan struct{})
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			_, _, _ = look(s, time.Now, fmt.Sprint(i), always[int], func(context.Context) (*int, error) { // nil: it is being counted
				n := under.Add(1)
				defer under.Add(-1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				begun <- struct{}{}
				<-let
				return new(int), nil
			})
		})
	}
	all.Wait() // none waits for long
	for range 2 {
		<-begun
	}
	close(let)
	for range 4 {
		<-begun
	}
	if most.Load() != 2 {
		t.Errorf("%d at once", most.Load())
	}
	away := errors.New("away")
	if got, _, err := look(s, time.Now, "bad", always[int], func(context.Context) (*int, error) { return nil, away }); got != nil || !errors.Is(err, away) {
		t.Errorf("%v, %v", got, err)
	}
}

// A count that panics ends neither the server nor what is counted after it: its
// screen has an error, the log has the place, and its turn is given back.
func TestACountThatPanics(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s, at := newShelf(nobodyErased, slog.New(slog.NewTextHandler(&log, nil))), time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	for range shelfAtOnce + 1 {
		at = at.Add(time.Minute)
		var err error
		for end := time.Now().Add(time.Minute); err == nil && time.Now().Before(end); {
			_, _, err = look(s, now, "question", always[int], func(context.Context) (*int, error) { panic("a mistake") })
		}
		if err == nil || wording(err) != "something went wrong on the server; its log says what" {
			t.Fatalf("the screen has %v", err)
		}
	}
	at = at.Add(time.Minute)
	seven := 7
	for end := time.Now().Add(time.Minute); ; {
		n, _, _ := look(s, now, "question", always[int], func(context.Context) (*int, error) { return &seven, nil })
		if n != nil && *n == 7 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("nothing is counted any more")
		}
	}
	if text := log.String(); !strings.Contains(text, "a count panicked") || !strings.Contains(text, "a mistake") || !strings.Contains(text, "TestACountThatPanics") {
		t.Error(text)
	}
}
