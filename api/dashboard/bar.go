package dashboard

import (
	"fmt"
	"html/template"
	"math"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// scale is the lift, to either side of zero, that a campaign's drawings have
// room for: the least round one that holds every interval, or all there is.
func scale(arms []stats.ArmResult) float64 {
	widest := 0.0
	for _, a := range arms {
		if a.LiftCI.Known {
			widest = max(widest, math.Abs(a.LiftCI.Low), math.Abs(a.LiftCI.High))
		}
	}
	for _, round := range [...]float64{0.1, 0.25, 0.5} {
		if widest <= round {
			return round
		}
	}
	return 1
}

// bar draws a lift's interval on a line whose middle is no difference. What
// does not fit is cut off at the edge.
func bar(lift stats.Number, i stats.Interval, half float64) template.HTML {
	if !lift.Known || !i.Known {
		return ""
	}
	x := func(v float64) float64 { return 60 + 56*max(-half, min(half, v))/half }
	kind := "even"
	switch {
	case i.Low > 0:
		kind = "up"
	case i.High < 0:
		kind = "down"
	}
	return template.HTML(fmt.Sprintf( // numbers only: nothing here comes from a person
		`<svg class="lift %s" viewBox="0 0 120 16" width="120" height="16" aria-hidden="true"><line class="zero" x1="60" x2="60" y1="0" y2="16"/>`+
			`<line class="interval" x1="%.1f" x2="%.1f" y1="8" y2="8"/><circle cx="%.1f" cy="8" r="3.5"/></svg>`,
		kind, x(i.Low), x(i.High), x(lift.Value)))
}
