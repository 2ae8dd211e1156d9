package stats

import (
	"cmp"
	"math"
	"slices"
)

// parts is the whole that an allocation divides: the buckets of a campaign.
const parts = 10_000

// leastShare is what every arm keeps, so that a bandit goes on learning and its
// control stays a measure of all others.
const leastShare = 0.01

// Allocation is how a bandit divides the visitors who come next. JSON as it is
// stored and logged.
type Allocation struct {
	// Parts of 10,000 of every arm, in the arms' order; they add up to 10,000. An arm
	// without weight gets none, each other at least 100.
	Parts []int `json:"parts"`
	// Chances are P(best), which the parts follow.
	Chances []Number `json:"chances"`
	// Reason is why all arms get the same: there is too little to go by.
	Reason Reason `json:"reason,omitempty"`
}

// Thompson gives each arm its chance to be the best, control's too, which is what
// Thompson sampling does on average, without drawing: equal sums give equal
// weights on every machine. The chances come from exact Beta(1,1) posteriors while
// there is one period, from then on (and for money always) from normal ones of the
// stratified means, as pooled sums would mislead a bandit as they mislead its reader.
// Until every arm has 100 units all get the same.
func Thompson(periods []Period, money bool) Allocation {
	arms, _ := Stratify(periods)
	var in []int
	for i, a := range arms {
		if a.Weight > 0 {
			in = append(in, i)
		}
	}
	out := Allocation{Parts: make([]int, len(arms)), Chances: all(len(arms), unknown(NoWeight))}
	if len(in) == 0 {
		out.Reason = NoTreatment
		return out
	}
	chances := chancesOf(arms, in, len(periods) == 1, money)
	shares := make([]float64, len(in))
	for k, i := range in {
		out.Chances[i] = chances[k]
		if shares[k] = chances[k].Value; !chances[k].Known {
			out.Reason = chances[k].Why
		}
	}
	if out.Reason != "" {
		for k := range shares {
			shares[k] = 1 / float64(len(shares))
		}
	}
	for k, n := range divide(Floored(shares, leastShare)) {
		out.Parts[in[k]] = n
	}
	return out
}

// chancesOf is P(best) of the arms that take part; single: their counts are of one
// period and can be taken as they are.
func chancesOf(arms []Arm, in []int, single, money bool) []Number {
	some := make([]Arm, len(in))
	samples := make([]Sample, len(in))
	for k, i := range in {
		some[k] = arms[i]
		if arms[i].N < minUnits {
			return all(len(in), unknown(TooFewUnits))
		}
		if samples[k] = arms[i].rate(); money {
			samples[k] = arms[i].worth()
		} else if samples[k].Why == "" && samples[k].Variance == 0 {
			p := (float64(arms[i].Converted) + 1) / (samples[k].N + 2) // all did the same, so far
			samples[k].Variance = p * (1 - p)
		}
	}
	if single && !money {
		return BestRates(some)
	}
	return BestMeans(samples)
}

// Floored raises what is below the floor to it, and lets the others pay for that
// by what they have. Shares add up to one; where not all can have the floor, all get the same.
func Floored(shares []float64, floor float64) []float64 {
	out := slices.Clone(shares)
	floor = math.Min(floor, 1/float64(max(1, len(out))))
	low := make([]bool, len(out))
	for {
		rest, free := 1.0, 0.0
		for i, s := range shares {
			if low[i] {
				rest -= floor
			} else {
				free += s
			}
		}
		again := false
		for i, s := range shares {
			if low[i] {
				out[i] = floor
				continue
			}
			if out[i] = rest * s / free; !(out[i] >= floor) { // 0/0 too
				low[i], again = true, true
			}
		}
		if !again {
			return out
		}
	}
}

// divide makes whole parts of shares, the largest remainders first, ties in order.
func divide(shares []float64) []int {
	out, order := make([]int, len(shares)), make([]int, len(shares))
	left := parts
	for i, s := range shares {
		out[i], order[i] = int(s*parts+1e-9), i // a rounding error is not one part less
		left -= out[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(shares[b]*parts-float64(out[b]), shares[a]*parts-float64(out[a]))
	})
	for k := 0; left > 0; k, left = k+1, left-1 {
		out[order[k%len(order)]]++
	}
	return out
}
