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

const (
	boardDays   = 14 // that the campaigns screen looks back
	boardAtOnce = 4  // questions put at once
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
	live := s.engine.Live()
	fits := func(f *figures) bool { return maps.Equal(f.phases, live.Phases) }
	return s.board.get(s.now, fits, func(ctx context.Context) (*figures, error) { return s.count(ctx, live) })
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
			r, err := s.judge(inAll, c, s.asOf(c, mainGoal(c)))
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
