//go:build faults

package crash

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// What the environment asked for. It is read once, before main; a word that is
// not understood ends the process, or a test would wait for a crash in vain.
var (
	at     string
	left   atomic.Int64 // passes of at until the end
	shorts = map[string]time.Duration{}
)

func init() {
	if asked := os.Getenv("OMO_CRASH_AT"); asked != "" {
		name, count, _ := strings.Cut(asked, ":")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil || n < 1 {
			misused("OMO_CRASH_AT", asked, "point:pass, the first pass is 1")
		}
		at = name
		left.Store(n)
	}
	for pair := range strings.SplitSeq(os.Getenv("OMO_SHORT"), ",") {
		if pair == "" {
			continue
		}
		name, span, _ := strings.Cut(pair, "=")
		d, err := time.ParseDuration(span)
		if err != nil || d <= 0 {
			misused("OMO_SHORT", pair, "name=duration")
		}
		shorts[name] = d
	}
}

func misused(variable, value, form string) {
	fmt.Fprintf(os.Stderr, "%s=%s is not of the form %s\n", variable, value, form)
	os.Exit(2)
}

// Point kills this process if the environment asked for it at this pass.
func Point(name string) {
	if name != at || left.Add(-1) != 0 {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way: nothing more happens here
}

// Span is usual, or what the environment says of name: a test cannot wait for an hour.
func Span(name string, usual time.Duration) time.Duration {
	if d, ok := shorts[name]; ok {
		return d
	}
	return usual
}
