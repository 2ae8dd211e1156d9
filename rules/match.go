package rules

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Matcher is one worker's scratch space: what a visit has already been asked.
// Not safe for concurrent use; take one from Set.Matcher and give it back.
type Matcher struct {
	vm     vm.VM
	memo   []verdict // of the set's predicates, in this visit
	asked  []int32   // those that memo knows
	env    Env
	plain  any    // the env boxed once for all predicates that read no clock
	zoned  []any  // and once a zone for those that do, when first needed
	clock  int    // the zone whose time env.Now is; -1 none yet
	clocks []wall // of the zones
	now    time.Time
	failed []RuleError
	causes map[int32]error

	places       []any  // in env, of the subjects of the index's attributes
	still, spare bitmap // the index's

	counted counted // what env.Counters was asked already
	only    *Env    // of an event that is looked at by itself, see every
}

func newMatcher(s *Set) *Matcher {
	m := &Matcher{
		memo:  make([]verdict, len(s.predicates)),
		zoned: make([]any, len(s.zones)), clocks: make([]wall, len(s.zones)),
		still: slices.Clone(s.index.all), spare: slices.Clone(s.index.all),
	}
	for _, a := range s.index.attributes {
		m.places = append(m.places, a.on.place(&m.env))
	}
	return m
}

type verdict byte

const (
	unasked verdict = iota
	yes
	no
	failed
)

// RuleError is a rule that could not be evaluated for one visit, by an error or
// a panic. Its campaign did not match; the others were not touched by it.
type RuleError struct {
	Campaign *Campaign
	Err      error
}

// Errors lists the campaigns whose rules failed in the last Match. The slice is
// reused by the next one.
func (m *Matcher) Errors() []RuleError { return m.failed }

// Matcher takes a scratch space from the set's pool.
func (s *Set) Matcher() *Matcher { return s.scratch.Get().(*Matcher) }

// Release gives a scratch space back. It keeps nothing of the visit.
func (s *Set) Release(m *Matcher) {
	m.env, m.plain = Env{}, nil
	clear(m.zoned)
	clear(m.failed)
	m.failed = m.failed[:0]
	m.causes = nil
	m.counted.forget()
	clear(m.vm.Stack[:cap(m.vm.Stack)])
	s.scratch.Put(m)
}

func (m *Matcher) begin(s *Set, env Env, now time.Time) {
	for _, i := range m.asked {
		m.memo[i] = unasked
	}
	m.asked = m.asked[:0]
	clear(m.zoned)
	m.env, m.plain, m.clock, m.now = env, nil, -1, now
	m.env.Counters = m.counted.over(s.Counters, env.Counters)
	m.failed = m.failed[:0]
	clear(m.causes)
}

// Match appends to dst every live or shadow campaign that is in schedule at now
// and whose pages and rule match env, in order of priority. It fills env.Now
// itself, by each campaign's time zone. A rule that fails does not match and is
// listed by m.Errors, unless one of its conditions is false.
func (s *Set) Match(m *Matcher, env Env, now time.Time, dst []*Campaign) []*Campaign {
	m.begin(s, env, now)
	for w, word := range s.index.narrow(m, s) {
		for ; word != 0; word &= word - 1 {
			c := s.index.columns[w*64+bits.TrailingZeros64(word)]
			if c.left == nil || m.passes(s, c.campaign, c.left) {
				dst = append(dst, c.campaign)
			}
		}
	}
	return dst
}

// passes asks what is left of a campaign.
func (m *Matcher) passes(s *Set, c *Campaign, l *left) bool {
	switch {
	case l.schedule && !c.Schedule.Open(m.now, c.Zone):
		return false
	case l.pages && !c.pages.match(m.env.Page.Path):
		return false
	}
	answer, at := m.all(s, l.when)
	if answer == failed {
		m.failed = append(m.failed, RuleError{c, m.causes[at]})
	}
	return answer == yes
}

// Why answers for one campaign of the set what Match would: "" when it matches,
// or the first of not_live, out_of_schedule, page, rule_false, error. Detail is
// the condition that was false, or the error.
func (s *Set) Why(m *Matcher, c *Campaign, env Env, now time.Time) (reason, detail string) {
	m.begin(s, env, now)
	reason, at := m.gate(s, c)
	switch reason {
	case "rule_false":
		detail = s.predicates[at].text
	case "error":
		detail = m.causes[at].Error()
	case "page":
		detail = env.Page.Path
	case "not_live":
		detail = string(c.Status)
	}
	return reason, detail
}

// gate takes one campaign through the gates; at is the predicate that said no.
func (m *Matcher) gate(s *Set, c *Campaign) (reason string, at int32) {
	switch {
	case c.Status != Live && c.Status != Shadow:
		return "not_live", 0
	case !c.open && !c.Schedule.Open(m.now, c.Zone):
		return "out_of_schedule", 0
	case !c.pages.match(m.env.Page.Path):
		return "page", 0
	}
	switch answer, at := m.all(s, c.when); answer {
	case no:
		return "rule_false", at
	case failed:
		return "error", at
	}
	return "", 0
}

// all asks conditions in the order written until one is false; at is that one,
// or else the first that failed. So a rule with a false condition is false and
// not in error, whatever stands before it.
func (m *Matcher) all(s *Set, when []int32) (answer verdict, at int32) {
	answer = yes
	for _, i := range when {
		if m.memo[i] == unasked {
			m.memo[i] = m.ask(s, i)
			m.asked = append(m.asked, i)
		}
		switch v := m.memo[i]; {
		case v == no:
			return no, i
		case v == failed && answer == yes:
			answer, at = failed, i
		}
	}
	return answer, at
}

// ask evaluates one predicate for this visit.
func (m *Matcher) ask(s *Set, i int32) verdict {
	p := s.predicates[i]
	holds, err := m.run(s, p)
	switch {
	case err != nil:
		if m.causes == nil {
			m.causes = map[int32]error{}
		}
		var located *file.Error // its message alone: it would draw a caret under another text
		if errors.As(err, &located) {
			err = errors.New(located.Message)
		}
		m.causes[i] = fmt.Errorf("%s: %w", p.text, err)
		return failed
	case holds:
		return yes
	}
	return no
}

// run gives a predicate's answer. A panic is an error of this predicate alone;
// expr's machine does the same with its own.
func (m *Matcher) run(s *Set, p *predicate) (holds bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	if p.native != nil {
		m.tell(s, p.zone)
		return p.native.holds(&m.env), nil
	}
	result, err := m.vm.Run(p.program, m.seen(s, p.zone))
	if err != nil {
		return false, err
	}
	return result.(bool), nil
}

// seen is the boxed environment for a predicate: boxing copies it, so it is done
// once a visit, and once more for each zone whose clock is read.
func (m *Matcher) seen(s *Set, zone int) any {
	if zone < 0 {
		if m.plain == nil {
			m.plain = m.env
		}
		return m.plain
	}
	if m.zoned[zone] == nil {
		m.tell(s, zone)
		m.zoned[zone] = m.env
		if m.plain == nil {
			m.plain = m.zoned[zone]
		}
	}
	return m.zoned[zone]
}
