package faulttest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// Killed at any moment, while it starts too, the server has lost nothing that it
// acknowledged when it is back.
func TestFault1ServerKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	s := serve(t)
	l := newLoad(t, s)
	times := rounds(5, 20)
	for n := range times {
		l.flow(50 + rand.Int64N(600))
		s.kill()
		if n%3 == 2 { // and once more on its way up
			s.launch()
			time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond) // the moment is left to chance
			s.kill()
		}
		s.start()
	}
	l.flow(100)
	audit(t, l, 1, fmt.Sprintf("kill -9 of the server, %d times under load", times), fmt.Sprintf("starts %d", s.starts))
}

// The moments that a kill from outside seldom meets.
func TestFault1ServerKilledAtNamedPoints(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var l *load
	var killed []string
	for round := range rounds(1, 5) {
		for _, point := range []string{"commit.before", "commit.after", "loader.pending", "loader.inserted", "trim.middle"} {
			pass := 1 + round + rand.IntN(2)
			if strings.HasPrefix(point, "commit.") {
				pass = 1 + rand.IntN(200)
			}
			at := fmt.Sprintf("%s:%d", point, pass)
			s.launch("OMO_CRASH_AT="+at, "OMO_SHORT=trim.every=50ms")
			if l == nil {
				l = newLoad(t, s)
			}
			s.awaitKilled(patience, "the server kills itself at "+at)
			killed = append(killed, at)
		}
	}
	s.start("OMO_SHORT=trim.every=50ms")
	l.flow(100)
	audit(t, l, 1, "kill -9 at "+strings.Join(killed, " "), fmt.Sprintf("starts %d", s.starts))
}

// Nothing outlives a killed server, a second one on its folder is refused, and
// the next start finds everything.
func TestFault3ParentKilled(t *testing.T) {
	t.Parallel()
	s := serve(t)
	l := newLoad(t, s)
	slowest := time.Duration(0)
	times := rounds(3, 20)
	for range times {
		l.flow(100 + rand.Int64N(300))
		orphan := s.clickHouse()
		second, err := s.command().CombinedOutput()
		if err == nil || !strings.Contains(string(second), "is in use by another omo") || !strings.Contains(string(second), "--data") {
			t.Errorf("a second server on the same folder: %v: %s", err, second)
		}
		killed := time.Now()
		s.kill()
		eventually(t, patience, "no child outlives the server", func() bool { return !alive(orphan) })
		slowest = max(slowest, time.Since(killed))
		s.start()
	}
	l.flow(100)
	audit(t, l, 3, fmt.Sprintf("kill -9 of the parent, %d times", times), fmt.Sprintf("the slowest child was gone after %s", slowest.Round(time.Millisecond)))
}

// alive says whether a process runs; one that waits to be buried does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}
