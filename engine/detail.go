package engine

import (
	"fmt"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/rules"
)

// detail says more of the gate that stopped a campaign whose rule matched:
// which limit is used up, who has the slot, what is waited for.
func (g *gates) detail(c *rules.Campaign, reason string) string {
	switch reason {
	case NotLive:
		return "paused by " + g.live.Overrides[c.ID].By
	case NotTriggered:
		return g.awaited(c)
	case Frequency:
		for _, limit := range c.Frequency {
			if n := spent(c, g.p, limit.Per, g.now); n >= limit.Max {
				return fmt.Sprintf("%d of %d per %s", n, limit.Max, limit.Per)
			}
		}
	case Stopped:
		return ended(c.Stop, g.p.Campaigns[c.ID])
	case Budget:
		if g.over("all") {
			return "of all slots"
		}
		return "of the slot " + c.Slot
	case Layer:
		for _, o := range g.live.layers[c.Layer] {
			if o != c && met(o, g.p, g.now) {
				return o.ID + " of the layer " + c.Layer
			}
		}
		return "another part of the layer " + c.Layer
	case CouponOut:
		for _, pool := range c.Pools {
			if g.couponsLeft(pool) <= 0 {
				return "no code is left in the pool " + pool
			}
		}
	case Failed:
		if g.unranked(c) {
			return "its ranking has no item yet"
		}
	case SlotTaken:
		return g.holder(c)
	}
	return ""
}

func (g *gates) awaited(c *rules.Campaign) string {
	if c.Sends() && !reachable(c, g.p) {
		return "no address is known"
	}
	if on := &c.On[0]; on.Kind == "reminder" {
		return "waits for the " + on.Moment + " of a " + on.Event
	} else if on.Kind == "absent" {
		if due := g.p.Pending[c.ID]; due > 0 {
			return fmt.Sprintf("waits for no %s until %s", on.Event, time.UnixMilli(due).In(c.Zone).Format(time.DateTime))
		}
		return "waits for " + on.After
	}
	waits, met := make([]string, len(c.On)), false
	for i := range c.On {
		waits[i] = c.On[i].String()
		met = met || g.r.Trigger != "" && c.On[i].Met(g.r.Trigger)
	}
	if !met {
		return "waits for " + strings.Join(waits, ", ")
	}
	for i := range c.On {
		if len(c.On) > 1 && !g.came(&c.On[i]) {
			return "waits for " + g.named(&c.On[i])
		}
	}
	return "where of " + g.r.Trigger
}

func ended(stop rules.Stop, x *profile.Shown) string {
	switch {
	case stop.Closes > 0 && x.Closes >= stop.Closes:
		return fmt.Sprintf("%d of %d closes", x.Closes, stop.Closes)
	case stop.Clicks > 0 && x.Clicks >= stop.Clicks:
		return fmt.Sprintf("%d of %d clicks", x.Clicks, stop.Clicks)
	default:
		return fmt.Sprintf("%d of %d conversions", x.Conversions, stop.Conversions)
	}
}

// holder says who has c's slot on this page; control holds it like any other.
func (g *gates) holder(c *rules.Campaign) string {
	if g.absent(c.Slot) {
		return "the page has no slot " + c.Slot
	}
	for _, o := range g.offered {
		if o.Slot == c.Slot {
			return o.ID + " has " + c.Slot
		}
	}
	for _, h := range g.p.Holds {
		if h.Slot == c.Slot && g.p.Mine(h) {
			return h.Campaign + " has " + c.Slot
		}
	}
	return ""
}
