package rules

import (
	"fmt"
	"strings"
)

// pages looks for patterns that later ones take away again: the last that
// matches decides.
func (x *linter) pages(e *examined) {
	p := &e.Campaign.pages
	alive := p.others
	for i, a := range p.patterns {
		at, path := e.written.Pages[i].At, fmt.Sprintf("pages[%d]", i)
		if len(p.patterns) == 1 {
			path = "pages"
		}
		switch gone := p.takenBy(i); {
		case a.negate && p.others && a.covers(newPattern("/**")):
			x.report.warn(at, path, "page_never", "it takes every page away", "name the pages where the campaign belongs")
			alive = false
		case a.negate:
		case gone < 0:
			alive = true
		default:
			x.report.warn(at, path, "page_never", fmt.Sprintf("%q is taken away again by %q", e.written.Pages[i].S, e.written.Pages[gone].S),
				"the last pattern that matches decides: put what takes away before what it must not touch")
		}
	}
	if len(p.patterns) > 0 && !alive {
		e.truth = nil
	}
}

// takenBy is the place of a later pattern that takes all of the i-th away, or -1.
func (p *pages) takenBy(i int) int {
	for j := i + 1; j < len(p.patterns); j++ {
		if q := p.patterns[j]; q.negate && q.covers(p.patterns[i]) {
			return j
		}
	}
	return -1
}

// covers says that every path which q matches p matches, too: for sure.
func (p *pattern) covers(q pattern) bool {
	under := func(text string) bool { return text == p.text || strings.HasPrefix(text, p.text+"/") }
	switch {
	case p.form == '*':
		return p.text == "**" || q.form == '*' && p.text == q.text || q.form == '=' && p.match(q.text)
	case p.form == '=':
		return q.form == '=' && p.text == q.text
	case p.text == "": // "/**" is everything under "": every path starts with a slash
		return true
	case q.form == '*': // up to its first star a pattern is plain
		plain, _, _ := strings.Cut(q.text, "*")
		return strings.HasPrefix(plain, p.text+"/")
	}
	return under(q.text)
}

// within says that every path of p is one of q, for sure.
func (p *pages) within(q *pages) bool {
	if len(q.patterns) == 0 || sameTexts(p.patterns, q.patterns) {
		return true
	}
	for _, b := range q.patterns {
		if b.negate != q.others { // only of one kind: includes, or excludes
			return false
		}
	}
	if q.others { // all that q takes away p takes away last, too
		for _, b := range q.patterns {
			if !p.without(b, b) {
				return false
			}
		}
		return true
	}
	if p.others {
		return false
	}
	for _, a := range p.patterns {
		covered := a.negate
		for _, b := range q.patterns {
			covered = covered || b.covers(a)
		}
		if !covered {
			return false
		}
	}
	return true
}

// without says that p has no path that matches both a and b, for sure.
func (p *pages) without(a, b pattern) bool {
	for i := len(p.patterns) - 1; i >= 0; i-- {
		q := p.patterns[i]
		if q.negate && (q.covers(a) || q.covers(b)) {
			return true
		}
		if !q.negate && !q.apart(a) && !q.apart(b) {
			return false
		}
	}
	return len(p.patterns) > 0 && !p.others
}

// apart says that no path matches both a and b, for sure.
func (a *pattern) apart(b pattern) bool {
	switch {
	case a.form == '=':
		return !b.match(a.text)
	case b.form == '=':
		return !a.match(b.text)
	case a.form == '/' && b.form == '/':
		return !a.covers(b) && !b.covers(*a)
	}
	return false
}

// apart says that no path is among both pages, for sure.
func (p *pages) apart(q *pages) bool {
	if p.others {
		p, q = q, p
	}
	if p.others {
		return false
	}
	for _, a := range p.patterns {
		if a.negate || p.without(a, a) || q.without(a, a) {
			continue
		}
		for _, b := range q.patterns {
			if !b.negate && !a.apart(b) && !p.without(a, b) && !q.without(a, b) {
				return false
			}
		}
		if q.others {
			return false
		}
	}
	return true
}

func sameTexts(a, b []pattern) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
