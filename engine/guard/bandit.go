package guard

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/rules"
)

const (
	movesEvery   = 24 * time.Hour
	leastUnits   = 20  // of each arm in the present period
	leastChange  = 100 // of 10,000, of some arm: a new period is worth a point
	leastReached = 10  // conversions of all arms
	leastSales   = 50  // that the smallest arm expects, before money is gone by
)

// Move is how a bandit divides the visitors who come next.
type Move struct {
	Parts   []int     // of 10,000, in the order of the variants; 100 at least of each with weight
	Chances []float64 // of each to be the best, which the parts follow
	By      string    // what was compared: conversions or value
}

// Next is where a bandit's weights move to by what was counted up to now; false
// where they stay. is what was decided of the campaign before.
func Next(c *rules.Campaign, is engine.Override, periods []Period, at time.Time) (Move, bool) {
	if is.Period > 0 && at.Sub(time.UnixMilli(is.At)) < movesEvery {
		return Move{}, false
	}
	if len(periods) == 0 || periods[len(periods)-1].Number != is.Period {
		return Move{}, false // nobody has come in the present one
	}
	last := periods[len(periods)-1]
	counted := make([]stats.Period, len(periods))
	for _, v := range c.Variants {
		if v.Weight > 0 && last.of(v).N < leastUnits {
			return Move{}, false
		}
		for k, p := range periods {
			arm := p.of(v).Arm
			arm.Weight = v.Weight // with or without: what the weight was matters to the split alone
			counted[k].Arms = append(counted[k].Arms, arm)
		}
	}
	money, enough := goesByMoney(counted)
	if !enough {
		return Move{}, false
	}
	next := stats.Thompson(counted, money)
	if next.Reason != "" || !differ(next.Parts, present(c, is)) {
		return Move{}, false
	}
	move := Move{Parts: next.Parts, By: "conversions"}
	if money {
		move.By = "value"
	}
	for _, chance := range next.Chances {
		move.Chances = append(move.Chances, chance.Value) // unknown of one without weight: none
	}
	return move, true
}

// goesByMoney tells whether there are sales enough to go by what they bring, and
// whether there is anything to go by at all.
func goesByMoney(periods []stats.Period) (money, enough bool) {
	arms, _ := stats.Stratify(periods)
	var units, least, reached uint64
	valued := false
	for _, a := range arms {
		if a.Weight <= 0 {
			continue
		}
		if units == 0 || a.N < least {
			least = a.N
		}
		units, reached, valued = units+a.N, reached+a.Converted, valued || a.Sum != 0
	}
	if units == 0 || reached < leastReached {
		return false, false
	}
	return valued && float64(reached)*float64(least)/float64(units) >= leastSales, true
}

// present are the parts by which the bandit divides its visitors now.
func present(c *rules.Campaign, is engine.Override) []int {
	if is.Period > 0 {
		return is.Parts
	}
	parts := make([]int, len(c.Variants))
	for i, v := range c.Variants {
		parts[i] = v.High - v.Low
	}
	return parts
}

func differ(next, now []int) bool {
	for i := range next {
		if change := next[i] - now[i]; change >= leastChange || -change >= leastChange {
			return true
		}
	}
	return false
}
