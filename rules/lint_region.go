package rules

import "slices"

// domain is what one value of a visit may be: a number, a text or true/false.
type domain struct {
	kind byte // n t b
	num  numbers
	text wordings
	bits byte // 1 false, 2 true
}

func (d domain) both(e domain) domain {
	switch d.kind {
	case 'n':
		d.num = d.num.both(e.num)
	case 't':
		d.text = d.text.both(e.text)
	default:
		d.bits &= e.bits
	}
	return d
}

func (d domain) either(e domain) (domain, bool) {
	ok := true
	switch d.kind {
	case 'n':
		d.num = d.num.either(e.num)
	case 't':
		d.text, ok = d.text.either(e.text)
	default:
		d.bits |= e.bits
	}
	return d, ok
}

func (d domain) empty() bool {
	switch d.kind {
	case 'n':
		return d.num.empty()
	case 't':
		return d.text.empty()
	}
	return d.bits == 0
}

// region is a set of visits: what some of their values are bound to, by value.
// The region without bounds is every visit.
type region []bound

type bound struct {
	value int // a place in space.values
	domain
}

// both is the visits of a and of b; ok is false when there is surely none.
func (a region) both(b region) (out region, ok bool) {
	out = make(region, 0, len(a)+len(b))
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j == len(b) || i < len(a) && a[i].value < b[j].value:
			out = append(out, a[i])
			i++
		case i == len(a) || b[j].value < a[i].value:
			out = append(out, b[j])
			j++
		default:
			d := a[i].domain.both(b[j].domain)
			if d.empty() {
				return nil, false
			}
			out = append(out, bound{a[i].value, d})
			i, j = i+1, j+1
		}
	}
	return out, true
}

// apart says that no visit is in both, for sure.
func (a region) apart(b region) bool {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].value < b[j].value:
			i++
		case b[j].value < a[i].value:
			j++
		case a[i].domain.both(b[j].domain).empty():
			return true
		default:
			i, j = i+1, j+1
		}
	}
	return false
}

// regions is a union of regions that holds at least the visits that are meant:
// none is surely no visit. All bounds of work keep that true.
type regions []region

var everywhere = regions{{}}

const maxRegions = 64

func (rs regions) and(with regions) regions {
	if len(rs)*len(with) > 16*maxRegions { // one of them alone is larger, and true
		return slices.MinFunc([]regions{rs, with}, func(a, b regions) int { return len(a) - len(b) })
	}
	var out regions
	for _, a := range rs {
		for _, b := range with {
			if r, ok := a.both(b); ok {
				out = out.add(r)
			}
		}
	}
	return out
}

func (rs regions) or(with regions) regions {
	out := slices.Clip(rs)
	for _, r := range with {
		out = out.add(r)
	}
	return out
}

// add puts one more region into the union; what is said of one value alone is
// kept as one region, so that long lists stay short.
func (rs regions) add(r region) regions {
	if len(r) == 1 {
		for i, s := range rs {
			if len(s) == 1 && s[0].value == r[0].value {
				if d, ok := s[0].domain.either(r[0].domain); ok {
					out := slices.Clone(rs)
					out[i] = region{{r[0].value, d}}
					return out
				}
			}
		}
	}
	if len(rs) == maxRegions {
		return everywhere
	}
	return append(rs, r)
}
