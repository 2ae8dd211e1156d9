package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// until runs work in the background until it has come to an end of what it has to do.
func (s *stage) until(done func() bool, work func(context.Context) error) {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- work(ctx) }()
	for limit := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			cancel()
			s.Fatal("the work in the background does not end: ", <-ended) // the ledger is closed next
		}
	}
	cancel()
	if err := <-ended; err != nil {
		s.Fatal(err)
	}
}

func (s *stage) timers() []string {
	s.Helper()
	before := s.ledger.Last()
	s.until(func() bool {
		due, _, err := s.ledger.Timers(s.now.UnixMilli(), 1)
		if err != nil {
			s.Fatal(err)
		}
		return len(due) == 0
	}, func(ctx context.Context) error { return s.engine.RunTimers(ctx, func() time.Time { return s.now }) })
	said := []string{}
	for _, e := range recorded(s, s.ledger, before) {
		said = append(said, fmt.Sprintf("%s %s %s", e.Name, e.Visitor, e.Props.Campaign))
	}
	if len(said) == 0 {
		return []string{"nothing is due"}
	}
	return said
}

func (s *stage) backfill() []string {
	s.Helper()
	s.until(func() bool { return len(s.engine.Live().Waiting) == 0 }, func(ctx context.Context) error {
		return s.engine.Backfill(ctx, ledgerHistory{s, s.ledger}, func() time.Time { return s.now })
	})
	return []string{"nobody waits"}
}

// ledgerHistory reads the past from the ledger itself.
type ledgerHistory struct {
	t interface {
		Helper()
		Fatal(...any)
	}
	ledger *ledger.Ledger
}

func (h ledgerHistory) Visitors(ctx context.Context, p engine.Past) (int, error) {
	visitors := map[string]bool{}
	err := h.Each(ctx, engine.Past{UpTo: p.UpTo, Names: p.Names}, func(e *ingest.Event) error { visitors[e.Visitor] = true; return nil })
	return len(visitors), err
}

func (h ledgerHistory) Each(_ context.Context, p engine.Past, do func(*ingest.Event) error) error {
	events := recorded(h.t, h.ledger, 0)
	events = slices.DeleteFunc(events, func(e ingest.Event) bool {
		return e.Seq > p.UpTo || e.Visitor <= p.After || !slices.Contains(p.Names, e.Name)
	})
	slices.SortStableFunc(events, func(a, b ingest.Event) int { return strings.Compare(a.Visitor, b.Visitor) })
	for i := range events {
		if err := do(&events[i]); err != nil {
			return err
		}
	}
	return nil
}

func recorded(t interface {
	Helper()
	Fatal(...any)
}, l *ledger.Ledger, after uint64) []ingest.Event {
	t.Helper()
	records, err := l.Read(context.Background(), after, l.Last(), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]ingest.Event, len(records))
	for i, r := range records {
		out[i] = r.Event
		if err := out[i].ParseProperties(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
