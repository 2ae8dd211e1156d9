package main

import (
	"context"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/guard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// guardUsually is how often campaigns are looked at unless told.
const guardUsually = 5 * time.Minute

// counts is the warehouse as the guard asks it.
type counts struct{ questions }

// Count counts all units of the phase as of the moment that is asked about.
func (c counts) Count(ctx context.Context, q guard.Question) ([]guard.Period, error) {
	sums, err := c.Results(ctx, warehouse.Query{
		Campaign: q.Campaign, Phase: q.Phase, Goal: q.Goal.Event, Window: q.Goal.Window, Value: q.Goal.Value, AsOf: q.AsOf,
	})
	if err != nil {
		return nil, err
	}
	if sums.Periods == nil {
		return []guard.Period{{Arms: armsOf(sums.Arms)}}, nil // its weights have not moved
	}
	var periods []guard.Period
	for _, p := range sums.Periods {
		periods = append(periods, guard.Period{Number: p.Period, Arms: armsOf(p.Arms)})
	}
	return periods, nil
}

func armsOf(arms []warehouse.Arm) []guard.Arm {
	out := make([]guard.Arm, len(arms))
	for i, a := range arms {
		out[i] = guard.Arm{Closed: a.Closed, Failed: a.Failed, Arm: stats.Arm{
			Variant: a.Variant, Control: a.Control, Weight: int(a.Weight), N: a.Exposed, Converted: a.Converted, Sum: a.Sum, SumSquares: a.SumSquares,
			Cost: stats.Cost(a.Cost),
		}}
	}
	return out
}
