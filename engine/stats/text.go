package stats

import (
	"math"
	"strconv"
)

// Missing stands where there is no number; the number's Why says why.
const Missing = "–"

// Percent writes a share: "12.34%".
func (n Number) Percent() string {
	if !n.Known {
		return Missing
	}
	return strconv.FormatFloat(n.Value*100, 'f', 2, 64) + "%"
}

// Change writes a relative difference: "+12.3%", with a real minus sign.
func (n Number) Change() string {
	if !n.Known {
		return Missing
	}
	return change(n.Value)
}

// Change writes an interval of relative differences, between between its ends.
func (i Interval) Change(between string) string {
	if !i.Known {
		return Missing
	}
	return change(i.Low) + between + change(i.High)
}

// PText writes a p-value to four decimals, as far as that says something.
func (n Number) PText() string {
	switch {
	case !n.Known:
		return Missing
	case n.Value < 0.0001:
		return "< 0.0001"
	default:
		return strconv.FormatFloat(n.Value, 'f', 4, 64)
	}
}

func change(v float64) string {
	percents := math.Abs(v) * 100
	text := strconv.FormatFloat(percents, 'f', 1, 64)
	switch {
	case text == "0.0":
		return "±0.0%"
	case percents >= 1000:
		text = thousands(percents) // decimals would say nothing
	}
	if v < 0 {
		return "−" + text + "%"
	}
	return "+" + text + "%"
}
