package engine

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/rules"
)

// capped says whether one of c's frequency limits is used up. An offer of the
// last minute whose exposure has not come counts like an exposure.
func capped(c *rules.Campaign, p *profile.Profile, now time.Time) bool {
	for _, limit := range c.Frequency {
		if spent(c, p, limit.Per, now) >= limit.Max {
			return true
		}
	}
	return false
}

// spent counts exposures and held offers of c within per.
func spent(c *rules.Campaign, p *profile.Profile, per rules.Window, now time.Time) int {
	w := stretchOf(c.Zone, p, per, now)
	n := 0
	for _, h := range p.Holds {
		if h.Campaign == c.ID && !h.Exposed && now.UnixMilli() < h.At+profile.HoldFor && w.has(h.At, h.Session) {
			n++
		}
	}
	x := p.Campaigns[c.ID]
	if x == nil {
		return n
	}
	if per.Kind == "lifetime" {
		return n + x.Count // the list of spends is bounded, the count is not
	}
	for _, s := range x.Spends {
		if w.has(s.At, s.Session) {
			n++
		}
	}
	return n
}

// stretch is a window that ends now: moments at or after from, and of one
// session (its SessionKey) only if it is not 0.
type stretch struct {
	from    int64
	session int
}

func (w stretch) has(at int64, session int) bool {
	return at >= w.from && (w.session == 0 || w.session == session)
}

func stretchOf(zone *time.Location, p *profile.Profile, per rules.Window, now time.Time) stretch {
	switch per.Kind {
	case "session":
		return stretch{session: p.SessionKey()}
	case "day":
		return stretch{from: midnight(now, zone)}
	case "rolling":
		return stretch{from: now.Add(-per.Length).UnixMilli() + 1}
	default:
		return stretch{}
	}
}

func stopped(c *rules.Campaign, p *profile.Profile) bool {
	x := p.Campaigns[c.ID]
	if x == nil {
		return false
	}
	over := func(have, limit int) bool { return limit > 0 && have >= limit }
	return over(x.Closes, c.Stop.Closes) || over(x.Clicks, c.Stop.Clicks) || over(x.Conversions, c.Stop.Conversions)
}

// slotsTaken are the slots that earlier offers occupy on the very page of r.
// A page view starts with all of them free, since folding it released them.
func slotsTaken(p *profile.Profile, r Request, now time.Time) []string {
	var taken []string
	if r.Context.Page == nil {
		return nil
	}
	for _, h := range p.Holds {
		if h.Slot != "" && p.Mine(h) && h.Page == r.Context.Page.Path && (h.Exposed || now.UnixMilli() < h.At+profile.HoldFor) {
			taken = append(taken, h.Slot)
		}
	}
	return taken
}
