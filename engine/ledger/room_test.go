package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// heavy is a visit whose events take exactly size bytes in the ledger.
func heavy(visitor string, n, size int) Visit {
	v := numbered(visitor, n)
	raw := strings.TrimSuffix(string(v.Events[0]), "}")
	pad := size - countsLen - len(raw) - len(`,"pad":""}`) - 2 // two bytes tell its length
	v.Events[0] = []byte(raw + `,"pad":"` + strings.Repeat("x", pad) + `"}`)
	return v
}

// The cap is taken to the byte; one more is refused, and nothing of the visit
// is kept. What was trimmed makes room, also after a restart.
func TestCap(t *testing.T) {
	t.Parallel()
	const size, fits = 1000, 4000
	dir := filepath.Join(t.TempDir(), "ledger")
	l, err := Open(dir, Options{Log: quiet, Patience: patience, Cap: size * fits})
	if err != nil {
		t.Fatal(err)
	}
	fill := func(from, upTo int) {
		t.Helper()
		for n := from; n <= upTo; n++ {
			if _, err := l.Commit(heavy("v", n, size)); err != nil {
				t.Fatalf("visit %d: %v", n, err)
			}
		}
	}
	refuses := func(n int) {
		t.Helper()
		_, err := l.Commit(heavy("other", n, size))
		if !errors.Is(err, ErrFull) || err.Error() != "ledger is full: 3906 KiB of events wait for the warehouse, as many as --ledger-cap allows; they go once ClickHouse takes them" {
			t.Errorf("visit %d: %v", n, err)
		}
		if p, err := l.Profile("other"); p != nil || err != nil {
			t.Errorf("a refused visit left the profile %q, %v", p, err)
		}
	}
	fill(1, fits-1)
	if r := l.Room(); r.Events != size*(fits-1) || r.Full != "" || !r.Tight() {
		t.Errorf("just before the cap: %+v", r)
	}
	fill(fits, fits)
	if full := l.Room().Full; full != "" {
		t.Errorf("nobody was refused, and it is full: %s", full)
	}
	refuses(fits + 1)
	if r := l.Room(); r.Events != r.Cap || r.Full == "" || r.Refused != 1 {
		t.Errorf("at the cap: %+v", r)
	}
	if _, err := l.Commit(Visit{Events: [][]byte{[]byte(`{"name":"omo_rules"}`)}}); err != nil {
		t.Errorf("what the server itself records is refused: %v", err)
	}
	if _, err := l.Commit(Visit{Visitor: "v", Over: []Timer{{Visitor: "v", Name: "c"}}}); err != nil {
		t.Errorf("what adds no event is refused: %v", err)
	}
	trim := func(seq uint64) {
		t.Helper()
		if err := errors.Join(l.Trim(seq), l.Reclaim(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	trim(fits / 2)
	if got, want := l.Room().Events, int64(size*fits/2); got < want || got > want+milestone+size {
		t.Errorf("%d bytes are held after half was trimmed, want %d to %d", got, want, want+milestone)
	}
	fill(fits+1, fits+fits/8)

	closed(t, l)
	if l, err = Open(dir, Options{Log: quiet, Patience: patience, Cap: size * fits}); err != nil {
		t.Fatal(err)
	}
	defer func() { closed(t, l) }()
	want := size * fits * 5 / 8
	if got := l.Room().Events; got < int64(want)*9/10 || got > int64(want)*11/10 {
		t.Errorf("%d bytes are held after a restart, want about %d", got, want)
	}
	more := 0
	for ; err == nil && more < fits; more++ {
		_, err = l.Commit(heavy("v", 2*fits+more, size))
	}
	if !errors.Is(err, ErrFull) || more < fits/4 || more > fits/2 {
		t.Errorf("%d more visits were taken after a restart, want about %d; %v", more, fits*3/8, err)
	}
	trim(l.Last())
	if r := l.Room(); r.Events != 0 || r.Full != "" {
		t.Errorf("all is trimmed: %+v", r)
	}
}

// Below the reserve nothing is taken, and events come again by themselves.
func TestReserve(t *testing.T) {
	t.Parallel()
	disk := newDisk(100 << 20)
	l, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now, Reserve: 10 << 20}, disk)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, l)
	if _, err := l.Commit(numbered("v", 1)); err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	disk.eatUpTo(9 << 20)
	eventually(t, func() bool { return l.Room().Full != "" })
	_, err = l.Commit(numbered("v", 2))
	if want := "ledger is full: 9216 KiB are free on the disk of ledger, less than the 10 MiB that --disk-reserve keeps; make room there"; !errors.Is(err, ErrFull) || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
	if err := l.Mark("loader", []byte("goes on")); err != nil {
		t.Errorf("the loader cannot go on: %v", err)
	}
	disk.eatUpTo(10<<20 + 1<<18) // to and fro about the reserve is not room
	wait := l.Room().Refused
	for range 3 {
		l.look()
	}
	if _, err := l.Commit(numbered("v", 2)); !errors.Is(err, ErrFull) || l.Room().Refused != wait+1 {
		t.Errorf("barely above the reserve: %v", err)
	}
	disk.eatUpTo(20 << 20)
	eventually(t, func() bool { return l.Room().Full == "" })
	if _, err := l.Commit(numbered("v", 2)); err != nil {
		t.Error(err)
	}
}

// Where something else eats the disk within a moment, the store meets its end.
// It waits there: nothing is lost, nothing more is taken, nobody hangs.
func TestNoSpaceAtAll(t *testing.T) {
	t.Parallel()
	disk := newDisk(100 << 20)
	l, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now, Reserve: 1}, disk)
	if err != nil {
		t.Fatal(err)
	}
	put := func(n int) error {
		_, err := l.Commit(heavy("v", n, 30_000))
		return err
	}
	kept := 0
	for ; kept < 20; kept++ {
		if err := errors.Join(put(kept+1), l.Sync()); err != nil {
			t.Fatal(err)
		}
	}
	disk.eatUpTo(45_000) // what comes next is written in part
	var full error
	for n := kept + 1; full == nil; n++ {
		if full = put(n); full == nil {
			full = l.Sync()
		}
		if full == nil {
			kept = n
		}
		if n > 40 {
			t.Fatal("the disk does not get full")
		}
	}
	if !errors.Is(full, ErrFull) || !strings.Contains(full.Error(), "no space left") {
		t.Errorf("error %v", full)
	}
	durable := l.Durable()
	if err := put(1000); !errors.Is(err, ErrFull) {
		t.Errorf("the next is answered %v", err)
	}
	if p, err := l.Profile("v"); err != nil || p == nil {
		t.Errorf("profiles cannot be read: %v", err)
	}
	disk.eatUpTo(50 << 20)
	eventually(t, func() bool { return l.Room().Full == "" })
	if err := errors.Join(put(int(l.Last()+1)), l.Sync()); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if l, err = open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now, Reserve: 1}, disk); err != nil {
		t.Fatal(err)
	}
	defer closed(t, l)
	if all := whole(t, l); len(all) < kept+1 || l.Last() < durable+1 {
		t.Errorf("%d visits were acknowledged, %d are left", kept, len(all))
	} else {
		t.Logf("fault 7 no space in the middle of a write: acked %d, lost 0, kept %d", kept+1, len(all))
	}
	for seq := range kept {
		if got := fmt.Sprintf("v %d", seq+1); whole(t, l)[uint64(seq+1)] != got {
			t.Fatalf("visit %d is %q", seq+1, whole(t, l)[uint64(seq+1)])
		}
	}
}
