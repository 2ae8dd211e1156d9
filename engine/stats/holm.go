package stats

import (
	"cmp"
	"slices"
)

// Holm adjusts p-values for having made several comparisons at once
// (Holm–Bonferroni step-down), in the order given. Unknown ones stay unknown and
// do not count as comparisons; a single one is left as it is.
func Holm(p []Number) []Number {
	adjusted := slices.Clone(p)
	var order []int
	for i := range p {
		if p[i].Known {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a].Value, p[b].Value) })
	floor := 0.0 // a larger p-value never ends below a smaller one
	for rank, i := range order {
		floor = max(floor, min(1, p[i].Value*float64(len(order)-rank)))
		adjusted[i].Value = floor
	}
	return adjusted
}
