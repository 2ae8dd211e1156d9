package rules

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// pages is a campaign's list of path patterns. `*` stays within a segment, `**`
// runs over segments, `!` takes away; the last pattern that matches decides.
// With only `!` patterns, all other pages match; with none, all pages.
type pages struct {
	patterns []pattern
	others   bool // what a path that no pattern matches gets
}

type pattern struct {
	text   string
	negate bool
	form   byte // '=' a plain path, '/' everything under a plain path, '*' the rest
}

// maxStarred bounds, for one campaign, the patterns that are more than a place
// to begin with: each takes up to a tenth of a millisecond on the longest path.
const maxStarred = 100

// match says whether a path is among the pages.
func (p *pages) match(path string) bool {
	if len(p.patterns) == 0 {
		return true
	}
	if path == "" {
		path = "/"
	}
	for i := len(p.patterns) - 1; i >= 0; i-- {
		if p.patterns[i].match(path) {
			return !p.patterns[i].negate
		}
	}
	return p.others
}

// Somewhere is a path that is among the campaign's pages, to try it on; "/" where
// none is found.
func (c *Campaign) Somewhere() string {
	for _, p := range c.pages.patterns {
		path := p.text
		if p.form == '/' {
			path += "/1"
		}
		path = strings.NewReplacer("**", "1", "*", "1").Replace(path)
		if !p.negate && c.pages.match(path) {
			return path
		}
	}
	return "/"
}

func (p *pattern) match(path string) bool {
	switch p.form {
	case '=':
		return path == p.text
	case '/':
		under, ok := strings.CutPrefix(path, p.text)
		return ok && (under == "" || under[0] == '/')
	}
	ok, err := doublestar.Match(p.text, path)
	return ok && err == nil
}

func newPattern(s string) pattern {
	p := pattern{text: s, form: '='}
	if rest, ok := strings.CutPrefix(s, "!"); ok {
		p.negate, p.text = true, rest
	}
	if under, ok := strings.CutSuffix(p.text, "/**"); ok && !strings.Contains(under, "*") {
		p.text, p.form = under, '/'
	} else if strings.Contains(p.text, "*") {
		p.form = '*'
	}
	return p
}

func (r *reader) pages(list []text, path string) pages {
	p, starred := pages{others: true}, 0
	for i, t := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch body := strings.TrimPrefix(t.S, "!"); {
		case t.At == nil:
			continue
		case strings.Contains(body, "://"), strings.ContainsAny(body, "?#"):
			r.failWith(t.At, at, "value", quote(t.S)+" is not a path", "patterns match the path of a page, without host and query: /items/**")
			continue
		case !strings.HasPrefix(body, "/") && !strings.HasPrefix(body, "**"):
			r.failWith(t.At, at, "value", quote(t.S)+" can never match", "a path starts with a slash: /"+body)
			continue
		case strings.ContainsAny(body, `[]{}\`):
			r.failWith(t.At, at, "value", quote(t.S)+" holds a sign that patterns do not know", "only * (within a segment), ** (over segments) and a leading ! are special")
			continue
		}
		pat := newPattern(t.S)
		if pat.form == '*' {
			if starred++; starred > maxStarred || len(t.S) > maxPattern {
				r.failWith(t.At, at, "value", "the pages are too much to compare",
					fmt.Sprintf("at most %d patterns may have a * before their end, each of at most %d bytes", maxStarred, maxPattern))
				break
			}
		}
		p.patterns = append(p.patterns, pat)
		if !pat.negate {
			p.others = false
		}
	}
	return p
}
