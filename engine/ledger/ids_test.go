package ledger

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// wallClock is set by hand.
type wallClock struct{ at atomic.Int64 }

func (c *wallClock) now() time.Time        { return time.UnixMilli(c.at.Load()) }
func (c *wallClock) add(d time.Duration)   { c.at.Add(d.Milliseconds()) }
func (c *wallClock) startOfPeriod(n int64) { c.at.Store(n * idPeriod.Milliseconds()) }
func (c *wallClock) options() (o Options)  { return Options{Log: quiet, Patience: patience, Now: c.now} }
func mustSee(t *testing.T, l *Ledger, id ID, want bool, when string) {
	t.Helper()
	if seen, err := l.Seen(id); err != nil || seen[0] != want {
		t.Errorf("%s: seen is %t, %v, want %t", when, seen, err, want)
	}
}

// An id is known for eight days at least and sixteen at most, whether it came
// early or late in its period, and whether the ledger was reopened meanwhile.
func TestSeenForEightDays(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, reopen := range []bool{false, true} {
		var clock wallClock
		clock.startOfPeriod(2500)
		dir := filepath.Join(t.TempDir(), "ledger")
		l, err := Open(dir, clock.options())
		if err != nil {
			t.Fatal(err)
		}
		keep := func(id ID) {
			v := visit(t, "v", "a")
			v.IDs = []ID{id}
			commit(t, l, v)
		}
		pass := func(d time.Duration) {
			clock.add(d)
			if !reopen {
				return
			}
			closed(t, l)
			if l, err = Open(dir, clock.options()); err != nil {
				t.Fatal(err)
			}
		}
		first, last := ID{1}, ID{2}
		keep(first)
		pass(idPeriod - time.Minute)
		keep(last)
		mustSee(t, l, first, true, "8 days less a minute old")
		pass(8 * day)
		mustSee(t, l, first, true, "the first of a period, 16 days less a minute old")
		mustSee(t, l, last, true, "the last of a period, 8 days old")
		pass(time.Minute)
		mustSee(t, l, first, false, "16 days old")
		mustSee(t, l, last, false, "the last of a period, 8 days and a minute old")
		if n := ids(t, l); n != 0 {
			t.Errorf("%d ids of old periods are still kept", n)
		}
		closed(t, l)
	}
}

// A commit writes under the present period though nobody asked Seen before.
func TestCommitTurnsThePeriod(t *testing.T) {
	t.Parallel()
	var clock wallClock
	clock.startOfPeriod(2500)
	l, err := Open(filepath.Join(t.TempDir(), "ledger"), clock.options())
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, l)
	clock.add(idPeriod)
	v := visit(t, "v", "a")
	v.IDs = []ID{{7}}
	commit(t, l, v)
	clock.add(idPeriod)
	mustSee(t, l, ID{7}, true, "8 days old")
}

// A clock that was set back, or stands at its very beginning, loses nothing.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	var clock wallClock
	l, err := Open(filepath.Join(t.TempDir(), "ledger"), clock.options())
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, l)
	v := visit(t, "v", "a")
	v.IDs = []ID{{7}}
	commit(t, l, v)
	mustSee(t, l, ID{7}, true, "in 1970")
	clock.startOfPeriod(1)
	mustSee(t, l, ID{7}, true, "a period later")
	clock.startOfPeriod(-3)
	mustSee(t, l, ID{7}, true, "before 1970")
}

// ids counts the ids that are kept, of any period.
func ids(t *testing.T, l *Ledger) (n int) {
	t.Helper()
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: []byte{'i'}, UpperBound: []byte{'i' + 1}})
	if err != nil {
		t.Fatal(err)
	}
	for it.First(); it.Valid(); it.Next() {
		n++
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}
