package warehouse

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Query asks for the sums of one campaign. Only Campaign must be told.
type Query struct {
	Campaign string
	Phase    string        // "": the newest phase with exposures, else the newest; a bandit's periods belong to their phase
	Goal     string        // the event hoped for; "": purchase
	Window   time.Duration // an event counts if first exposure ≤ its time < first exposure + Window; 0: 72 h; whole milliseconds
	Value    string        // the property summed; "": value
	From, To time.Time     // of first exposures, To excluded; zero: all
	AsOf     time.Time     // only what had been received by then; zero: now
	Matured  bool          // only visitors whose window had ended by AsOf
	Past     time.Duration // CUPED: what units brought in so long before their first exposure; 0: none
}

const (
	defaultGoal   = "purchase"
	defaultWindow = 72 * time.Hour
	defaultValue  = "value"
)

func (q Query) withDefaults(now time.Time) Query {
	q.Phase, _, _ = strings.Cut(q.Phase, "/")
	if q.Goal == "" {
		q.Goal = defaultGoal
	}
	if q.Window == 0 {
		q.Window = defaultWindow
	}
	if q.Value == "" {
		q.Value = defaultValue
	}
	if q.From.IsZero() {
		q.From = time.UnixMilli(earliest).UTC()
	}
	if q.To.IsZero() {
		q.To = time.UnixMilli(latest).UTC()
	}
	if q.AsOf.IsZero() {
		q.AsOf = now
	}
	q.AsOf = q.AsOf.Truncate(time.Millisecond).UTC()
	return q
}

// check refuses what cannot be counted.
func (q Query) check() error {
	switch {
	case q.Campaign == "":
		return errors.New("results of which campaign? name one")
	case q.Window < 0 || q.Window > 0 && q.Window < time.Millisecond:
		return fmt.Errorf("results of %s: a window of %s holds no event; give it a millisecond at least, such as 72h", q.Campaign, q.Window)
	case q.Past < 0:
		return fmt.Errorf("results of %s: a past of %s lies ahead; give a length of time, or none", q.Campaign, q.Past)
	}
	return nil
}

// parameters are the values of the query's {name:Type}, as the text ClickHouse reads.
func (q Query) parameters() map[string]string {
	return map[string]string{
		"campaign": q.Campaign,
		"phase":    q.Phase,
		"goal":     q.Goal,
		"value":    q.Value,
		"window":   strconv.FormatInt(q.Window.Milliseconds(), 10),
		"past":     strconv.FormatInt(q.Past.Milliseconds(), 10),
		"from":     clock(q.From),
		"to":       clock(q.To),
		"as_of":    clock(q.AsOf),
		"matured":  strconv.FormatBool(q.Matured),
	}
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

var parameter = regexp.MustCompile(`\{(\w+):([^}]+)\}`)

var quoted = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\x00", `\0`)
