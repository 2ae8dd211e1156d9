package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Purchases come in from all sides while a counter of them is introduced,
// filled, interrupted and filled again: in the end every visitor's count is
// the number of its purchases, and none was missed or counted twice at the cut.
func TestBackfillUnderLoad(t *testing.T) {
	t.Parallel()
	const visitors, senders = 60, 4
	l := newLedger(t)
	e := started(t, l, "id: always\nstatus: live\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	stop := make(chan struct{})
	var sending sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(sender)))
			for {
				select {
				case <-stop:
					return
				default:
				}
				who := fmt.Sprintf("v%02d", r.IntN(visitors))
				events := make([]ingest.Event, 1+r.IntN(3))
				for i := range events {
					at := dawn.Add(-time.Duration(r.IntN(1e6)) * time.Millisecond).UnixMilli()
					events[i] = ingest.Event{ID: e.NewID(), Name: ingest.Purchase, Time: at, Received: dawn.UnixMilli()}
				}
				if _, err := e.Visit(engine.Visit{Visitor: who, Events: events}, dawn); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	grow := func(by uint64) { // let so many visits come in
		for from := l.Last(); l.Last() < from+by; {
			time.Sleep(time.Millisecond)
		}
	}
	grow(300)
	set := load(t, folder("id: buyer\nstatus: live\nwhen: count(\"purchase\", \"30d\") >= 1\nvariants: [{id: a, weight: 1, action: "+banner+"}]"))
	if err := e.Use(set, dawn); err != nil {
		t.Fatal(err)
	}
	grow(100)
	now := func() time.Time { return dawn }
	// The first attempt dies half way, before it could note where it was.
	ctx, kill := context.WithCancel(context.Background())
	dying := &mortal{ledgerHistory{t, l}, visitors / 2, kill}
	if err := e.Backfill(ctx, dying, now); err != nil {
		t.Fatal(err)
	}
	if waiting, _ := e.Backfilling(); len(waiting) != 1 {
		t.Fatalf("after an interrupted back-fill %v wait", waiting)
	}
	grow(100)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Backfill(ctx, ledgerHistory{t, l}, now) }()
	for waiting, _ := e.Backfilling(); len(waiting) > 0; waiting, _ = e.Backfilling() {
		time.Sleep(time.Millisecond)
	}
	grow(100)
	close(stop)
	sending.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{}
	for _, event := range recorded(t, l, 0) {
		if event.Name == ingest.Purchase {
			want[event.Visitor]++
		}
	}
	if len(want) < visitors/2 { // hundreds of visits draw nearly all, and seldom all
		t.Fatalf("only %d visitors came", len(want))
	}
	for who, n := range want {
		p, err := e.Profile(who)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Count(set.Streams[0].Key, dawn.Add(-30*24*time.Hour).UnixMilli()); got != n {
			t.Errorf("%s bought %v times, counted %v", who, n, got)
		}
	}
}

// mortal calls for an end after so many visitors and in the midst of one, and
// then stops without a word, as a connection that is closed may.
type mortal struct {
	ledgerHistory
	left int
	kill func()
}

func (m *mortal) Each(ctx context.Context, p engine.Past, do func(*ingest.Event) error) error {
	last := ""
	err := m.ledgerHistory.Each(ctx, p, func(e *ingest.Event) error {
		if e.Visitor != last {
			last, m.left = e.Visitor, m.left-1
		} else if m.left < 0 {
			m.kill()
			return ctx.Err()
		}
		return do(e)
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}
