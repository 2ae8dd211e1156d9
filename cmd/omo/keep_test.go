package main

import "testing"

func TestHowLongIsKept(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"760d": "760d", "31d": "31d", "8760h": "365d", "forever": "forever",
		"30d": "30d is less than a month: reports need 31d at least; a single visitor goes with omo erase",
		"0":   "0 is not a length of time like 760d, and not forever",
		"-1d": "-1d is not a length of time like 760d, and not forever",
		"":    " is not a length of time like 760d, and not forever",
	} {
		k := keepUsually
		got := ""
		if err := k.Set(text); err != nil {
			got = err.Error()
		} else {
			got = k.String()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
