package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// plot draws lifts with their intervals in a line of characters each, all of one
// table on one scale, so that they can be compared by eye:
//
//	−25%            │            +25%
//	                │   ├────●────┤      an interval and its lift
//	         ├──●───┼──┤                 no difference is within
//	                │         ├────●──→  it goes on beyond the scale
type plot struct {
	half  float64 // the lift at either end
	cells int     // to either side of zero
}

// plotCells is how many characters a plot has to either side of zero.
const plotCells = 14

// plotFor takes the least round scale that holds three intervals of four, so that
// one arm with hardly anybody does not make all others a dot: what goes on beyond
// the scale ends in an arrow.
func plotFor(arms []stats.ArmResult) plot {
	var widths []float64
	for _, a := range arms {
		if a.Lift.Known && a.LiftCI.Known {
			widths = append(widths, max(math.Abs(a.LiftCI.Low), math.Abs(a.LiftCI.High)))
		}
	}
	widest := 0.1 // where there is none
	if n := len(widths); n > 0 {
		slices.Sort(widths)
		widest = widths[(3*n+3)/4-1]
	}
	for _, round := range [...]float64{0.02, 0.05, 0.1, 0.25, 0.5} {
		if widest <= round {
			return plot{round, plotCells}
		}
	}
	return plot{1, plotCells}
}

// header names the ends of the scale and zero.
func (p plot) header() string {
	low, high := fmt.Sprintf("−%.0f%%", 100*p.half), fmt.Sprintf("+%.0f%%", 100*p.half)
	room := func(text string) string { return strings.Repeat(" ", p.cells-len([]rune(text))) }
	return low + room(low) + "│" + room(high) + high
}

// line draws one lift; where there is no interval, zero alone.
func (p plot) line(lift stats.Number, ci stats.Interval) string {
	out := []rune(strings.Repeat(" ", p.cells) + "│" + strings.Repeat(" ", p.cells))
	if !lift.Known || !ci.Known {
		return string(out)
	}
	low, high := p.place(ci.Low), p.place(ci.High)
	for i := low; i <= high; i++ {
		out[i] = '─'
	}
	if p.cells >= low && p.cells <= high {
		out[p.cells] = '┼'
	}
	out[low], out[high] = '├', '┤'
	if ci.Low < -p.half {
		out[low] = '←'
	}
	if ci.High > p.half {
		out[high] = '→'
	}
	if math.Abs(lift.Value) <= p.half {
		out[p.place(lift.Value)] = '●'
	}
	return string(out)
}

// place is the character at which a lift stands, within the scale. No lift but
// zero's own neighbourhood stands on zero: which side it is on must be seen.
func (p plot) place(lift float64) int {
	cell := int(math.Round(lift / p.half * float64(p.cells)))
	switch {
	case cell == 0 && lift > 0:
		cell = 1
	case cell == 0 && lift < 0:
		cell = -1
	}
	return p.cells + max(-p.cells, min(p.cells, cell))
}
