package guard

import (
	"context"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Question asks for the counts of one phase of a campaign, up to a moment.
type Question struct {
	Campaign, Phase string
	Goal            rules.Goal
	AsOf            time.Time
}

// Period is a span of the phase in which the weights stood still: its place among the
// phase's periods, from 0 on, and its arms, in any order. Who was first exposed in it
// counts in it.
type Period struct {
	Number int
	Arms   []Arm
}

// Arm are one variant's sums, over kept units.
type Arm struct {
	stats.Arm
	Closed, Failed uint64 // units that closed what was shown; that met an error of it
}

// Warehouse counts. A campaign whose weights never moved in the phase has one period,
// number 0; one that nobody was exposed to may have none. Periods come in order.
type Warehouse interface {
	Count(ctx context.Context, q Question) ([]Period, error)
}

// guarded are the arm's sums as the guardrails read them, costs taken off.
func (a Arm) guarded() stats.Guarded {
	return stats.Guarded{
		N: a.N, Converted: a.Converted, Closed: a.Closed, Failed: a.Failed,
		Value: stats.Moments{Sum: a.Sum - a.Cost.Sum, SumSquares: a.SumSquares - 2*a.Cost.WithValue + a.Cost.SumSquares},
	}
}

// of is the variant's arm; one without anybody where it has none.
func (p Period) of(variant rules.Variant) Arm {
	for _, a := range p.Arms {
		if a.Variant == variant.ID {
			a.Control = variant.Control()
			return a
		}
	}
	return Arm{Arm: stats.Arm{Variant: variant.ID, Control: variant.Control()}}
}
