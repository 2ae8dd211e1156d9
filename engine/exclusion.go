package engine

import (
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/bucket"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/rules"
)

// overBudget says whether the attention that c would ask for is used up: by
// whatever campaign, in its slot or in all.
func (g *gates) overBudget(c *rules.Campaign) bool {
	return g.over("all") || c.Slot != "" && g.over(c.Slot)
}

func (g *gates) over(slot string) bool {
	for _, limit := range g.live.Set.Site.Budget[slot] {
		w := stretchOf(g.live.Set.Site.Timezone, g.p, limit.Per, g.now)
		n := g.p.Spent(slot, w.from, w.session, g.now.UnixMilli())
		for _, o := range g.offered { // by this very decision, and held only once it is folded
			if slot == "all" || o.Slot == slot {
				n++
			}
		}
		if n >= limit.Max {
			return true
		}
	}
	return false
}

// shut says whether c's layer belongs to another campaign for this visitor:
// to the one that it has been offered, or else to the one that is drawn.
func (g *gates) shut(c *rules.Campaign) bool {
	if c.Layer == "" {
		return false
	}
	mine := met(c, g.p, g.now)
	for _, o := range g.live.layers[c.Layer] {
		// Who met both before they shared a layer keeps the first by name.
		if o != c && (!mine || o.ID < c.ID) && (met(o, g.p, g.now) || slices.Contains(g.offered, o)) {
			return true
		}
	}
	if mine {
		return false
	}
	b := bucket.Bucket(bucket.Layer, c.Layer, g.p.Unit)
	return b < c.LayerLow || b >= c.LayerHigh
}

func layers(set *rules.Set) map[string][]*rules.Campaign {
	out := map[string][]*rules.Campaign{}
	for _, c := range set.Campaigns {
		if c.Layer != "" {
			out[c.Layer] = append(out[c.Layer], c)
		}
	}
	return out
}

// met says whether the visitor has been offered c: exposed to it ever, or held
// for it now.
func met(c *rules.Campaign, p *profile.Profile, now time.Time) bool {
	return spent(c, p, rules.Window{Kind: "lifetime"}, now) > 0
}
