package ledger

import (
	"path/filepath"
	"slices"
	"testing"
)

// Timers come due in the order of their time, whoever's they are, and one that
// is over is gone; a reopened ledger has them all.
func TestTimers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	l := opened(t, dir)
	ann, bob, late := Timer{2000, "ann", "cart"}, Timer{1000, "bob", "cart"}, Timer{1000, "bob", "trial"}
	commit(t, l, Visit{Visitor: "ann", Begun: []Timer{ann, {9000, "ann", "trial"}}})
	commit(t, l, Visit{Visitor: "bob", Begun: []Timer{bob, late}})
	closed(t, l)
	l = opened(t, dir)
	for _, c := range []struct {
		upTo int64
		most int
		want []Timer
		next int64
	}{
		{999, 9, nil, 1000},
		{1000, 9, []Timer{bob, late}, 2000},
		{2000, 9, []Timer{bob, late, ann}, 9000},
		{2000, 1, []Timer{bob}, 1000},
		{9000, 4, []Timer{bob, late, ann, {9000, "ann", "trial"}}, 0},
	} {
		due, next, err := l.Timers(c.upTo, c.most)
		if err != nil || !slices.Equal(due, c.want) || next != c.next {
			t.Errorf("up to %d, at most %d: %v, next %d, %v; want %v, next %d", c.upTo, c.most, due, next, err, c.want, c.next)
		}
	}
	commit(t, l, Visit{Visitor: "bob", Over: []Timer{bob}, Begun: []Timer{{3000, "bob", "cart"}}})
	if due, next, _ := l.Timers(2000, 9); !slices.Equal(due, []Timer{late, ann}) || next != 3000 {
		t.Errorf("after one was over: %v, next %d", due, next)
	}
	closed(t, l)
}

// What comes without an event is kept and takes no number: a reader of events
// has nothing to see.
func TestCommitWithoutEvents(t *testing.T) {
	t.Parallel()
	l := opened(t, filepath.Join(t.TempDir(), "ledger"))
	commit(t, l, visit(t, "v", "a"))
	seq, err := l.Commit(Visit{Visitor: "v", Profile: []byte("filled"), Person: "u1", Unit: "v"})
	if err != nil || seq != 1 || l.Last() != 1 {
		t.Errorf("took number %d, last %d, %v; want none after 1", seq, l.Last(), err)
	}
	if raw, _ := l.Profile("v"); string(raw) != "filled" {
		t.Errorf("profile %q", raw)
	}
	commit(t, l, visit(t, "w", "b"))
	if got := read(t, l, 0, l.Last(), 9); got != "1.0 a, 2.0 b" {
		t.Errorf("a reader sees %s", got)
	}
	for person, want := range map[string]string{"u1": "v", "u2": ""} {
		if unit, err := l.Unit(person); unit != want || err != nil {
			t.Errorf("unit of %s is %q, %v; want %q", person, unit, err, want)
		}
	}
	closed(t, l)
}
