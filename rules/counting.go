package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// counting is a counter that a rule names, before it has a place.
type counting struct {
	Counter
	key     string   // equal for equal counters
	stream  Stream   // of this counter alone
	derived *derived // whose where the stream has; nil of a plain event
	place   int      // in the set; -1 until a rule that is kept reads it
}

// wrong is a mistake in how a function is called.
type wrong struct {
	at            ast.Node
	message, hint string
}

var (
	fieldForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

	// texts are the declared fields that are never numbers.
	texts = []string{"currency", "transaction_id", "coupon", "item_id", "item_name", "item_category", "item_brand", "path"}
)

const (
	eventHint  = "lower case letters, digits and _, a letter first, such as purchase"
	windowHint = "a length of time such as 30m, 24h or 7d, or session, today, lifetime"
)

// written reads a call of a counting function. Its arguments are written out:
// which counters there are must be known before any visitor comes.
func (l *language) written(op string, n *ast.CallNode) (*counting, *wrong) {
	f := functions[op]
	most := 1
	if f.window {
		most = 2
	}
	if len(n.Arguments) < 1 || len(n.Arguments) > most {
		what := map[bool]string{false: "an event", true: "an event's field"}[f.field]
		if op == "exposed" {
			what = "a campaign's id"
		}
		if f.window {
			what += " and a window"
		}
		return nil, &wrong{n, fmt.Sprintf("%s takes %s: %s", op, what, f.example), ""}
	}
	args := make([]string, len(n.Arguments))
	for i, arg := range n.Arguments {
		s, ok := arg.(*ast.StringNode)
		if !ok {
			return nil, &wrong{arg, fmt.Sprintf("%s takes texts in quotes: %s", op, f.example), "what is counted must be known before any visitor comes"}
		}
		args[i] = s.Value
	}
	c := &counting{Counter: Counter{Op: op, Stream: -1, Window: Window{Kind: "lifetime"}, Zone: l.zoneOfSite}, place: -1}
	if len(args) == 2 {
		var w *wrong
		if c.Window, w = windowOf(n.Arguments[1], args[1]); w != nil {
			return nil, w
		}
	}
	identity := args[0]
	if op == "exposed" {
		if c.Campaign = args[0]; !idForm.MatchString(c.Campaign) {
			return nil, &wrong{n.Arguments[0], quote(c.Campaign) + " is not a campaign's id", "exposed names a campaign of this folder: " + f.example}
		}
	} else {
		if w := c.streamOf(l, n.Arguments[0], args[0], f); w != nil {
			return nil, w
		}
		identity = c.stream.Key
	}
	c.key = fmt.Sprintf("%s %s %s", op, identity, c.Window)
	c.text = fmt.Sprintf("%s(%q)", op, args[0])
	if f.window && c.Window.Kind != "lifetime" {
		window := c.Window.Kind
		switch window {
		case "day":
			window = "today"
		case "rolling":
			window = FormatDuration(c.Window.Length)
		}
		c.text = fmt.Sprintf("%s(%q, %q)", op, args[0], window)
	}
	return c, nil
}

func windowOf(at ast.Node, s string) (Window, *wrong) {
	switch s {
	case "lifetime", "session":
		return Window{Kind: s}, nil
	case "today":
		return Window{Kind: "day"}, nil
	case "day":
		return Window{}, &wrong{at, `"day" is not a window, did you mean "today"?`, windowHint}
	}
	d, err := ParseDuration(s)
	if err == nil {
		return Window{Kind: "rolling", Length: d}, nil
	}
	if durationForm.MatchString(s) && s != "" {
		return Window{}, &wrong{at, err.Error(), windowHint}
	}
	return Window{}, &wrong{at, quote(s) + " is not a window" + didYouMean(s, []string{"session", "today", "lifetime"}), windowHint}
}

// streamOf reads `purchase` or `purchase.value`.
func (c *counting) streamOf(l *language, at ast.Node, s string, f function) *wrong {
	event, field, dotted := strings.Cut(s, ".")
	switch {
	case !eventForm.MatchString(event):
		return &wrong{at, quote(event) + " is not an event's name", eventHint}
	case f.field && !dotted:
		return &wrong{at, c.Op + " needs a field of the event", "write it after a dot: " + f.example}
	case !f.field && dotted:
		return &wrong{at, fmt.Sprintf("%s looks at whole events, and %q names a field", c.Op, s), fmt.Sprintf("write %q; sum, uniq and last read fields", event)}
	case f.field && !fieldForm.MatchString(field):
		return &wrong{at, quote(field) + " is not a field's name", "letters, digits and _, such as value or item_id"}
	case c.Op == "sum" && slices.Contains(texts, field):
		return &wrong{at, fmt.Sprintf("%s is a text; sum adds numbers up", field), fmt.Sprintf("uniq(%q) counts how many different ones there were", s)}
	}
	stream := Stream{Key: event, Event: event, Field: field, Kind: f.kind}
	if c.derived = l.derived[event]; c.derived != nil {
		stream.Key, stream.Event = c.derived.identity, c.derived.event
	}
	if field != "" {
		stream.Key += "." + field
	}
	stream.Key += ":" + f.kind
	switch c.Window.Kind {
	case "rolling":
		stream.Window = c.Window.Length
	case "day":
		stream.Window = 26 * time.Hour // a day may have 25, and a late clock
	case "session":
		stream.Session = true
	case "lifetime":
		stream.Lifetime = true
	}
	c.stream = stream
	return nil
}

// place is where in the set a counter stands; equal ones stand once, and equal
// streams are kept for the longest that anybody asks.
func (l *language) place(c *counting) int {
	if c.place >= 0 {
		return c.place
	}
	if c.Op != "exposed" {
		at, ok := l.streamAt[c.stream.Key]
		if !ok {
			at = len(l.streams)
			l.streamAt[c.stream.Key] = at
			l.streams = append(l.streams, c.stream)
			l.filters = append(l.filters, c.derived)
		}
		s := &l.streams[at]
		s.Window = max(s.Window, c.stream.Window)
		s.Session = s.Session || c.stream.Session
		s.Lifetime = s.Lifetime || c.stream.Lifetime
		c.Stream = at
	}
	c.place = len(l.counters)
	l.counters = append(l.counters, c.Counter)
	return c.place
}
