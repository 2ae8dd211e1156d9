package dashboard

import (
	"html/template"
	"maps"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// funcs are what the templates of one language can call.
func funcs(s speaker, language string, assets Assets) template.FuncMap {
	all := template.FuncMap{
		"t": s.text, "word": s.word, // texts
		"asset": assets.address, // where a built file is

		"count": whole, // 12,345 of any whole number
		"share": share, // 12.3% of 0.123
		"bytes": bytes, // 1.2 MB
		"price": func(v float64, currency string) string { // ¥6,800, in the language's own form
			return said(stats.Number{Value: v, Known: true}.Amount(currency), language)
		},
		"came":     came,
		"detailed": func(text string) Told { return detailed(text, language) },
		"needed":   func(text string) string { return needed(text, language) },
		"today":    func(t, now time.Time) bool { return t.Format("2006-01-02") == now.Format("2006-01-02") },
		"day":      func(t time.Time) string { return day(t, language) },           // 11月22日
		"path":     url.PathEscape,                                                 // a part of an address, whatever is in it
		"moment":   func(t time.Time) string { return t.Format(time.RFC3339Nano) }, // for a link
		"when":     func(t time.Time) string { return when(t, language) },          // 11/22 18:05
		"date":     func(t time.Time) string { return t.Format("2006-01-02") },     // 2026-11-22
		"clock":    func(t time.Time) string { return t.Format("15:04:05") },
		"short": func(n int, text string) string { // the first so many letters
			if letters := []rune(text); len(letters) > n {
				return string(letters[:n])
			}
			return text
		},

		"brief": brief,

		"interval": bar, "scale": scale, // drawings
		"sparkline": sparkline, "measure": measure, "density": density, "narrowing": narrowing, "timeline": timeline, "planned": planned,
		"heat": heat,

		"ago": ago(s), "wait": wait, // of the live screen
	}
	maps.Copy(all, resultFuncs(language))
	return all
}

// brief is a name that has room beside others: of a long one the beginning and the
// end, by which ids differ.
func brief(name string) string {
	if letters := []rune(name); len(letters) > 18 {
		return string(letters[:6]) + "…" + string(letters[len(letters)-10:])
	}
	return name
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

// said is a sentence in a person's language.
func said(s stats.Sentence, language string) string {
	if language == "ja" {
		return s.Ja
	}
	return s.En
}

// day is a date without its year.
func day(t time.Time, language string) string {
	if language == "ja" {
		return t.Format("1月2日")
	}
	return t.Format("2 January")
}
