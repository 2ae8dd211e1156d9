package replay

import (
	"encoding/json"
	"slices"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// engagement is what the browser tells of a page view, as far as it says which
// triggers came.
type engagement struct {
	View  string `json:"view"`     // id of the page view
	Dwell int64  `json:"dwell_ms"` // visible since it was last told
	Exit  *int64 `json:"exit"`     // of the first wish to leave: visible time until then
	Deep  int    `json:"scroll"`   // percent of the page
	Idle  int64  `json:"idle_ms"`  // the longest silence
	Back  *int64 `json:"tab_return"`

	firsts map[string]json.RawMessage // by trigger: visible time until it first came
}

// readEngagement reads an omo_engagement event; not ok if it names no page view.
func readEngagement(e *ingest.Event) (g engagement, ok bool) {
	if json.Unmarshal(e.Properties, &g) != nil || json.Unmarshal(e.Properties, &g.firsts) != nil {
		return g, false
	}
	return g, g.View != ""
}

// told are the triggers of which an engagement tells.
var told = []string{"exit_intent", "tab_return", "dwell", "scroll", "idle"}

// recorded says whether an engagement tells of all these triggers.
func recorded(on []rules.Trigger) bool {
	return !slices.ContainsFunc(on, func(t rules.Trigger) bool { return !slices.Contains(told, t.Kind) })
}

// triggersOf are those that only c's browser knows of; events are recorded.
func triggersOf(c *rules.Campaign) (out []rules.Trigger) {
	for _, t := range c.On {
		if t.Kind != "event" {
			out = append(out, t)
		}
	}
	return out
}

// fired says whether all triggers came, which was the last, and after how many
// milliseconds on the page. Of how far and how long it is told only that it was
// so by then, which is sofar.
func (g *engagement) fired(on []rules.Trigger, sofar int64) (trigger string, after int64, fired bool) {
	for _, t := range on {
		at := sofar
		switch {
		case t.Kind == "exit_intent" && g.Exit != nil:
			at = *g.Exit
		case t.Kind == "tab_return" && g.Back != nil:
			at = *g.Back
		case t.Kind == "in_view" && json.Unmarshal(g.firsts[t.String()], &at) == nil: // only if somebody waited for it then
		case t.Kind == "dwell" && g.Dwell >= t.Dwell.Milliseconds():
			at = t.Dwell.Milliseconds()
		case t.Kind == "scroll" && g.Deep >= t.Percent, t.Kind == "idle" && g.Idle >= t.Dwell.Milliseconds():
		default:
			return "", 0, false
		}
		if trigger == "" || at > after {
			trigger, after = t.String(), at
		}
	}
	return trigger, after, trigger != ""
}
