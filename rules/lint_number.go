package rules

import "math"

// span is an interval of numbers.
type span struct {
	lo, hi         float64
	loOpen, hiOpen bool
}

// numbers is a set of numbers: intervals in order that do not touch, and
// whether the unknown number (NaN) is one of them.
type numbers struct {
	spans   []span
	unknown bool
}

var allNumbers = numbers{[]span{{lo: math.Inf(-1), hi: math.Inf(1)}}, true}

func (s span) empty() bool { return s.lo > s.hi || s.lo == s.hi && (s.loOpen || s.hiOpen) }

// numbersFor is every known number x for which `x op c` is true.
func numbersFor(op string, c float64) numbers {
	s := span{lo: math.Inf(-1), hi: math.Inf(1)}
	switch op {
	case "<":
		s.hi, s.hiOpen = c, true
	case "<=":
		s.hi = c
	case ">":
		s.lo, s.loOpen = c, true
	case ">=":
		s.lo = c
	case "==":
		s.lo, s.hi = c, c
	case "!=": // as machines have it: unknown is unequal to all
		return numbersFor("==", c).others()
	}
	return numbers{spans: []span{s}}
}

func (a numbers) empty() bool { return len(a.spans) == 0 && !a.unknown }

// others is every number that is not in a.
func (a numbers) others() numbers {
	out := numbers{unknown: !a.unknown}
	rest := span{lo: math.Inf(-1), hi: math.Inf(1)}
	for _, s := range a.spans {
		before := rest
		before.hi, before.hiOpen = s.lo, !s.loOpen
		if !before.empty() {
			out.spans = append(out.spans, before)
		}
		rest.lo, rest.loOpen = s.hi, !s.hiOpen
	}
	if !rest.empty() {
		out.spans = append(out.spans, rest)
	}
	return out
}

// both is every number that is in a and in b.
func (a numbers) both(b numbers) numbers {
	out := numbers{unknown: a.unknown && b.unknown}
	for i, j := 0, 0; i < len(a.spans) && j < len(b.spans); {
		x, y := a.spans[i], b.spans[j]
		s := x
		if y.lo > x.lo || y.lo == x.lo && y.loOpen {
			s.lo, s.loOpen = y.lo, y.loOpen
		}
		if y.hi < x.hi || y.hi == x.hi && y.hiOpen {
			s.hi, s.hiOpen = y.hi, y.hiOpen
			j++
		} else {
			i++
		}
		if !s.empty() {
			out.spans = append(out.spans, s)
		}
	}
	return out
}

// either is every number that is in a or in b.
func (a numbers) either(b numbers) numbers { return a.others().both(b.others()).others() }

// whole leaves the whole numbers alone: 2 < x < 3 holds none.
func (a numbers) whole() numbers {
	var out numbers
	for _, s := range a.spans {
		if up := math.Ceil(s.lo); up != s.lo || !s.loOpen {
			s.lo = up
		} else {
			s.lo++
		}
		if down := math.Floor(s.hi); down != s.hi || !s.hiOpen {
			s.hi = down
		} else {
			s.hi--
		}
		s.loOpen, s.hiOpen = false, false
		if !s.empty() {
			out.spans = append(out.spans, s)
		}
	}
	return out
}
