package rules

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func (a numbers) has(x float64) bool {
	if math.IsNaN(x) {
		return a.unknown
	}
	for _, s := range a.spans {
		if (s.lo < x || s.lo == x && !s.loOpen) && (x < s.hi || x == s.hi && !s.hiOpen) {
			return true
		}
	}
	return false
}

func numbersOf(depth int) *rapid.Generator[numbers] {
	return rapid.Custom(func(t *rapid.T) numbers {
		if depth == 0 {
			return numbersFor(rapid.SampledFrom([]string{"<", "<=", ">", ">=", "==", "!="}).Draw(t, "op"), float64(rapid.IntRange(1, 3).Draw(t, "c")))
		}
		a, b := numbersOf(depth-1).Draw(t, "a"), numbersOf(depth-1).Draw(t, "b")
		return map[int]numbers{0: a.others(), 1: a.both(b), 2: a.either(b)}[rapid.IntRange(0, 2).Draw(t, "form")]
	})
}

// Sets of numbers hold what sets hold, end by end.
func TestNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, b := numbersOf(2).Draw(rt, "a"), numbersOf(2).Draw(rt, "b")
		empty, wholes := true, a.whole()
		for _, x := range []float64{Unknown, math.Inf(-1), 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, math.Inf(1)} {
			inA, inB := a.has(x), b.has(x)
			empty = empty && !inA
			if a.others().has(x) == inA || a.both(b).has(x) != (inA && inB) || a.either(b).has(x) != (inA || inB) {
				rt.Fatalf("%v: in %v %t, in %v %t; others %t, both %t, either %t", x, a, inA, b, inB, a.others().has(x), a.both(b).has(x), a.either(b).has(x))
			}
			if x == math.Trunc(x) && !math.IsInf(x, 0) && wholes.has(x) != inA {
				rt.Fatalf("%v is among the whole numbers %v of %v: %t", x, wholes, a, wholes.has(x))
			}
		}
		for _, s := range wholes.spans {
			if s.loOpen || s.hiOpen || s.lo != math.Trunc(s.lo) || s.hi != math.Trunc(s.hi) {
				rt.Fatalf("%v, the whole numbers of %v, begin or end between two", wholes, a)
			}
		}
		if a.empty() != empty {
			rt.Fatalf("%v is called empty: %t", a, a.empty())
		}
	})
}
