package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"time"
)

//go:embed queries/results.sql
var resultsSQL string

// Sums are what the warehouse counts of one campaign, phase and goal. All rules
// of attribution are applied; what follows from the sums is engine/stats'.
type Sums struct {
	Query              // with every default filled in
	Arms        []Arm  // every arm of the phase, in the order of the campaign's file
	Crossovers  uint64 // visitors who saw two variants or more: in no arm
	CarriedOver uint64 // visitors exposed in an earlier phase: in no arm
	// PerDay is how many visitors entered an arm a day, over the seven days before
	// AsOf, or as many as there are since the first one entered, an hour at least.
	PerDay float64
	// Periods are a bandit's sums by period of equal weights, in order; Arms adds
	// them up. Nil for other campaigns, and while the weights have not moved.
	Periods []PeriodSums
}

// PeriodSums are the sums of the visitors who entered in one period of a
// bandit's phase. The weights of a period but the first are of 10,000.
type PeriodSums struct {
	Period int
	Arms   []Arm
}

// Arm are the sums of one variant.
type Arm struct {
	Variant    string
	Control    bool
	Weight     uint64
	Exposed    uint64 // visitors, zeros included
	Matured    uint64 // of these, whose window had ended by AsOf
	Converted  uint64 // of these, with at least one goal event in their window
	Sum        float64
	SumSquares float64
	Cost       Cost
	Past       Past
	// Visitors with an omo_click, omo_close or omo_error of the campaign in this
	// phase, at or after their first exposure.
	Clicked, Closed, Failed uint64
}

// Cost is what an arm's rewards cost over its visitors: of each the cost of the
// orders in its window that used the reward.
type Cost struct {
	Sum, SumSquares float64
	WithValue       float64 // the sum of cost × value of the same visitor
	WithPast        float64 // the sum of cost × past of the same visitor
}

// Past is what an arm's visitors brought in before their first exposure.
type Past struct {
	Sum, SumSquares float64
	Cross           float64 // the sum of past × value of the same visitor
}

// Results counts. A campaign that nobody was exposed to and no rule set told of
// has no arms; that is no error.
func (w *Warehouse) Results(ctx context.Context, q Query) (Sums, error) {
	if err := q.check(); err != nil {
		return Sums{}, err
	}
	q = q.withDefaults(time.Now())
	sums, err := w.results(ctx, q)
	if err != nil {
		return Sums{}, fmt.Errorf("results of %s: %w", q.Campaign, err)
	}
	return sums, nil
}

// results counts, unless it is known that the answer is the one of last time.
func (w *Warehouse) results(ctx context.Context, q Query) (Sums, error) {
	p, err := w.plan(ctx, q.parameters())
	if err != nil {
		return Sums{}, err
	}
	if !settles(p, q) {
		return w.sums(ctx, p, q)
	}
	if sums, ok, err := w.settled.get(ctx, w, p, q); ok || err != nil {
		return sums, err
	}
	found, _, err := w.marks(ctx, p, q, q.AsOf) // before the rows are counted: none may come between
	if err != nil {
		return Sums{}, err
	}
	sums, err := w.sums(ctx, p, q)
	if err == nil {
		w.settled.put(q, record{sums, p.text, found})
	}
	return sums, err
}

func (w *Warehouse) sums(ctx context.Context, p plan, q Query) (Sums, error) {
	sums := Sums{Query: q}
	var recent uint64
	var since time.Time
	err := w.count(ctx, p, resultsSQL, q.parameters(), func(scan func(...any) error) error {
		var a Arm
		var period uint32
		into := append([]any{&sums.Phase, &period}, a.fields()...)
		err := scan(append(into, &recent, &since, &sums.Crossovers, &sums.CarriedOver)...)
		sums.add(int(period), a)
		return err
	})
	if err != nil {
		return Sums{}, err
	}
	if len(sums.Periods) == 1 && sums.Periods[0].Period == 0 {
		sums.Periods = nil
	}
	if recent > 0 {
		days := min(max(sums.AsOf.Sub(since), time.Hour), 7*24*time.Hour).Hours() / 24
		sums.PerDay = float64(recent) / days
	}
	return sums, nil
}

// fields are the arm's, in the order of the queries' columns.
func (a *Arm) fields() []any {
	return []any{&a.Variant, &a.Control, &a.Weight, &a.Exposed, &a.Matured, &a.Converted, &a.Sum, &a.SumSquares,
		&a.Cost.Sum, &a.Cost.SumSquares, &a.Cost.WithValue, &a.Cost.WithPast, &a.Past.Sum, &a.Past.SumSquares, &a.Past.Cross,
		&a.Clicked, &a.Closed, &a.Failed}
}

// add takes in one arm's sums of one period. Periods come in order, arms in theirs.
func (s *Sums) add(period int, a Arm) {
	if n := len(s.Periods); n == 0 || s.Periods[n-1].Period != period {
		s.Periods = append(s.Periods, PeriodSums{Period: period})
	}
	last := &s.Periods[len(s.Periods)-1]
	last.Arms = append(last.Arms, a)
	for i := range s.Arms {
		if s.Arms[i].Variant == a.Variant {
			s.Arms[i].plus(a)
			return
		}
	}
	s.Arms = append(s.Arms, a)
}

// plus adds the sums of other visitors of the same arm.
func (a *Arm) plus(b Arm) {
	a.Exposed, a.Matured, a.Converted = a.Exposed+b.Exposed, a.Matured+b.Matured, a.Converted+b.Converted
	a.Sum, a.SumSquares = a.Sum+b.Sum, a.SumSquares+b.SumSquares
	a.Cost.Sum, a.Cost.SumSquares = a.Cost.Sum+b.Cost.Sum, a.Cost.SumSquares+b.Cost.SumSquares
	a.Cost.WithValue, a.Cost.WithPast = a.Cost.WithValue+b.Cost.WithValue, a.Cost.WithPast+b.Cost.WithPast
	a.Past.Sum, a.Past.SumSquares, a.Past.Cross = a.Past.Sum+b.Past.Sum, a.Past.SumSquares+b.Past.SumSquares, a.Past.Cross+b.Past.Cross
	a.Clicked, a.Closed, a.Failed = a.Clicked+b.Clicked, a.Closed+b.Closed, a.Failed+b.Failed
}

// SQL is the query behind Results with its parameters filled in, to be pasted
// into any ClickHouse client. What the caller leaves open is closed now: AsOf
// is the moment of the call. A bandit's sums come by period.
func SQL(q Query) string {
	return filled(unitsStatement(resultsSQL), q.withDefaults(time.Now()).parameters())
}
