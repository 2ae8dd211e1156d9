package rules

import (
	"strings"
	"time"
)

// String is the trigger as clients name it: "exit_intent", "dwell:30s".
func (t Trigger) String() string {
	if t.Kind != "dwell" {
		return t.Kind
	}
	return "dwell:" + FormatDuration(t.Dwell)
}

// Met says whether what a client says has happened is this trigger. A stay of
// a minute meets a dwell of thirty seconds.
func (t Trigger) Met(happened string) bool {
	kind, amount, told := strings.Cut(happened, ":")
	if kind != t.Kind {
		return false
	}
	if kind != "dwell" || !told {
		return true
	}
	stayed, err := time.ParseDuration(amount)
	if err != nil {
		stayed, err = ParseDuration(amount) // which knows days
	}
	return err == nil && stayed >= t.Dwell
}
