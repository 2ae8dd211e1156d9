package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed queries/marks.sql
var marksSQL string

// mostSettled is how many answers are kept, of a kilobyte or so each.
const mostSettled = 512

// settled keeps the sums of campaigns to which nothing happens any more: every window
// has ended and nobody has entered for a week, so that the sums hang on the rows
// alone and no longer on the time. Most of a shop's campaigns are of this kind, and
// all are looked at together.
type settled struct {
	mu   sync.Mutex
	kept map[string]record // by all of a query but AsOf
}

// record is an answer, and what it was counted from.
type record struct {
	sums  Sums
	plan  string
	marks marks
}

// marks are by what rows are known again.
type marks struct{ events, reached, before string }

// settles says whether sums of this plan hang on the rows alone.
func settles(p plan, q Query) bool {
	return p.someOf == "" && p.closes.Before(q.AsOf.Add(-7*24*time.Hour))
}

// get gives sums that were counted before, if they would come out the same again.
func (s *settled) get(ctx context.Context, w *Warehouse, p plan, q Query) (Sums, bool, error) {
	s.mu.Lock()
	r, ok := s.kept[q.always()]
	s.mu.Unlock()
	if !ok || r.plan != p.text || q.AsOf.Before(r.sums.AsOf) {
		return Sums{}, false, nil
	}
	now, merged, err := w.marks(ctx, p, q, r.sums.AsOf)
	if err != nil || merged > 0 || now != r.marks {
		return Sums{}, false, err
	}
	sums := r.sums.clone()
	sums.AsOf = q.AsOf
	return sums, true, nil
}

// put keeps sums that were counted after the marks were taken.
func (s *settled) put(q Query, r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || len(s.kept) >= mostSettled {
		s.kept = map[string]record{}
	}
	r.sums = r.sums.clone()
	s.kept[q.always()] = r
}

func (q Query) always() string {
	values := q.parameters()
	delete(values, "as_of")
	return fmt.Sprint(values)
}

func (s Sums) clone() Sums {
	s.Arms, s.Periods = slices.Clone(s.Arms), slices.Clone(s.Periods)
	for i := range s.Periods {
		s.Periods[i].Arms = slices.Clone(s.Periods[i].Arms)
	}
	return s
}

// marks looks at the rows, and for persons made known after counted who may have to
// do with the campaign.
func (w *Warehouse) marks(ctx context.Context, p plan, q Query, counted time.Time) (m marks, merged uint64, err error) {
	values := q.parameters()
	values["counted"] = clock(counted)
	err = w.each(ctx, strings.Replace(marksSQL, "WITH ", "WITH "+p.text, 1), values, func(scan func(...any) error) error {
		return scan(&m.events, &m.reached, &m.before, &merged)
	})
	return m, merged, err
}
