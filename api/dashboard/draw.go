package dashboard

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"
)

// Drawings are SVG with presentation attributes and classes, for ui.css to
// colour. Nothing in them comes from a person: numbers, and words of our own. A
// screen says beside each what it shows, so that they are hidden from whoever
// listens to the page.

// canvas writes one drawing, of so many units.
type canvas struct {
	strings.Builder
	width, height float64
}

func draw(class string, width, height float64) *canvas {
	c := &canvas{width: width, height: height}
	fmt.Fprintf(c, `<svg class="%s" viewBox="0 0 %g %g" width="%g" height="%g" aria-hidden="true">`, class, width, height, width, height)
	return c
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(c, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (c *canvas) dot(class string, x, y, r float64) {
	fmt.Fprintf(c, `<circle class="%s" cx="%.1f" cy="%.1f" r="%g"/>`, class, x, y, r)
}

// beyond is the head of an arrow: what ends here goes on, to the left or right.
func (c *canvas) beyond(class string, x, y, direction float64) {
	c.line(class, x-5*direction, y-4, x, y)
	c.line(class, x-5*direction, y+4, x, y)
}

func (c *canvas) label(x, y float64, anchor, text string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, template.HTMLEscapeString(text))
}

func (c *canvas) path(class string, points [][2]float64, closed bool) {
	fmt.Fprintf(c, `<path class="%s" d="`, class)
	for i, p := range points {
		move := "L"
		if i == 0 {
			move = "M"
		}
		fmt.Fprintf(c, "%s%.1f %.1f", move, p[0], p[1])
	}
	if closed {
		c.WriteString("Z")
	}
	c.WriteString(`"/>`)
}

func (c *canvas) done() template.HTML { return template.HTML(c.String() + "</svg>") }

// within puts v, of a range from low to high, between 0 and 1; what does not fit
// is cut off at the edge.
func within(v, low, high float64) float64 {
	part := (v - low) / (high - low)
	if !(high > low) || math.IsNaN(part) {
		return 0
	}
	return max(0, min(1, part))
}

// sparkline draws values in their order, the first at the left, the line's foot
// at zero. Without two values there is nothing to draw.
func sparkline(values []float64) template.HTML {
	if len(values) < 2 {
		return ""
	}
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	const width, height, rim = 120, 28, 3
	c := draw("sparkline", width, height)
	points := make([][2]float64, len(values))
	for i, v := range values {
		points[i] = [2]float64{rim + (width-2*rim)*float64(i)/float64(len(values)-1), height - rim - (height-2*rim)*within(v, 0, top)}
	}
	foot := [][2]float64{{width - rim, height - rim}, {rim, height - rim}}
	c.path("under", append(append([][2]float64{}, points...), foot...), true)
	c.path("over", points, false)
	last := points[len(points)-1]
	c.dot("last", last[0], last[1], 2.2)
	return c.done()
}

// measure draws how much of the most a number is, as a bar that fills its place.
func measure(part, most any) template.HTML {
	return template.HTML(fmt.Sprintf(
		`<svg class="measure" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="8"/><rect class="part" width="%.2f" height="8"/></svg>`,
		100*within(number(part), 0, number(most))))
}

func number(n any) float64 {
	switch n := n.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case uint64:
		return float64(n)
	case float64:
		return n
	default:
		return 0
	}
}

// Day is a cumulative lift as it stood at the end of a day; unknown days are gaps.
type Day struct {
	Label           string // 12/01
	Known           bool
	Lift, Low, High float64
}

// narrowing draws how the interval closes in over the days. There is room for
// three days of four: the first ones know next to nothing, and are cut off.
func narrowing(days []Day) template.HTML {
	const width, height, foot, left = 640, 180, 24, 44
	var widths []float64
	for _, d := range days {
		if d.Known {
			widths = append(widths, max(math.Abs(d.Low), math.Abs(d.High)))
		}
	}
	half := rounded(0)
	if n := len(widths); n > 0 {
		slices.Sort(widths)
		half = rounded(widths[(3*n+3)/4-1])
	}
	c := draw("narrowing", width, height)
	y := func(v float64) float64 { return 4 + (height-foot-8)*(1-within(v, -half, half)) }
	x := func(i int) float64 {
		if len(days) == 1 {
			return (left + width) / 2
		}
		return left + (width-left-8)*float64(i)/float64(len(days)-1)
	}
	for _, tick := range [...]float64{-1, 0, 1} {
		class := "tick"
		if tick == 0 {
			class = "zero"
		}
		c.line(class, left, y(tick*half), width, y(tick*half))
		c.label(left-6, y(tick*half)+4, "end", signed(tick*half))
	}
	var upper, lower, middle [][2]float64
	for i, d := range days {
		if d.Known {
			upper = append(upper, [2]float64{x(i), y(d.High)})
			lower = append([][2]float64{{x(i), y(d.Low)}}, lower...)
			middle = append(middle, [2]float64{x(i), y(d.Lift)})
		}
	}
	switch {
	case len(middle) == 1: // a day alone has no course
		c.line("over", middle[0][0], upper[0][1], middle[0][0], lower[0][1])
		c.dot("last", middle[0][0], middle[0][1], 4)
	case len(middle) > 1:
		c.path("band", append(upper, lower...), true)
		c.path("over", middle, false)
	}
	named := []int{0, len(days) / 2, len(days) - 1}
	for _, i := range slices.Compact(named) {
		if i >= 0 && i < len(days) {
			c.label(max(left+14, min(width-18, x(i))), height-6, "middle", days[i].Label)
		}
	}
	return c.done()
}

// rounded is the least round lift that has room for one.
func rounded(lift float64) float64 {
	for _, round := range [...]float64{0.1, 0.25, 0.5, 1} {
		if lift <= round {
			return round
		}
	}
	return 2
}

func signed(part float64) string {
	if part == 0 {
		return "0%"
	}
	return strings.Replace(fmt.Sprintf("%+g%%", math.Round(1000*part)/10), "-", "−", 1)
}

// Mark is something on a timeline; its kind is its class.
type Mark struct {
	At   time.Time
	Row  int // 0 is the top
	Kind string
}

// timeline draws marks between two moments, a line for each row.
func timeline(marks []Mark, from, to time.Time, rows int) template.HTML {
	const width, rim, row = 640, 8, 22
	c := draw("timeline", width, float64(row*max(1, rows)))
	for i := range max(1, rows) {
		c.line("tick", rim, float64(row*i+row/2), width-rim, float64(row*i+row/2))
	}
	for _, m := range marks {
		at := within(float64(m.At.UnixMilli()), float64(from.UnixMilli()), float64(to.UnixMilli()))
		c.dot("mark "+template.HTMLEscapeString(m.Kind), rim+(width-2*rim)*at, float64(row*m.Row+row/2), 4.5)
	}
	return c.done()
}
