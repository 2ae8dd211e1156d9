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

// A client names a trigger as String does; what goes further meets it too.
func TestTriggerMet(t *testing.T) {
	t.Parallel()
	exit, tab := Trigger{Kind: "exit_intent"}, Trigger{Kind: "tab_return"}
	dwell, idle := Trigger{Kind: "dwell", Dwell: 30 * time.Second}, Trigger{Kind: "idle", Dwell: 2 * time.Minute}
	scroll, view := Trigger{Kind: "scroll", Percent: 50}, Trigger{Kind: "in_view", Selector: "#reviews"}
	cart, late := Trigger{Kind: "event", Event: "add_to_cart"}, Trigger{Kind: "absent", Event: "purchase", After: "add_to_cart", Within: time.Hour}
	for want, trigger := range map[string]Trigger{
		"exit_intent": exit, "tab_return": tab, "dwell:30s": dwell, "idle:2m": idle, "scroll:50%": scroll,
		"in_view:#reviews": view, "add_to_cart": cart, "absent": late,
	} {
		if got := trigger.String(); got != want || trigger.Met(want) != (want != "absent") {
			t.Errorf("%s is called %s, met by its name: %t", want, got, trigger.Met(want))
		}
	}
	for _, c := range []struct {
		trigger  Trigger
		happened string
		want     bool
	}{
		{exit, "dwell:30s", false},
		{exit, "tab_return", false},
		{tab, "tab_return", true},
		{dwell, "dwell", true},
		{dwell, "dwell:29999ms", false},
		{dwell, "dwell:1m", true},
		{dwell, "dwell:soon", false},
		{dwell, "exit_intent", false},
		{dwell, "idle:30s", false},
		{idle, "idle:119s", false},
		{idle, "idle:1d", true},
		{idle, "dwell:1d", false},
		{scroll, "scroll:49.9%", false},
		{scroll, "scroll:70%", true},
		{scroll, "scroll:70", true},
		{scroll, "scroll:far", false},
		{scroll, "scroll:NaN", false},
		{scroll, "scroll", true},
		{view, "in_view", false},
		{view, "in_view:#review", false},
		{cart, "add_to_cart:1", false},
		{cart, "event", false},
		{late, "purchase", false},
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
