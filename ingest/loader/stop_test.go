package loader_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// slow is a Sink whose insert is under way until it is let go.
type slow struct {
	recorder
	entered, letGo, cut chan struct{}
}

func (s *slow) Insert(ctx context.Context, _ string, _ []warehouse.Row) error {
	close(s.entered)
	select {
	case <-s.letGo:
		return nil
	case <-ctx.Done():
		close(s.cut)
		return fmt.Errorf("%w: %w", warehouse.ErrUnknown, ctx.Err())
	}
}

func TestAStopLetsTheRunningInsertFinishForABoundedTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		finishes bool
		kept     string
	}{
		{"it finishes", true, `{"position":1,"passed":{"loaded":1},"loads":[{"at":1790000000000,"to":1}]}`},
		{"it hangs", false, `{"position":0,"pending":{"from":1,"to":1,"token":"test-ledger-1-1"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source := newLedger()
			source.commit(t, pageView(0))
			sink := &slow{entered: make(chan struct{}), letGo: make(chan struct{}), cut: make(chan struct{})}
			config := quick()
			config.StopTimeout = patience / 2
			if !c.finishes {
				config.StopTimeout = 10 * time.Millisecond
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- loader.New(source, sink, config).Run(ctx) }()
			<-sink.entered
			cancel()
			if c.finishes {
				select {
				case <-sink.cut:
					t.Error("cut off at once")
				case <-time.After(50 * time.Millisecond): // far less than StopTimeout
					close(sink.letGo)
				}
			}
			select {
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Fatal("run did not stop")
			}
			if kept, _ := source.Marked("loader"); string(kept) != c.kept {
				t.Errorf("kept %s, want %s", kept, c.kept)
			}
		})
	}
}
