package rules

import (
	"regexp"
	"slices"
	"strings"
)

// wordings is a set of texts: a few, or all but a few; and what else is known of
// them, which may make it look larger than it is and never smaller.
type wordings struct {
	some  []string // sorted
	but   bool     // all but these
	tests []test
}

var allTexts = wordings{but: true}

// test is `x op with`, or its negation.
type test struct {
	op, with string
	want     bool
	pattern  *regexp.Regexp // of matches
}

func (t test) holds(s string) bool {
	var is bool
	switch t.op {
	case "startsWith":
		is = strings.HasPrefix(s, t.with)
	case "endsWith":
		is = strings.HasSuffix(s, t.with)
	case "contains":
		is = strings.Contains(s, t.with)
	case "matches":
		is = t.pattern.MatchString(s)
	case "<":
		is = s < t.with
	case "<=":
		is = s <= t.with
	case ">":
		is = s > t.with
	case ">=":
		is = s >= t.with
	}
	return is == t.want
}

// tested is every text for which `x op with` is want; ok is false for an
// operator that says nothing here.
func tested(op, with string, want bool) (t wordings, ok bool) {
	switch op {
	case "==":
		return wordings{some: []string{with}, but: !want}, true
	case "!=":
		return wordings{some: []string{with}, but: want}, true
	case "matches":
		pattern, err := regexp.Compile(with)
		if err != nil {
			return allTexts, false
		}
		return wordings{but: true, tests: []test{{op, with, want, pattern}}}, true
	case "startsWith", "endsWith", "contains", "<", "<=", ">", ">=":
		return wordings{but: true, tests: []test{{op, with, want, nil}}}, true
	}
	return allTexts, false
}

func (a wordings) both(b wordings) wordings {
	var out wordings
	switch {
	case a.but && b.but:
		out.but = true
		out.some = slices.Concat(a.some, b.some)
		slices.Sort(out.some)
		out.some = slices.Compact(out.some)
	case a.but:
		return b.both(a)
	default:
		for _, s := range a.some {
			if slices.Contains(b.some, s) != b.but {
				out.some = append(out.some, s)
			}
		}
	}
	out.tests = slices.Concat(a.tests, b.tests)
	if !out.but {
		out.some = slices.DeleteFunc(out.some, func(s string) bool {
			return slices.ContainsFunc(out.tests, func(t test) bool { return !t.holds(s) })
		})
		out.tests = nil
	}
	return out
}

// either is the texts of a or of b; ok is false when that has no simple form.
func (a wordings) either(b wordings) (out wordings, ok bool) {
	if len(a.tests) > 0 || len(b.tests) > 0 {
		return allTexts, false
	}
	outside := wordings{a.some, !a.but, nil}.both(wordings{b.some, !b.but, nil})
	return wordings{outside.some, !outside.but, nil}, true
}

// empty says that there is surely no such text.
func (a wordings) empty() bool {
	if !a.but {
		return len(a.some) == 0
	}
	for i, t := range a.tests {
		for _, u := range a.tests[:i] {
			if t.against(u) || u.against(t) {
				return true
			}
		}
	}
	return false
}

// against says that no text passes both tests, for reasons seen from t's side.
func (t test) against(u test) bool {
	if t.op == u.op && t.with == u.with {
		return t.want != u.want
	}
	if t.want && u.want {
		switch {
		case t.op == "startsWith" && u.op == "startsWith":
			return !strings.HasPrefix(t.with, u.with) && !strings.HasPrefix(u.with, t.with)
		case t.op == "endsWith" && u.op == "endsWith":
			return !strings.HasSuffix(t.with, u.with) && !strings.HasSuffix(u.with, t.with)
		case (t.op == "<" || t.op == "<=") && (u.op == ">" || u.op == ">="):
			return t.with < u.with || t.with == u.with && (t.op == "<" || u.op == ">")
		}
		return false
	}
	if !t.want || u.want {
		return false
	}
	switch u.op { // t holds, u does not
	case "startsWith":
		return t.op == "startsWith" && strings.HasPrefix(t.with, u.with)
	case "endsWith":
		return t.op == "endsWith" && strings.HasSuffix(t.with, u.with)
	case "contains":
		return (t.op == "startsWith" || t.op == "endsWith" || t.op == "contains") && strings.Contains(t.with, u.with)
	}
	return false
}
