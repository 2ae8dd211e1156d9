package rules

import "time"

// Stream is one sequence of events of which a profile keeps what the counters
// of a set need, and no more.
type Stream struct {
	Key      string        // the same in every rule set: event, hash of where, field, kind
	Event    string        // canonical name; the underlying one of a derived event
	Field    string        // "" where only the moments count
	Kind     string        // times (count did seconds_since sum) | values (uniq) | latest (last)
	Window   time.Duration // the longest rolling window asked for; today counts 26h; 0 none
	Session  bool          // asked for the session under way
	Lifetime bool          // asked for all time: also seconds_since and last

	where []*predicate // of a derived event; they read nothing but event
}

// Derived says whether the stream takes in only some of the events of its name;
// Set.Counts tells which.
func (s *Stream) Derived() bool { return len(s.where) > 0 }

// Counter is one value that rules read off a visitor's past.
type Counter struct {
	Op       string         // count sum uniq last did seconds_since exposed
	Stream   int            // place in Set.Streams; -1 of exposed
	Campaign string         // of exposed
	Window   Window         // lifetime | session | day | rolling
	Zone     *time.Location // whose days `today` means: the site's

	text string
}

// String is the counter as rules write it: count("purchase", "30d").
func (c Counter) String() string { return c.text }

// Counters answers for one visitor at one moment, by places in Set.Counters. It
// is asked only when a rule needs the answer, at most once a visit and counter.
type Counters interface {
	// Number answers count sum uniq; did and exposed by 1 or 0; seconds_since by
	// Unknown when there was no such event.
	Number(counter int) float64
	// Text answers last, "" when there was no such event.
	Text(counter int) string
}

// counted stands between rules and Counters: it remembers what was answered in
// this visit, and answers for nobody's past when there is none.
type counted struct {
	of      []Counter
	from    Counters
	asked   []bool
	numbers []float64
	texts   []string
}

// over begins a visit.
func (c *counted) over(of []Counter, from Counters) *counted {
	if len(c.asked) != len(of) {
		c.asked, c.numbers, c.texts = make([]bool, len(of)), make([]float64, len(of)), make([]string, len(of))
	}
	clear(c.asked)
	c.of, c.from = of, from
	return c
}

// forget lets go of the visit.
func (c *counted) forget() {
	clear(c.texts)
	c.of, c.from = nil, nil
}

func (c *counted) Number(i int) float64 {
	if !c.asked[i] {
		c.asked[i] = true
		switch {
		case c.from != nil:
			c.numbers[i] = c.from.Number(i)
		case c.of[i].Op == "seconds_since":
			c.numbers[i] = Unknown
		default:
			c.numbers[i] = 0
		}
	}
	return c.numbers[i]
}

func (c *counted) Text(i int) string {
	if !c.asked[i] {
		c.asked[i] = true
		c.texts[i] = ""
		if c.from != nil {
			c.texts[i] = c.from.Text(i)
		}
	}
	return c.texts[i]
}
