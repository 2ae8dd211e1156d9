package loader_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Results lag behind an accepted event by less than three seconds: with the
// settings that omo has it is on its way to the warehouse within 1.2 of them,
// wherever in the loader's round it came, and the insert and the question have
// the rest. The clock is synctest's, so that the machine has no say in it.
func TestAnAcceptedEventIsOnItsWayWithinASecondAndAFifth(t *testing.T) {
	for _, at := range []time.Duration{0, 50 * time.Millisecond, 199 * time.Millisecond, time.Second, 7777 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			store, sent := &oneVisit{changed: make(chan struct{})}, make(arrivals, 10)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- loader.New(store, sent, loader.Config{Boot: "b"}).Run(ctx) }()
			time.Sleep(at)
			synctest.Wait()
			store.durable.Store(1) // and nobody says so: the loader finds it itself
			accepted := time.Now()
			if lag := (<-sent).Sub(accepted); lag > 1200*time.Millisecond {
				t.Errorf("accepted after %v: %v until it was sent", at, lag)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// oneVisit is a ledger with one visit of one event, once it is durable.
type oneVisit struct {
	loader.Source
	durable atomic.Uint64
	changed chan struct{}
}

func (s *oneVisit) ID() string                                    { return "one" }
func (s *oneVisit) Durable() uint64                               { return s.durable.Load() }
func (s *oneVisit) Changed() <-chan struct{}                      { return s.changed }
func (s *oneVisit) Marked(string) ([]byte, error)                 { return nil, nil }
func (s *oneVisit) Mark(string, []byte) error                     { return nil }
func (s *oneVisit) Settle(string, []byte, []ingest.Dead) error    { return nil }
func (s *oneVisit) Dead(ingest.Place, int) ([]ingest.Dead, error) { return nil, nil }
func (s *oneVisit) DeadAt([]ingest.Place) ([]ingest.Dead, error)  { return nil, nil }
func (s *oneVisit) Accepted(upTo uint64) (uint64, error)          { return upTo, nil }
func (s *oneVisit) Tally() ingest.Tally                           { return ingest.Tally{} }
func (s *oneVisit) Read(_ context.Context, after, upTo uint64, _ int) ([]ingest.Record, error) {
	if after >= upTo {
		return nil, nil
	}
	e := ingest.Event{ID: "018f0000-0000-7000-8000-000000000001", Visitor: "ann", Name: ingest.PageView, Time: 1, Received: 1, Seq: 1}
	raw, err := ingest.Encode(&e)
	return []ingest.Record{{Event: e, Raw: raw}}, err
}

// arrivals are the moments at which inserts began.
type arrivals chan time.Time

func (a arrivals) Insert(context.Context, string, []warehouse.Row) error { a <- time.Now(); return nil }
func (a arrivals) Loaded(context.Context, string, uint64, uint64) (uint64, error) {
	return 0, nil
}
func (a arrivals) Places(context.Context, string, []ingest.Place) (map[ingest.Place]bool, error) {
	return nil, nil
}
