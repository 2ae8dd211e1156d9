package rules

import (
	"testing"
	"time"
)

func TestALongDwellMeetsItself(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{500 * time.Millisecond, 30 * time.Second, 2 * time.Minute, 3 * time.Hour, 5 * 24 * time.Hour} {
		if dwell := (Trigger{Kind: "dwell", Dwell: d}); !dwell.Met(dwell.String()) || dwell.Met("dwell:1ms") {
			t.Errorf("%s does not meet itself, or is met too soon", dwell)
		}
	}
}

func TestTriggerMet(t *testing.T) {
	t.Parallel()
	exit, dwell := Trigger{Kind: "exit_intent"}, Trigger{Kind: "dwell", Dwell: 30 * time.Second}
	if exit.String() != "exit_intent" || dwell.String() != "dwell:30s" {
		t.Errorf("triggers are called %s and %s", exit, dwell)
	}
	for _, c := range []struct {
		trigger  Trigger
		happened string
		want     bool
	}{
		{exit, "exit_intent", true},
		{exit, "dwell:30s", false},
		{dwell, dwell.String(), true},
		{dwell, "dwell:29999ms", false},
		{dwell, "dwell:1m", true},
		{dwell, "dwell:soon", false},
		{dwell, "exit_intent", false},
	} {
		if got := c.trigger.Met(c.happened); got != c.want {
			t.Errorf("%s met by %s: %t", c.trigger, c.happened, got)
		}
	}
}

// What FormatDuration writes, ParseDuration reads as the same time.
func TestFormatDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		72 * time.Hour: "72h", 168 * time.Hour: "7d", 90 * time.Second: "90s", 30 * time.Minute: "30m",
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%s is written %s, want %s", d, got, want)
		}
		if back, err := ParseDuration(want); err != nil || back != d {
			t.Errorf("%s is read as %s %v", want, back, err)
		}
	}
}
