package dashboard

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// missing stands where there is no number. The sentence above the table says why.
const missing = "–"

func percent(n stats.Number) string {
	if !n.Known {
		return missing
	}
	return strconv.FormatFloat(n.Value*100, 'f', 2, 64) + "%"
}

// change is a share with its sign, a real minus among them.
func change(v float64) string {
	text := strconv.FormatFloat(math.Abs(v)*100, 'f', 1, 64)
	switch whole := len(text) - len(".0"); {
	case text == "0.0":
		return "±0.0%"
	case whole > 3:
		text = digits(text[:whole]) // decimals would say nothing
	}
	if v < 0 {
		return "−" + text + "%"
	}
	return "+" + text + "%"
}

func signed(n stats.Number) string {
	if !n.Known {
		return missing
	}
	return change(n.Value)
}

func interval(i stats.Interval) string {
	if !i.Known {
		return missing
	}
	return change(i.Low) + " 〜 " + change(i.High)
}

func pValue(n stats.Number) string {
	switch {
	case !n.Known:
		return missing
	case n.Value < 0.0001:
		return "< 0.0001"
	default:
		return strconv.FormatFloat(n.Value, 'f', 4, 64)
	}
}

// amount is in the shop's currency, to the unit, small ones to two decimals.
func amount(n stats.Number) string {
	switch {
	case !n.Known:
		return missing
	case n.Value != 0 && math.Abs(n.Value) < 10:
		return strings.Replace(strconv.FormatFloat(n.Value, 'f', 2, 64), "-", "−", 1)
	}
	text := strconv.FormatFloat(math.Abs(n.Value), 'f', 0, 64)
	if n.Value < 0 {
		return "−" + digits(text)
	}
	return digits(text)
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
