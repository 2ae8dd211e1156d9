package engine

import (
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// triggered says whether c may open at what happened (nothing: the page view
// itself), or may do so later and waits for a trigger of its own. Of a list,
// the client calls when the last one has come, and names that one; see beside.
func (g *gates) triggered(c *rules.Campaign) (waits, mine bool) {
	switch on := &c.On[0]; {
	case c.Sends(): // nobody's page has a part in it
		return false, g.r.Trigger == ingest.DuePrefix+c.ID && reachable(c, g.p) && g.where(on)
	case on.Kind == "absent": // it came about on the server, between two pages
		return false, g.r.Trigger == "" && g.p.Due[c.ID] > 0
	case on.Kind == "reminder":
		due := g.p.Due[c.ID]
		return false, g.r.Trigger == "" && due > 0 && (on.Offset >= 0 || clock(g.now) < due-on.Offset.Milliseconds())
	}
	happened := g.r.Trigger
	for i := range c.On {
		switch t := &c.On[i]; {
		case t.Kind == "page_view":
		case happened == "":
			waits = true
		case t.Met(happened) && g.where(t) && g.beside(c, i):
			return false, true
		}
	}
	return waits, happened == ""
}

// where asks the condition that an event trigger may have.
func (g *gates) where(t *rules.Trigger) bool {
	if t.Kind != "event" {
		return true
	}
	yes, err := g.live.Set.Where(g.m, t, g.env, g.now)
	if err != nil {
		g.failed = err
	}
	return yes
}
