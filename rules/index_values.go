package rules

import (
	"slices"
	"strings"
)

// value is what a field holds: a number (true is 1) or a text, the other left empty.
type value struct {
	number float64
	text   string
}

func (v value) unknown() bool { return v.number != v.number }

func (v value) compare(w value) int {
	switch {
	case v.number < w.number:
		return -1
	case v.number > w.number:
		return 1
	}
	return strings.Compare(v.text, w.text)
}

// cut is a place between values: just before one or just after it.
type cut struct {
	value
	after bool
}

func (c cut) compare(d cut) int {
	if order := c.value.compare(d.value); order != 0 || c.after == d.after {
		return order
	} else if d.after {
		return -1
	}
	return 1
}

// passed counts the cuts, ascending, that lie below v.
func passed(cuts []cut, v value) int {
	low, high := 0, len(cuts)
	for low < high {
		middle := int(uint(low+high) / 2)
		if order := cuts[middle].value.compare(v); order < 0 || order == 0 && !cuts[middle].after {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// values is a set of the values that a field can have. Whatever one condition
// says of one field is such a set: `>= 2` is all from a cut on, `== "gold"` what
// lies between two, a prefix likewise, since texts that begin alike stand together.
type values struct {
	lowest  bool  // whether the values below all cuts are in it
	cuts    []cut // where it begins and ends, in turn, ascending
	unknown bool  // whether the number that nobody told is in it
}

func (s values) has(v value) bool {
	if v.unknown() {
		return s.unknown
	}
	return s.lowest != (passed(s.cuts, v)%2 == 1)
}

func only(v value) values         { return between(cut{v, false}, cut{v, true}) }
func between(from, to cut) values { return values{cuts: []cut{from, to}} }
func below(c cut) values          { return values{lowest: true, cuts: []cut{c}} }
func above(c cut) values          { return values{cuts: []cut{c}} }

// startingWith is all texts with a prefix: from the prefix itself to the first
// text that is greater than all that begin with it.
func startingWith(prefix string) values {
	from := cut{value: value{text: prefix}}
	for end := []byte(prefix); len(end) > 0; end = end[:len(end)-1] {
		if last := &end[len(end)-1]; *last < 0xff {
			*last++
			return between(from, cut{value: value{text: string(end)}})
		}
	}
	return above(from)
}

// compared is the set of the values v for which `v op with` holds. A number that
// is not known is unequal to all others, and nothing else.
func compared(op string, with value) (s values, ok bool) {
	switch op {
	case "==":
		return only(with), true
	case "!=":
		return only(with).not(), true
	case "<":
		return below(cut{with, false}), true
	case "<=":
		return below(cut{with, true}), true
	case ">":
		return above(cut{with, true}), true
	case ">=":
		return above(cut{with, false}), true
	}
	return values{}, false
}

func (s values) not() values { return values{!s.lowest, s.cuts, !s.unknown} }

func (s values) and(t values) values { return union(s.not(), t.not()).not() }

// union is what is in at least one of the sets.
func union(sets ...values) values {
	type edge struct {
		cut
		step int
	}
	var out values
	var edges []edge
	depth := 0 // how many of the sets the values here are in
	for _, s := range sets {
		step := 1
		if s.lowest {
			depth, step = depth+1, -1
		}
		for _, c := range s.cuts {
			edges = append(edges, edge{c, step})
			step = -step
		}
		out.unknown = out.unknown || s.unknown
	}
	slices.SortFunc(edges, func(a, b edge) int { return a.compare(b.cut) })
	out.lowest = depth > 0
	in := out.lowest
	for i, e := range edges {
		depth += e.step
		if i+1 < len(edges) && edges[i+1].compare(e.cut) == 0 {
			continue // sets that end and begin here are told together
		}
		if in != (depth > 0) {
			in = !in
			out.cuts = append(out.cuts, e.cut)
		}
	}
	return out
}
