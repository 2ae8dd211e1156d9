package main

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

func lifted(low, lift, high float64) stats.ArmResult {
	return stats.ArmResult{Lift: stats.Number{Value: lift, Known: true}, LiftCI: stats.Interval{Low: low, High: high, Known: true}}
}

// Every line is as wide as the header, zero stands at one place, and which side
// of it an interval is on can be seen, however near it comes.
func TestPlots(t *testing.T) {
	t.Parallel()
	none := stats.ArmResult{}
	for name, c := range map[string]struct {
		arms []stats.ArmResult
		want string
	}{
		"a control, a win, a loss, neither": {
			[]stats.ArmResult{none, lifted(.05, .12, .2), lifted(-.24, -.15, -.08), lifted(-.05, .01, .06)}, `
-25%          |          +25%
              |
              |  <---*--->
 <----*--->   |
           <--+*->`},
		"one scale for all": {[]stats.ArmResult{lifted(.002, .004, .006), lifted(-.5, -.3, .1)}, `
-50%          |          +50%
              |*
<-----*-------+-->`},
		"near zero is not zero": {[]stats.ArmResult{lifted(.0001, .01, .02), lifted(-.02, -.01, -.0001), lifted(0, .01, .02)}, `
-2%           |           +2%
              |<-----*------>
<------*----->|
              <------*------>`},
		"beyond the scale": {[]stats.ArmResult{lifted(-2, -1.5, -1.2), lifted(-1.2, .5, 3), lifted(1.5, 2, 3), lifted(.4, 1.5, 3)}, `
-100%         |         +100%
L             |
L-------------+------*------R
              |             R
              |     <-------R`},
		"one of four does not make dots of the others": {[]stats.ArmResult{lifted(-.9, .1, .8), lifted(.05, .1, .2), lifted(.05, .1, .2), lifted(.05, .1, .2)}, `
-25%          |          +25%
L-------------+-----*-------R
              |  <--*---->
              |  <--*---->
              |  <--*---->`},
		"none known":  {[]stats.ArmResult{none}, "\n-10%          |          +10%\n              |"},
		"all is zero": {[]stats.ArmResult{lifted(0, 0, 0)}, "\n-2%           |           +2%\n              *"},
	} {
		p := plotFor(c.arms)
		lines := []string{p.header()}
		for _, a := range c.arms {
			lines = append(lines, p.line(a.Lift, a.LiftCI))
		}
		want := strings.NewReplacer("-", "─", "|", "│", "+", "┼", "*", "●", "<", "├", ">", "┤", "L", "←", "R", "→").Replace(c.want)
		for i, line := range lines {
			if w := text.StringWidthWithoutEscSequences(line); w != 2*plotCells+1 {
				t.Errorf("%s, line %d: %d columns", name, i, w)
			}
			if i == 0 { // the ends are numbers
				lines[i] = strings.NewReplacer("−", "─", "+", "┼").Replace(line)
			}
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		if got := "\n" + strings.Join(lines, "\n"); got != want {
			t.Errorf("%s\ngot%s\nwant%s", name, got, want)
		}
	}
}
