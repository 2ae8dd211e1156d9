package rules

import (
	"strconv"
	"time"
)

// FormatDuration writes a length of time as campaign files do: "72h", "7d",
// "90s"; days only where they come out even and are at least four.
func FormatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	unit := func(n time.Duration, name string) string { return strconv.FormatInt(int64(d/n), 10) + name }
	switch {
	case d >= 4*day && d%day == 0:
		return unit(day, "d")
	case d%time.Hour == 0 && d > 0:
		return unit(time.Hour, "h")
	case d%time.Minute == 0 && d > 0:
		return unit(time.Minute, "m")
	case d%time.Second == 0:
		return unit(time.Second, "s")
	default:
		return unit(time.Millisecond, "ms")
	}
}
