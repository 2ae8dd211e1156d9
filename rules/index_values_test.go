package rules

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Sets of values: whatever they are put together from, a value is in them just
// when the parts say so.
func TestValues(t *testing.T) {
	t.Parallel()
	texts := []string{"", "/", "/a", "/a/", "/a/b", "/a0", "/b", "靴", "\xff", "\xff\xff"}
	numbers := []float64{-1, 0, 1, 1.5, 2, 3, Unknown}
	rapid.Check(t, func(rt *rapid.T) {
		ofTexts := rapid.Bool().Draw(rt, "texts")
		with := func() value {
			if ofTexts {
				return value{text: rapid.SampledFrom(texts).Draw(rt, "text")}
			}
			return value{number: rapid.SampledFrom(numbers[:len(numbers)-1]).Draw(rt, "number")}
		}
		var build func(depth int) (values, func(value) bool)
		build = func(depth int) (values, func(value) bool) {
			switch form := rapid.IntRange(0, 4).Draw(rt, "form"); {
			case form == 4 && ofTexts:
				prefix := with().text
				return startingWith(prefix), func(v value) bool { return strings.HasPrefix(v.text, prefix) }
			case form == 3 && depth > 0:
				s, in := build(depth - 1)
				return s.not(), func(v value) bool { return !in(v) }
			case form == 2 && depth > 0:
				s, in := build(depth - 1)
				t, also := build(depth - 1)
				return s.and(t), func(v value) bool { return in(v) && also(v) }
			case form == 1 && depth > 0:
				s, in := build(depth - 1)
				t, or := build(depth - 1)
				return union(s, t), func(v value) bool { return in(v) || or(v) }
			}
			op := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(rt, "op")
			than := with()
			s, ok := compared(op, than)
			if !ok {
				rt.Fatalf("no set for %s", op)
			}
			return s, func(v value) bool {
				if ofTexts {
					return holds(op, v.text, than.text)
				}
				return holds(op, v.number, than.number)
			}
		}
		s, in := build(4)
		if !slices.IsSortedFunc(s.cuts, cut.compare) || slices.ContainsFunc(s.cuts[min(1, len(s.cuts)):], func(c cut) bool { return c == s.cuts[0] }) {
			rt.Fatalf("cuts out of order: %v", s.cuts)
		}
		for _, text := range texts {
			if v := (value{text: text}); ofTexts && s.has(v) != in(v) {
				rt.Fatalf("%q is in the set: %t", text, s.has(v))
			}
		}
		for _, number := range numbers {
			if v := (value{number: number}); !ofTexts && s.has(v) != in(v) {
				rt.Fatalf("%v is in the set: %t", number, s.has(v))
			}
		}
	})
}

func holds[T string | float64](op string, a, b T) bool {
	return map[string]bool{"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
}
