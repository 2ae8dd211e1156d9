package presence_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Ten minutes are kept in slots of ten seconds, those without anybody looking too.
func TestBeat(t *testing.T) {
	t.Parallel()
	w := opened() // at the beginning of a slot
	w.sees("ann", engine.Standing{Cart: 100, Pieces: 1}, "/a", "add_to_cart")
	w.pass(5*time.Second).sees("bob", engine.Standing{}, "/b")
	w.sees("clerk", engine.Standing{Staff: true}, "/b")
	w.See("crawler", &engine.Standing{Events: []ingest.Event{{Name: ingest.PageView, Time: w.now.UnixMilli(), Bot: true}}}, nil, w.now)
	w.pass(20 * time.Second) // into the third
	w.sees("bob", engine.Standing{}, "/c")
	b := w.Beat(w.now)
	if b.Actions != 5 {
		t.Errorf("%d actions in the last minute, want 5", b.Actions)
	}
	last := func(values []float64, want ...float64) {
		t.Helper()
		if len(values) != 60 || !slices.Equal(values[60-len(want):], want) || values[60-len(want)-1] != 0 {
			t.Errorf("the slots are %v, want them to end with %v after 0", values, want)
		}
	}
	last(b.OnlineThen, 2, 2)
	last(b.CartsThen, 1, 1)
	last(b.ActionsThen, 24, 0)

	// Five minutes after ann was there, and then bob, nobody is; nobody looked meanwhile.
	b = w.pass(6 * time.Minute).Beat(w.now)
	online := slices.Repeat([]float64{2}, 29)
	last(b.OnlineThen, append(append(online, 1, 1, 1), 0, 0, 0, 0, 0, 0)...)
	if b.Actions != 0 {
		t.Errorf("%d actions in a minute when nobody came", b.Actions)
	}
	// A minute ends with the seconds, not with the slots.
	w.pass(time.Hour).sees("ann", engine.Standing{}, "/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j")
	for seconds, want := range map[time.Duration]int{0: 10, 54 * time.Second: 10, 60 * time.Second: 5, 64 * time.Second: 1, 65 * time.Second: 0} {
		if got := w.Beat(w.now.Add(seconds)).Actions; got != want { // the slot began five seconds before
			t.Errorf("%s later: %d actions, want %d", seconds, got, want)
		}
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	w := opened()
	if b := w.Beat(w.now); b.P99 != 0 || b.Decisions != 0 {
		t.Errorf("without a decision: %+v", b)
	}
	wait := func(n int, d time.Duration) {
		for range n {
			w.Pulse.Decided(w.now, d)
		}
	}
	about := func(want float64) {
		t.Helper()
		if got := w.Beat(w.now).P99; got < want || got > want*math.Exp2(1./12) {
			t.Errorf("p99 is %.3f ms, want %.3f to a seventeenth more", got, want)
		}
	}
	wait(99, time.Millisecond)
	about(1)
	wait(1, 30*time.Millisecond)
	about(1)
	wait(1, 30*time.Millisecond)
	about(30)
	w.pass(time.Minute + 10*time.Second)
	if b := w.Beat(w.now); b.P99 != 0 || b.P99Then[53] < 30 || b.P99Then[54] != 0 {
		t.Errorf("a minute later: %+v", b)
	}
	wait(1, time.Nanosecond)
	wait(1, time.Hour)
	if got := w.Beat(w.now).P99; got < 4000 {
		t.Errorf("what takes longer than can be told is %.0f ms", got)
	}
}
