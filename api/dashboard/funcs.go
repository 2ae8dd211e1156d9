package dashboard

import (
	"html/template"
	"maps"
	"math"
	"strconv"
	"time"
)

// funcs are what the templates of one language can call.
func funcs(s speaker, language string, assets Assets) template.FuncMap {
	all := template.FuncMap{
		"t": s.text, "word": s.word, // texts
		"asset": assets.address, // where a built file is

		"count": whole, // 12,345 of any whole number
		"share": share, // 12.3% of 0.123
		"bytes": bytes, // 1.2 MB
		"yen":   amount,
		"when":  func(t time.Time) string { return when(t, language) },      // 11/22 18:05
		"date":  func(t time.Time) string { return t.Format("2006-01-02") }, // 2026-11-22
		"clock": func(t time.Time) string { return t.Format("15:04:05") },
		"short": func(n int, text string) string { // the first so many letters
			if letters := []rune(text); len(letters) > n {
				return string(letters[:n])
			}
			return text
		},

		"interval": bar, "scale": scale, // drawings
		"sparkline": sparkline, "measure": measure, "density": density, "narrowing": narrowing, "timeline": timeline, "planned": planned,
		"heat": heat,

		"ago": ago(s), "wait": wait, // of the live screen
	}
	maps.Copy(all, resultFuncs(language))
	return all
}

// whole groups a whole number's digits by threes.
func whole(n any) string {
	switch n := n.(type) {
	case int:
		if n < 0 {
			return "−" + digits(strconv.Itoa(-n))
		}
		return digits(strconv.Itoa(n))
	case int64:
		return whole(int(n))
	case uint64:
		return count(n)
	default:
		return ""
	}
}

// share is a part of one, in percent to the tenth.
func share(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return strconv.FormatFloat(100*x, 'f', 1, 64) + "%"
}

// bytes are in the largest unit that they fill, powers of 1,000.
func bytes(n int64) string {
	const units = "kMGTPE"
	x, unit := float64(n), ""
	for i := 0; x >= 1000 && i < len(units); i++ {
		x, unit = x/1000, units[i:i+1]
	}
	if unit == "" {
		return strconv.FormatInt(n, 10) + " B"
	}
	return strconv.FormatFloat(x, 'f', 1, 64) + " " + unit + "B"
}

// when is a moment to the minute, in the zone that it is given in.
func when(t time.Time, language string) string {
	if t.IsZero() {
		return "–"
	}
	if language == "ja" {
		return t.Format("1月2日 15:04")
	}
	return t.Format("2 Jan 15:04")
}
