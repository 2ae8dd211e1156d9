package api

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Overview is what the screens ask of the warehouse of all campaigns at once.
type Overview interface {
	Activity(ctx context.Context, from, asOf time.Time, zone string) ([]warehouse.Activity, error)
	Conflicts(ctx context.Context, from, asOf time.Time) ([]warehouse.Conflict, error)
}

const (
	boardDays   = 14 // that the campaigns screen looks back
	boardAtOnce = 2  // questions put at once: events are decided meanwhile
)

// figures are those of one rule set, as of one moment.
type figures struct {
	at        time.Time
	from      time.Time // that activity and conflicts look back to
	phases    map[string]string
	results   map[string]*stats.Results
	activity  []warehouse.Activity
	conflicts []warehouse.Conflict
	met       bool   // activity was answered
	problem   string // why something was not
}

// figures are the campaigns' as of a few seconds ago; nil without an error: they
// are being counted.
func (s *Server) figures() (*figures, standing, error) {
	live := s.engine.Live()
	fits := func(f *figures) bool { return maps.Equal(f.phases, live.Phases) }
	return s.board.get(s.now, fits, func(ctx context.Context) (*figures, error) { return s.count(ctx, live) })
}

// count asks for everything. What has no answer is missing, and the first reason
// why is told; without any answer there are no figures.
func (s *Server) count(ctx context.Context, live *engine.Live) (*figures, error) {
	zone := live.Set.Site.Timezone
	f := &figures{at: s.now(), phases: maps.Clone(live.Phases), results: map[string]*stats.Results{}}
	from := daysBack(f.at.In(zone), boardDays)
	f.from = from
	var all errgroup.Group
	all.SetLimit(boardAtOnce)
	var mu sync.Mutex
	answered := 0
	ask := func(question func() (keep func(), err error)) {
		all.Go(func() error {
			keep, err := safely(s.log, question)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				f.problem = cmp.Or(f.problem, wording(err))
				return err
			}
			keep()
			answered++
			return nil
		})
	}
	ask(func() (func(), error) {
		activity, err := s.overview.Activity(ctx, from, f.at, zone.String())
		return func() { f.activity, f.met = activity, true }, err
	})
	ask(func() (func(), error) {
		conflicts, err := s.overview.Conflicts(ctx, from, f.at)
		return func() { f.conflicts = conflicts }, err
	})
	for _, c := range live.Set.Campaigns {
		ask(func() (func(), error) {
			r, err := s.judge(ctx, c, s.asOf(c, mainGoal(c)))
			return func() { f.results[c.ID] = &r.Results }, err
		})
	}
	if err := all.Wait(); err != nil && answered == 0 {
		s.log.Error("the campaigns could not be counted", "error", err)
		return nil, err
	}
	return f, nil
}

// wording is an error for people to read: a problem's message without its code.
func wording(err error) string {
	var p *Problem
	if errors.As(err, &p) {
		return p.Message
	}
	return err.Error()
}

// saidTo is an error in the language of who looks, where it has words in that, and
// the language that it is in; cited stands behind it, in English.
func (s *Server) saidTo(c echo.Context, err error) (text, language, cited string) {
	var p *Problem
	if s.frame(c, "").Language == "ja" && errors.As(err, &p) && p.Ja != "" {
		return p.Ja, "ja", p.Cited
	}
	return wording(err), "en", ""
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
