package visits

import (
	"math"
	"math/rand/v2"
)

// Session is one drawn session.
type Session struct {
	Kind         Kind
	Returning    bool    // Kind is Returning
	ProductPages int     // pages about products: lists and items
	OtherPages   int     // account, shipping, about and the like
	Seconds      float64 // from the first to the last page; 0 when only one page was seen
	Weekend      bool
	Purchase     bool // the session ended in a purchase
}

// Pages is the number of pages of the session, at least 1.
func (s Session) Pages() int { return max(1, s.ProductPages+s.OtherPages) }

// Draw takes one session out of the table. The same seed gives the same sessions.
func (t Table) Draw(r *rand.Rand) Session {
	cell := t.pick(r.IntN(t.total))
	return Session{
		Kind:         cell.Kind,
		Returning:    cell.Kind == Returning,
		ProductPages: int(math.Round(cell.ProductPages.at(r.Float64()))),
		OtherPages:   int(math.Round(cell.OtherPages.at(r.Float64()))),
		Seconds:      cell.Seconds.at(r.Float64()),
		Weekend:      r.IntN(cell.Sessions) < cell.Weekend,
		Purchase:     r.IntN(cell.Sessions) < cell.Purchases,
	}
}

// pick finds the cell that holds the n-th session, 0 ≤ n < total.
func (t Table) pick(n int) Cell {
	for _, cell := range t.Cells {
		if n < cell.Sessions {
			return cell
		}
		n -= cell.Sessions
	}
	return t.Cells[len(t.Cells)-1]
}

// at reads the quantile of a share, on a straight line between the levels given.
func (q Quantiles) at(share float64) float64 {
	for i := 1; i < len(Levels); i++ {
		if share <= Levels[i] {
			part := (share - Levels[i-1]) / (Levels[i] - Levels[i-1])
			return q[i-1] + part*(q[i]-q[i-1])
		}
	}
	return q[len(q)-1]
}
