package crowd

// Arm is what the crowd knows to have happened to one variant.
type Arm struct{ Exposed, Converted uint64 }

// count adds one visitor to the tally, by the rules of attribution: it enters
// a campaign at its first exposure, with the one variant it saw, and is
// converted by a goal event at or after that and before the window ends.
func (c *Crowd) count(p *person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for campaign, goal := range c.o.Goals {
		first, variant, crossed := int64(-1), "", false
		for _, d := range p.did {
			if d.name != "omo_exposure" || d.campaign != campaign {
				continue
			}
			if first < 0 || d.at < first {
				first = d.at
			}
			crossed = crossed || variant != "" && variant != d.variant
			variant = d.variant
		}
		if first < 0 || crossed {
			continue
		}
		if c.seen[campaign] == nil {
			c.seen[campaign] = map[string]*Arm{}
		}
		a := c.seen[campaign][variant]
		if a == nil {
			a = &Arm{}
			c.seen[campaign][variant] = a
		}
		a.Exposed++
		for _, d := range p.did {
			if d.name == goal.Event && d.at >= first && d.at < first+goal.Window.Milliseconds() {
				a.Converted++
				break
			}
		}
	}
}

// Tally is what must come out of the warehouse: by campaign and variant.
func (c *Crowd) Tally() map[string]map[string]Arm {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]map[string]Arm{}
	for campaign, arms := range c.seen {
		out[campaign] = map[string]Arm{}
		for variant, a := range arms {
			out[campaign][variant] = *a
		}
	}
	return out
}
