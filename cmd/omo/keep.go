package main

import (
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/rules"
)

// keepUsually is 25 months: a season can be compared with the same one of the
// year before, over a whole campaign, and no longer than authorities hold
// measuring visitors to need it.
const keepUsually = keepFor(760 * 24 * time.Hour)

// leastKept is a month: goals, counters and reports look back as far.
const leastKept = 31 * 24 * time.Hour

// keepFor is a flag's length of time, written 760d or forever.
type keepFor time.Duration

// Set reads the flag's text.
func (k *keepFor) Set(text string) error {
	if text == "forever" {
		*k = 0
		return nil
	}
	d, err := rules.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%s is not a length of time like 760d, and not forever", text)
	}
	if d < leastKept {
		return fmt.Errorf("%s is less than a month: reports need 31d at least; a single visitor goes with omo erase", text)
	}
	*k = keepFor(d)
	return nil
}

func (k *keepFor) String() string {
	if *k == 0 {
		return "forever"
	}
	return rules.FormatDuration(time.Duration(*k))
}

// Type names the value in the flag's help.
func (k *keepFor) Type() string { return "time" }
