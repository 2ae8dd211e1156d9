package dashboard

import (
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
// does not fit ends in an arrow at the edge.
func bar(lift stats.Number, i stats.Interval, half float64) template.HTML {
	if !lift.Known || !i.Known {
		return ""
	}
	const width, middle, foot = 112, 8, 4
	x := func(v float64) float64 { return foot + width*within(v, -half, half) }
	kind := "even"
	switch {
	case i.Low > 0:
		kind = "up"
	case i.High < 0:
		kind = "down"
	}
	c := draw("lift "+kind, 120, 2*middle)
	c.line("zero", x(0), 0, x(0), 2*middle)
	c.line("interval", x(i.Low), middle, x(i.High), middle)
	if i.Low < -half {
		c.beyond("interval", x(-half), middle, -1)
	}
	if i.High > half {
		c.beyond("interval", x(half), middle, 1)
	}
	c.dot("middle", x(lift.Value), middle, 3.5)
	return c.done()
}
