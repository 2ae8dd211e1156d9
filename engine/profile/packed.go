package profile

import (
	"math"
	"math/bits"
	"sort"
)

// A series keeps its moments as a text of digits of six bits, oldest first, so
// that the profile's JSON takes it as it is and one more moment is a few digits
// at its end. A number is written in groups of five bits, lowest first; a
// digit's sixth bit says that more follow. Each moment is written as what it is later
// than the one before (from 1970 for the first), and then what belongs to it.

// form says what is written behind each moment.
type form int

const (
	moments form = iota // nothing
	amounts             // a number
	marks               // a value's hash, of 42 bits
)

// entry is one moment. Bits are those of a float64, or a value's hash.
type entry struct {
	at   int64
	bits uint64
}

func (e entry) amount() float64 { return math.Float64frombits(e.bits) }

// markWidth is how many digits a hash takes.
const markWidth = 7

// digit is the character for d, one of '?' to '~'. JSON would escape a
// backslash, so that is an exclamation mark.
func digit(d uint64) byte {
	if c := '?' + byte(d&63); c != '\\' {
		return c
	}
	return '!'
}

func valueOfDigit(c byte) uint64 {
	if c == '!' {
		c = '\\'
	}
	return uint64(c-'?') & 63
}

func appendNumber(buf []byte, n uint64) []byte {
	for ; n >= 32; n >>= 5 {
		buf = append(buf, digit(32|n&31))
	}
	return append(buf, digit(n))
}

// An amount is a whole number or a number of hundredths as most prices are, or
// else the float's own bits; the lowest two bits say which.
const (
	whole = iota
	hundredths
	floating
)

func appendAmount(buf []byte, v float64) []byte {
	const most = 1 << 50 // exactly held, and room for sign and kind
	zigzag := func(n int64) uint64 { return uint64(n<<1 ^ n>>63) }
	if v == math.Trunc(v) && math.Abs(v) < most {
		return appendNumber(buf, zigzag(int64(v))<<2) // whole
	}
	if h := math.Round(v * 100); h/100 == v && math.Abs(h) < most {
		return appendNumber(buf, zigzag(int64(h))<<2|hundredths)
	}
	return appendNumber(appendNumber(buf, floating), bits.Reverse64(math.Float64bits(v)))
}

func appendMark(buf []byte, mark uint64) []byte {
	for range markWidth {
		buf = append(buf, digit(mark))
		mark >>= 6
	}
	return buf
}

// appendEntry writes e behind a moment of before.
func appendEntry(buf []byte, f form, before int64, e entry) []byte {
	buf = appendNumber(buf, uint64(e.at-before))
	switch f {
	case amounts:
		buf = appendAmount(buf, e.amount())
	case marks:
		buf = appendMark(buf, e.bits)
	}
	return buf
}

// reader goes through a packed text. A text that breaks off ends there.
type reader struct {
	text string
	pos  int
	over bool // nothing more can be read
}

func (r *reader) number() (n uint64) {
	pos := r.pos
	for shift := 0; pos < len(r.text); shift += 5 {
		d := valueOfDigit(r.text[pos])
		pos++
		n |= d & 31 << (shift & 63)
		if d < 32 {
			r.pos = pos
			return n
		}
	}
	r.pos, r.over = pos, true
	return 0
}

func (r *reader) amount() float64 {
	n := r.number()
	kind, n := n&3, n>>2
	v := float64(int64(n>>1) ^ -int64(n&1))
	switch kind {
	case whole:
		return v
	case hundredths:
		return v / 100
	default:
		return math.Float64frombits(bits.Reverse64(r.number()))
	}
}

func (r *reader) mark() (mark uint64) {
	if len(r.text)-r.pos < markWidth {
		r.over = true
		return 0
	}
	for i := range markWidth {
		mark |= valueOfDigit(r.text[r.pos+i]) << (6 * i)
	}
	r.pos += markWidth
	return mark
}

// next reads the entry behind one of the moment before; false at the end.
func (r *reader) next(f form, before int64) (entry, bool) {
	e := entry{at: before + int64(r.number())}
	switch f {
	case amounts:
		e.bits = math.Float64bits(r.amount())
	case marks:
		e.bits = r.mark()
	}
	return e, !r.over
}

func unpack(text string, f form, room int) []entry {
	list := make([]entry, 0, room)
	r, at := reader{text: text}, int64(0)
	for {
		e, ok := r.next(f, at)
		if !ok {
			return list
		}
		at = e.at
		list = append(list, e)
	}
}

func pack(list []entry, f form) string {
	buf := make([]byte, 0, 16*len(list))
	at := int64(0)
	for _, e := range list {
		buf = appendEntry(buf, f, at, e)
		at = e.at
	}
	return string(buf)
}

// placeOf is where an entry of that moment belongs: behind its equals.
func placeOf(list []entry, at int64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].at > at })
}
