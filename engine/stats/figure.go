package stats

import (
	"math"
	"strconv"
	"strings"
)

// percent keeps two decimals, and for small rates three significant digits.
func percent(share float64) string {
	v := 100 * share
	decimals := 2
	if a := math.Abs(v); a > 0 && a < 0.1 {
		decimals = min(8, 2-int(math.Floor(math.Log10(a))))
	}
	return strconv.FormatFloat(v, 'f', decimals, 64) + "%"
}

// chance prints a p-value as far as it means something.
func chance(p float64) string {
	if p < 0.0001 {
		return "p < 0.0001"
	}
	return "p = " + strconv.FormatFloat(p, 'g', 2, 64)
}

// round keeps two digits, upwards: more would claim to know more.
func round(units float64) float64 {
	step := 1.0
	for units/step >= 100 {
		step *= 10
	}
	return math.Ceil(units/step-1e-9) * step // a rounding error is not one more unit
}

// thousands groups digits by commas, as both languages do.
func thousands(v float64) string { return grouped(strconv.FormatFloat(v, 'f', 0, 64)) }

// grouped does so for digits that may have decimals.
func grouped(s string) string {
	whole, decimals, found := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if found {
		return whole + "." + decimals
	}
	return whole
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
