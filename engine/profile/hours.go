package profile

import (
	"cmp"
	"slices"
)

const anHour = 60 * 60 * 1000

// hour is what became of the moments of one hour of UTC that are too many to
// be known one by one.
type hour struct {
	n      int64 // hours since 1970
	count  uint64
	amount float64
}

func hourOf(e entry, f form) hour {
	h := hour{n: e.at / anHour, count: 1}
	if f == amounts {
		h.amount = e.amount()
	}
	return h
}

func unpackHours(text string, f form) []hour {
	var list []hour
	r, n := reader{text: text}, int64(0)
	for {
		n += int64(r.number())
		h := hour{n: n, count: r.number()}
		if f == amounts {
			h.amount = r.amount()
		}
		if r.over {
			return list
		}
		list = append(list, h)
	}
}

func packHours(list []hour, f form) string {
	var buf []byte
	n := int64(0)
	for _, h := range list {
		buf = appendNumber(appendNumber(buf, uint64(h.n-n)), h.count)
		if f == amounts {
			buf = appendAmount(buf, h.amount)
		}
		n = h.n
	}
	return string(buf)
}

// sumHours makes of any hours one list in order, each hour once, without those
// that were over by horizon. Past maxHours the oldest go.
func sumHours(list []hour, horizon int64) []hour {
	slices.SortStableFunc(list, func(a, b hour) int { return cmp.Compare(a.n, b.n) })
	out := list[:0]
	for _, h := range list {
		switch last := len(out) - 1; {
		case (h.n+1)*anHour-1 <= horizon:
		case last >= 0 && out[last].n == h.n:
			out[last].count += h.count
			out[last].amount += h.amount
		default:
			out = append(out, h)
		}
	}
	return out[max(0, len(out)-maxHours):]
}
