package dashboard

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// Curve is what is known of one arm's lift: its ratio to control has a logarithm
// that is about normal, with this mean and deviation.
type Curve struct {
	Mean, Deviation float64
	Colour          int // its class: c0, c1 …
	Name            string
}

// curveOf is the curve that a lift's 95 % interval was taken from.
func curveOf(lift stats.Number, ci stats.Interval) Curve {
	if !lift.Known || !ci.Known {
		return Curve{}
	}
	const z95 = 1.959963984540054
	return Curve{Mean: math.Log1p(lift.Value), Deviation: (math.Log1p(ci.High) - math.Log1p(ci.Low)) / (2 * z95)}
}

// drawable says whether there is a curve to draw, and no needle or plain.
func (c Curve) drawable() bool {
	return c.Deviation > 1e-6 && c.Deviation < 3 && math.Abs(c.Mean) < 3
}

// at is how dense it is at a lift, peak where it is densest.
func (c Curve) at(lift float64) float64 {
	if lift <= -1 {
		return 0
	}
	z := (math.Log1p(lift) - c.Mean) / c.Deviation
	return math.Exp(-z*z/2) / (c.Deviation * (1 + lift))
}

func (c Curve) peak() float64 {
	return math.Exp(c.Deviation*c.Deviation/2-c.Mean) / c.Deviation
}

// end is the lift so many deviations from its middle.
func (c Curve) end(deviations float64) float64 { return math.Expm1(c.Mean + deviations*c.Deviation) }

// curves are those that can be drawn of the arms that are compared with control.
func curves(arms []Arm) []Curve {
	var out []Curve
	for _, a := range arms {
		if c := curveOf(a.Lift, a.LiftCI); c.drawable() {
			c.Colour, c.Name = a.Colour, a.Variant
			out = append(out, c)
		}
	}
	return out
}

// lifts draws them, and under them their intervals.
func lifts(arms []Arm) template.HTML { return density(curves(arms), armsScale(arms)) }

func armsScale(arms []Arm) float64 {
	all := make([]stats.ArmResult, len(arms))
	for i, a := range arms {
		all[i] = a.ArmResult
	}
	return scale(all)
}

// Measures of a drawing of lifts.
const (
	liftWidth  = 640
	liftHeight = 140 // of the curves
	liftRow    = 14  // of an interval
	liftFoot   = 22  // of the axis' words
)

// density draws each arm's lift as a curve over one axis, from −half to +half,
// with a line where there is no difference, and its 95 % interval below.
func density(curves []Curve, half float64) template.HTML {
	bottom := float64(liftHeight + liftRow*len(curves) + 6)
	c := draw("density", liftWidth, bottom+liftFoot)
	drawLifts(c, curves, half, bottom)
	return c.done()
}

func drawLifts(c *canvas, curves []Curve, half, bottom float64) {
	const foot = liftHeight
	peak := 0.0
	for _, one := range curves {
		if one.drawable() {
			peak = max(peak, one.peak())
		}
	}
	x := func(v float64) float64 { return liftWidth * within(v, -half, half) }
	for _, tick := range [...]float64{-1, -0.5, 0, 0.5, 1} {
		class := "tick"
		if tick == 0 {
			class = "zero"
		}
		c.line(class, x(tick*half), 4, x(tick*half), bottom)
		c.label(max(18, min(liftWidth-18, x(tick*half))), bottom+16, "middle", signed(tick*half))
	}
	row := 0
	for _, one := range curves {
		if !one.drawable() {
			continue
		}
		points := [][2]float64{{0, foot}}
		for at := 0; at <= liftWidth; at += 2 {
			lift := -half + 2*half*float64(at)/liftWidth
			points = append(points, [2]float64{float64(at), foot - (foot-8)*within(one.at(lift), 0, peak)})
		}
		c.path(fmt.Sprintf("curve c%d", one.Colour), append(points, [2]float64{liftWidth, foot}), true)
		y := foot + liftRow*(float64(row)+0.7)
		low, high, class := one.end(-1.96), one.end(1.96), fmt.Sprintf("interval c%d", one.Colour)
		c.line(class, x(low), y, x(high), y)
		if low < -half {
			c.beyond(class, 0, y, -1)
		}
		if high > half {
			c.beyond(class, liftWidth, y, 1)
		}
		c.dot(fmt.Sprintf("middle c%d", one.Colour), x(one.end(0)), y, 4)
		row++
	}
}

// liftStyle are the colours of a drawing that stands in no page: those of ui.css, light.
const liftStyle = `<style>text{font:12px system-ui,sans-serif;fill:#665e54}.title{font-size:15px;font-weight:600;fill:#26221d}.tick{stroke:#e6dfd3}.zero{stroke:#8a8074}` +
	`.curve{fill-opacity:.16;stroke-width:1.6}.interval{stroke-width:3;stroke-linecap:round}.c0{fill:#7a7267;stroke:#7a7267}.c1{fill:#2f5d62;stroke:#2f5d62}.c2{fill:#9a5b1e;stroke:#9a5b1e}.c3{fill:#5b4a8a;stroke:#5b4a8a}</style>`

// LiftDrawing is the drawing of the arms' lifts as a file of its own, with a
// title, and each arm's figures beside its colour.
func LiftDrawing(title, note string, arms []Arm) []byte {
	all := curves(arms)
	const head, line = 52.0, 20.0
	bottom := float64(liftHeight + liftRow*len(all) + 6)
	height := head + bottom + liftFoot + line*float64(len(all)) + 16
	c := &canvas{width: liftWidth, height: height}
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-24 0 %d %g" width="%d" height="%g">%s`, liftWidth+48, height, liftWidth+48, height, liftStyle)
	fmt.Fprintf(c, `<rect x="-24" width="%d" height="%g" fill="#fff"/><text class="title" x="0" y="22">%s</text><text x="0" y="41">%s</text><g transform="translate(0 %g)">`,
		liftWidth+48, height, template.HTMLEscapeString(title), template.HTMLEscapeString(note), head)
	drawLifts(c, all, armsScale(arms), bottom)
	for i, one := range all {
		y := bottom + liftFoot + line*(float64(i)+0.6)
		c.dot(fmt.Sprintf("c%d", one.Colour), 6, y-4, 5)
		lift, ci := stats.Number{Value: one.end(0), Known: true}, stats.Interval{Low: one.end(-1.96), High: one.end(1.96), Known: true}
		c.label(18, y, "start", strings.Join([]string{one.Name, lift.Change(), "(" + ci.Change(" … ") + ")"}, " "))
	}
	return []byte(c.String() + "</g></svg>")
}
