package rules

import (
	"cmp"
	"slices"
)

// layers shares the 10,000 buckets of every layer in equal parts among its
// campaigns, in order of id.
func layers(campaigns []*Campaign) {
	members := map[string][]*Campaign{}
	for _, c := range campaigns {
		if c.Layer != "" {
			members[c.Layer] = append(members[c.Layer], c)
		}
	}
	for _, list := range members {
		slices.SortFunc(list, func(a, b *Campaign) int { return cmp.Compare(a.ID, b.ID) })
		for i, c := range list {
			c.LayerLow, c.LayerHigh = 10_000*i/len(list), 10_000*(i+1)/len(list)
		}
	}
}
