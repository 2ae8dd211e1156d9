package rules

import (
	"strconv"
	"strings"
	"time"
)

// Trigger is a moment at which a campaign may open.
type Trigger struct {
	Kind     string        // page_view | exit_intent | tab_return | dwell | scroll | idle | in_view | event | absent | reminder
	Dwell    time.Duration // the length of dwell and idle
	Percent  int           // of scroll: 1 to 100
	Selector string        // of in_view
	Event    string        // of event: its canonical name, the underlying one of a derived event; of absent: the one awaited, of reminder: the one that names the moment, as written or by its Kind
	After    string        // of absent: the event that starts the wait, as written
	Within   time.Duration // of absent: how long is waited
	Moment   string        // of reminder: the property of Event that holds a time
	Offset   time.Duration // of reminder: how long after that it is due; negative before

	// Key names what of an event in a list has happened on a page; see Set.Here.
	// "" where any event of its name will do.
	Key string

	where  []int32 // of event, see Set.Where
	seen   []int32 // of those, in a list: that read the event
	beside []int32 // of those, in a list: that do not
}

// String is the trigger as clients name it: "exit_intent", "dwell:30s",
// "scroll:50%", "in_view:#reviews", and an event by its name.
func (t Trigger) String() string {
	switch t.Kind {
	case "dwell", "idle":
		return t.Kind + ":" + FormatDuration(t.Dwell)
	case "scroll":
		return "scroll:" + strconv.Itoa(t.Percent) + "%"
	case "in_view":
		return "in_view:" + t.Selector
	case "event":
		return t.Event
	}
	return t.Kind
}

// Met says whether what a client says has happened is this trigger. A stay of
// a minute meets a dwell of thirty seconds, three quarters of a page a scroll of
// half. Nothing that a client says is an absence: the server's clock tells.
func (t Trigger) Met(happened string) bool {
	switch t.Kind {
	case "event", "in_view":
		return happened == t.String()
	case "absent", "reminder":
		return false
	}
	kind, amount, told := strings.Cut(happened, ":")
	if kind != t.Kind {
		return false
	}
	switch {
	case !told:
		return true
	case kind == "dwell" || kind == "idle":
		stayed, err := time.ParseDuration(amount)
		if err != nil {
			stayed, err = ParseDuration(amount) // which knows days
		}
		return err == nil && stayed >= t.Dwell
	case kind == "scroll":
		seen, err := strconv.ParseFloat(strings.TrimSuffix(amount, "%"), 64)
		return err == nil && seen >= float64(t.Percent)
	}
	return true
}
