package dashboard

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// rough is a number of visitors or days that is only about that: two digits, upwards.
func rough(n stats.Number) string {
	if !n.Known {
		return stats.Missing
	}
	step := 1.0
	for n.Value/step >= 100 {
		step *= 10
	}
	return digits(strconv.FormatFloat(max(1, math.Ceil(n.Value/step)*step), 'f', 0, 64))
}

func count(n uint64) string { return digits(strconv.FormatUint(n, 10)) }

// digits groups them by threes.
func digits(text string) string {
	var out strings.Builder
	for i, d := range text {
		if i > 0 && (len(text)-i)%3 == 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%c", d)
	}
	return out.String()
}
