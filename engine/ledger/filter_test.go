package ledger

import (
	"encoding/binary"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bits-and-blooms/bloom/v3"
)

func numberedID(n int) (id ID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// filled waits until the ledger's filter is in use.
func filled(t *testing.T, l *Ledger) {
	t.Helper()
	f := &l.ids.filter
	eventually(t, func() bool {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return f.bits != nil && f.next == nil && len(f.refill) == 0
	})
}

// clocked is a ledger whose filter is in use, at the start of a period.
func clocked(t *testing.T) (*Ledger, *wallClock) {
	t.Helper()
	clock := new(wallClock)
	clock.startOfPeriod(2500)
	l, err := Open(filepath.Join(t.TempDir(), "ledger"), clock.options())
	if err != nil {
		t.Fatal(err)
	}
	filled(t, l)
	return l, clock
}

// Whatever is accepted before the filter is filled, while it is, or after, and
// whether the ledger is opened again meanwhile: what was accepted is known, and
// what was not is not.
func TestTheFilterForgetsNoID(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	l, err := Open(dir, Options{Log: quiet, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	const each = 3000
	keep := func(from int) {
		for n := from; n < from+each; n += 3 {
			v := Visit{Visitor: "v", Events: [][]byte{[]byte(`{"id":"x","visitor":"v"}`)}}
			for i := range 3 {
				v.IDs = append(v.IDs, numberedID(n+i))
			}
			if _, err := l.Commit(v); err != nil {
				t.Error(err)
			}
			if n%100 == 0 {
				l.ids.filter.ask()
			}
		}
	}
	keep(0)
	closed(t, l)
	if l, err = Open(dir, Options{Log: quiet, Patience: patience}); err != nil {
		t.Fatal(err)
	}
	defer func() { closed(t, l) }()
	var group sync.WaitGroup
	for part := 1; part < 4; part++ {
		group.Go(func() { keep(part * each) })
	}
	group.Wait()
	filled(t, l)
	looked := 0
	for n := range 8 * each {
		id := numberedID(n)
		seen, err := l.Seen(id)
		if err != nil || seen[0] != (n < 4*each) {
			t.Fatalf("id %d: seen is %t, %v", n, seen[0], err)
		}
		if some, _ := l.ids.filter.mayHold([]ID{id}); some {
			looked++
		}
	}
	if looked > 4*each+4*each/20 {
		t.Errorf("%d ids were looked for, of %d that are kept and as many that are not", looked, 4*each)
	}
}

// What is accepted while a filter is being filled is in that one too.
func TestTheNextFilterTakesWhatComes(t *testing.T) {
	t.Parallel()
	l, _ := clocked(t) // whose clock begins no period, by which the ledger would fill one itself
	defer closed(t, l)
	f := &l.ids.filter
	f.mu.Lock()
	next := bloom.NewWithEstimates(fewestIDs, falsePositive)
	f.next = next
	f.mu.Unlock()
	v := visit(t, "v", "a")
	v.IDs = []ID{{7}, {8}}
	commit(t, l, v)
	f.mu.Lock()
	f.bits, f.next = next, nil
	f.mu.Unlock()
	mustSee(t, l, ID{7}, true, "after the next filter took over")
	mustSee(t, l, ID{8}, true, "after the next filter took over")
}

// A period that begins while a filter is about to be filled: what was accepted
// in it by then is in that filter too.
func TestTheFilterIsFilledAcrossPeriods(t *testing.T) {
	t.Parallel()
	l, clock := clocked(t)
	defer closed(t, l)
	before := l.ids.now.Load()
	clock.add(idPeriod)
	v := visit(t, "v", "a")
	v.IDs = []ID{{7}}
	commit(t, l, v)
	filled(t, l)
	f := idFilter{next: bloom.NewWithEstimates(fewestIDs, falsePositive)}
	if n, err := l.eachID(before, &f); n != 1 || err != nil || !f.next.Test(v.IDs[0][:]) {
		t.Errorf("%d ids, %v: the one of the new period is missing", n, err)
	}
}

// A filter that holds more than it was made for is made anew, larger.
func TestTheFilterGrows(t *testing.T) {
	t.Parallel()
	l, clock := clocked(t)
	defer closed(t, l)
	f := &l.ids.filter
	var made []int
	note := func() {
		f.mu.RLock()
		defer f.mu.RUnlock()
		made = append(made, f.room)
	}
	note()
	f.mu.Lock()
	f.held = fewestIDs
	f.mu.Unlock()
	v := visit(t, "v", "a")
	v.IDs = []ID{{7}}
	commit(t, l, v)
	eventually(t, func() bool {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return f.room > fewestIDs
	})
	filled(t, l)
	note()
	if made[0] != fewestIDs || made[1] != 2*(fewestIDs+1) {
		t.Errorf("made for %d ids, then %d", made[0], made[1])
	}
	mustSee(t, l, ID{7}, true, "in the larger one")

	clock.add(2 * idPeriod)
	clock.add(time.Minute)
	mustSee(t, l, ID{7}, false, "16 days later")
	eventually(t, func() bool { // what was dropped leaves the filter too
		some, _ := f.mayHold([]ID{{7}})
		return !some
	})
}
