package engine

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/rules"
)

// counters answers a rule set's counters from a profile at one moment.
type counters struct {
	set *rules.Set
	p   *profile.Profile
	now time.Time
}

// Number answers count, sum and uniq, did and exposed as 1 or 0, and
// seconds_since, Unknown if it never was.
func (c *counters) Number(i int) float64 {
	counter := &c.set.Counters[i]
	from := c.from(counter)
	if counter.Op == "exposed" {
		return truth(c.exposed(counter.Campaign, from))
	}
	key := c.set.Streams[counter.Stream].Key
	switch counter.Op {
	case "count":
		return c.p.Count(key, from)
	case "sum":
		return c.p.Sum(key, from)
	case "uniq":
		return c.p.Uniq(key, from)
	case "did":
		at, _ := c.p.Latest(key)
		return truth(at != 0 && at >= from)
	default: // seconds_since
		at, _ := c.p.Latest(key)
		return since(at, c.now.UnixMilli(), 1000)
	}
}

// Text answers last.
func (c *counters) Text(i int) string {
	_, text := c.p.Latest(c.set.Streams[c.set.Counters[i].Stream].Key)
	return text
}

func (c *counters) exposed(campaign string, from int64) bool {
	x := c.p.Campaigns[campaign]
	if x == nil {
		return false
	}
	if from == 0 {
		return x.Count > 0
	}
	for _, s := range x.Spends {
		if s.At >= from {
			return true
		}
	}
	return false
}

// from is the first moment of a counter's window, 0 for a lifetime.
func (c *counters) from(counter *rules.Counter) int64 {
	switch counter.Window.Kind {
	case "session":
		return c.p.Session.Start
	case "day":
		return midnight(c.now, counter.Zone)
	case "rolling":
		return c.now.Add(-counter.Window.Length).UnixMilli() + 1
	default:
		return 0
	}
}

// midnight is when the day of now began in zone, in milliseconds since 1970.
func midnight(now time.Time, zone *time.Location) int64 {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone).UnixMilli()
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
