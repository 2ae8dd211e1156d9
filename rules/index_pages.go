package rules

import (
	"slices"
	"strings"
)

// plain says whether values tells exactly what matches.
func (p *pages) plain() bool {
	return !slices.ContainsFunc(p.patterns, func(pat pattern) bool { return pat.form == '*' })
}

// values is the paths that match. Of a pattern with a star in the middle it knows
// only the beginning, and holds more than what matches.
func (p *pages) values() values {
	in := values{lowest: p.others || len(p.patterns) == 0}
	for _, run := range p.runs() {
		var these []values
		for _, pat := range run {
			switch stem, _, _ := strings.Cut(pat.text, "*"); {
			case pat.form == '=':
				these = append(these, only(value{text: pat.text}))
			case pat.form == '/':
				these = append(these, only(value{text: pat.text}), startingWith(pat.text+"/"))
			case !pat.negate: // else nothing is taken away for certain
				these = append(these, startingWith(strings.TrimSuffix(stem, "/")))
			}
		}
		if run[0].negate {
			in = in.and(union(these...).not())
		} else {
			in = union(append(these, in)...)
		}
	}
	empty := only(value{}) // is asked as /
	if in.has(value{text: "/"}) {
		return union(in, empty)
	}
	return in.and(empty.not())
}

// runs cuts the patterns where those that add and those that take away take turns.
func (p *pages) runs() (runs [][]pattern) {
	for i, pat := range p.patterns {
		if i == 0 || pat.negate != p.patterns[i-1].negate {
			runs = append(runs, nil)
		}
		last := &runs[len(runs)-1]
		*last = append(*last, pat)
	}
	return runs
}
