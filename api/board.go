package api

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Overview is what the screens ask of the warehouse of all campaigns at once.
type Overview interface {
	Activity(ctx context.Context, from time.Time, zone string) ([]warehouse.Activity, error)
	Conflicts(ctx context.Context, from time.Time) ([]warehouse.Conflict, error)
}

// board keeps what the campaigns screen last counted, so that it is there at
// once: figures older than boardFresh are shown while others are counted, and a
// count that takes long is not waited for.
type board struct {
	mu    sync.Mutex
	last  *figures
	err   error         // of the last count; nil if it came out
	under chan struct{} // closed when the count under way ends; nil: none is
}

const (
	boardFresh  = 10 * time.Second
	boardOld    = 15 * time.Minute // nobody has looked for so long: such figures are not shown
	boardDays   = 14               // that it looks back
	boardTime   = 50 * time.Second // bounds a count
	boardWait   = 150 * time.Millisecond
	boardAtOnce = 4 // questions put at once
)

// figures are those of one rule set, as of one moment.
type figures struct {
	at        time.Time
	phases    map[string]string
	results   map[string]*stats.Results
	activity  []warehouse.Activity
	conflicts []warehouse.Conflict
}

// figures are the campaigns' as of a few seconds ago; nil without an error: they
// are being counted.
func (s *Server) figures() (*figures, error) {
	b, live := &s.board, s.engine.Live()
	b.mu.Lock()
	defer b.mu.Unlock()
	fits := func() bool {
		return b.last != nil && maps.Equal(b.last.phases, live.Phases) && s.now().Sub(b.last.at) < boardOld
	}
	if b.under == nil && (!fits() || s.now().Sub(b.last.at) >= boardFresh) {
		b.under = make(chan struct{})
		go s.recount(live, b.under)
	}
	if under := b.under; under != nil && !fits() {
		b.mu.Unlock()
		select {
		case <-under:
		case <-time.After(boardWait):
		}
		b.mu.Lock()
	}
	if fits() {
		return b.last, nil
	}
	return nil, b.err
}

func (s *Server) recount(live *engine.Live, under chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), boardTime)
	defer cancel()
	next, err := s.count(ctx, live)
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if s.board.err = err; err == nil {
		s.board.last = next
	}
	s.board.under = nil
	close(under)
}

func (s *Server) count(ctx context.Context, live *engine.Live) (*figures, error) {
	zone := live.Set.Site.Timezone
	f := &figures{at: s.now(), phases: maps.Clone(live.Phases), results: map[string]*stats.Results{}}
	from := daysBack(f.at.In(zone), boardDays)
	all, inAll := errgroup.WithContext(ctx)
	all.SetLimit(boardAtOnce)
	var mu sync.Mutex
	for _, c := range live.Set.Campaigns {
		all.Go(func() error {
			goal := c.Goals[0]
			r, err := s.judge(inAll, c, warehouse.Query{Campaign: c.ID, Goal: goal.Event, Window: goal.Window, Value: goal.Value, AsOf: f.at})
			mu.Lock()
			defer mu.Unlock()
			f.results[c.ID] = &r.Results
			return err
		})
	}
	all.Go(func() (err error) {
		f.activity, err = s.overview.Activity(inAll, from, zone.String())
		return err
	})
	all.Go(func() (err error) {
		f.conflicts, err = s.overview.Conflicts(inAll, from)
		return err
	})
	if err := all.Wait(); err != nil {
		return nil, s.away("screen", "campaigns", err)
	}
	return f, nil
}

// daysBack is the beginning of the day so many days ago, today being one of them.
func daysBack(now time.Time, days int) time.Time {
	y, m, d := now.Date()
	return time.Date(y, m, d-days+1, 0, 0, 0, 0, now.Location())
}

// trend is how many visitors met a campaign on each of the days from a day on.
func (f *figures) trend(campaign string, from time.Time, days int) (values []float64, all uint64) {
	values = make([]float64, days)
	names := make([]string, days)
	for i := range names {
		names[i] = from.AddDate(0, 0, i).Format(time.DateOnly)
	}
	for _, a := range f.activity {
		if i := slices.Index(names, a.Day); i >= 0 && a.Campaign == campaign {
			values[i] += float64(a.Visitors)
			all += a.Visitors
		}
	}
	return values, all
}
