package rules

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// text is a text and where it stands; At is nil when it was not given.
type text struct {
	S  string
	At *node
}

func (t *text) read(r *reader, n *node, path string) {
	if n.kind != str {
		hint := ""
		if n.kind == integral || n.kind == decimal || n.kind == boolean {
			hint = fmt.Sprintf("put it in quotes: %q", n.text)
			if cut := cutByComma(n); cut != "" { // title: 5,000円以上で送料無料
				hint = fmt.Sprintf("inside { } a comma ends a value: put the whole text in quotes: %q", cut)
			}
		}
		r.expected(n, path, "a text", hint)
		return
	}
	t.S, t.At = n.text, n
}

// cutByComma is the text that a number was cut out of, up to what may end it
// inside braces; "" where no comma stands behind the number.
func cutByComma(n *node) string {
	line := []rune(n.src.line(n.line))
	if n.column < 1 || n.column > len(line) {
		return ""
	}
	rest := string(line[n.column-1:])
	if behind, ok := strings.CutPrefix(rest, n.text+","); !ok || behind == "" || behind[0] < '0' || behind[0] > '9' {
		return ""
	}
	if end := strings.IndexAny(rest, "}]"); end > 0 {
		rest = rest[:end]
	}
	if next := strings.Index(rest, ", "); next > 0 {
		rest = rest[:next]
	}
	return strings.TrimSpace(rest)
}

// ruleText is the source of a rule.
type ruleText struct {
	S  string
	At *node
}

func (t *ruleText) read(r *reader, n *node, path string) {
	if n.kind != str && n.kind != boolean {
		r.expected(n, path, "a rule", `write a condition, such as: visitor.purchases == 0`)
		return
	}
	t.S, t.At = n.text, n
}

// integer is a whole number.
type integer struct {
	N  int
	At *node
}

func (i *integer) read(r *reader, n *node, path string) {
	if n.kind != integral {
		r.expected(n, path, "a whole number", "")
		return
	}
	const most = 1_000_000_000
	if n.whole > most || n.whole < -most {
		r.fail(n, path, "value", "%s is too large", n.text)
		return
	}
	i.N, i.At = int(n.whole), n
}

// number is an amount.
type number struct {
	N  float64
	At *node
}

func (f *number) read(r *reader, n *node, path string) {
	if n.kind != integral && n.kind != decimal {
		r.expected(n, path, "a number", "")
		return
	}
	f.N, f.At = n.float, n
}

// share is a part of all visitors, of 10,000: `20%` or `0.2`.
type share struct {
	N  int
	At *node
}

func (s *share) read(r *reader, n *node, path string) {
	percent := math.NaN()
	switch {
	case n.kind == str && strings.HasSuffix(n.text, "%"):
		if v, err := strconv.ParseFloat(strings.TrimSuffix(n.text, "%"), 64); err == nil {
			percent = v
		}
	case n.kind == decimal, n.kind == integral && n.whole == 0:
		percent = n.float * 100
	case n.kind == integral:
		r.failWith(n, path, "value", fmt.Sprintf("%s could mean a share or a percentage", n.text), fmt.Sprintf("write %s%%", n.text))
		return
	}
	points := math.Round(percent * 100)
	switch {
	case math.IsNaN(percent):
		r.expected(n, path, "a share", "write a percentage such as 20%")
	case percent < 0 || percent > 100:
		r.fail(n, path, "value", "%s is not between 0%% and 100%%", n.text)
	case math.Abs(points-percent*100) > 1e-6:
		r.fail(n, path, "value", "%s is finer than 0.01%%", n.text)
	default:
		s.N, s.At = int(points), n
	}
}

// duration is a length of time: `30s`, `1h30m`, `7d`.
type duration struct {
	D  time.Duration
	At *node
}

const durationHint = "write a number and a unit, such as 30s, 15m, 72h or 7d"

func (d *duration) read(r *reader, n *node, path string) {
	if n.kind != str {
		r.expected(n, path, "a length of time", durationHint)
		return
	}
	v, err := ParseDuration(n.text)
	if err != nil {
		r.failWith(n, path, "value", err.Error(), durationHint)
		return
	}
	d.D, d.At = v, n
}

var (
	durationForm = regexp.MustCompile(`^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$`)
	durationPart = regexp.MustCompile(`([0-9]+)([dhms])`)
)

// MaxDuration is the longest length of time a rule may name: ten years.
const MaxDuration = 3660 * 24 * time.Hour

// ParseDuration reads a length of time as campaign files write it: whole days,
// hours, minutes and seconds, largest first ("30s", "1h30m", "7d"; a day is
// 24 h). It must be longer than nothing and at most MaxDuration.
func ParseDuration(s string) (time.Duration, error) {
	if s == "" || !durationForm.MatchString(s) {
		return 0, fmt.Errorf("%s is not a length of time", quote(s))
	}
	units := map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}
	var sum time.Duration
	for _, part := range durationPart.FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseInt(part[1], 10, 64)
		if err != nil || time.Duration(n) > MaxDuration/units[part[2]] {
			return 0, fmt.Errorf("%s is longer than ten years", quote(s))
		}
		sum += time.Duration(n) * units[part[2]]
	}
	if sum > MaxDuration {
		return 0, fmt.Errorf("%s is longer than ten years", quote(s))
	}
	if sum == 0 {
		return 0, fmt.Errorf("%s is no time at all", quote(s))
	}
	return sum, nil
}

var (
	idForm    = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	eventForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// wellFormed reports a given text that does not match its form.
func (r *reader) wellFormed(t text, path string, form *regexp.Regexp, hint string) bool {
	if t.At == nil || form.MatchString(t.S) {
		return t.At != nil
	}
	r.failWith(t.At, path, "value", quote(t.S)+" is not allowed here", hint)
	return false
}

// oneOf reports a given text that is none of the known words.
func (r *reader) oneOf(t text, path string, known ...string) bool {
	if t.At == nil {
		return false
	}
	for _, k := range known {
		if t.S == k {
			return true
		}
	}
	hint := "one of " + strings.Join(known, ", ")
	r.failWith(t.At, path, "value", "unknown value "+quote(t.S)+didYouMean(t.S, known), hint)
	return false
}

// zone reads a time zone's name, def when none is given.
func (r *reader) zone(t text, path string, def *time.Location) *time.Location {
	if t.At == nil {
		return def
	}
	if t.S != "" && t.S != "Local" {
		if z, err := time.LoadLocation(t.S); err == nil {
			return z
		}
	}
	r.failWith(t.At, path, "value", "unknown time zone "+quote(t.S), "names are those of the tz database, such as Asia/Tokyo or UTC")
	return def
}

// yesNo is true or false.
type yesNo struct {
	Yes bool
	At  *node
}

func (t *yesNo) read(r *reader, n *node, path string) {
	if n.kind != boolean {
		r.expected(n, path, "true or false", "")
		return
	}
	t.Yes, t.At = n.text == "true", n
}
