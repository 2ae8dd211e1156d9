package ledger

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func outgoing(t *testing.T, l *Ledger, from, upTo int64, most int) string {
	t.Helper()
	list, err := l.Outgoing(from, upTo, most)
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, o := range list {
		due := fmt.Sprint(o.Due)
		if o.Due == Never {
			due = "never"
		}
		out += fmt.Sprintf("%s@%s=%s ", o.ID, due, o.Body)
	}
	return out
}

// What is to go out is committed with its visit, comes in the order of its
// time, and is there until it was sent, over a restart too.
func TestOutgoing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	l := opened(t, dir)
	late, soon := Outgoing{2000, "late", []byte("L")}, Outgoing{1000, "soon", []byte("S")}
	commit(t, l, Visit{Visitor: "ann", Out: []Outgoing{late, soon}})
	commit(t, l, Visit{Visitor: "bob", Out: []Outgoing{{1000, "also", []byte("A")}}})
	closed(t, l)
	l = opened(t, dir)
	for _, c := range []struct {
		from, upTo int64
		most       int
		want       string
	}{
		{0, 999, 9, ""},
		{0, 1000, 9, "also@1000=A soon@1000=S "},
		{0, Never, 9, "also@1000=A soon@1000=S late@2000=L "},
		{0, Never, 1, "also@1000=A "},
		{1001, Never, 9, "late@2000=L "},
	} {
		if got := outgoing(t, l, c.from, c.upTo, c.most); got != c.want {
			t.Errorf("from %d up to %d, at most %d: %q, want %q", c.from, c.upTo, c.most, got, c.want)
		}
	}
	for _, want := range []int{1, 0} { // once it is gone it is not there to be sent
		if n, err := l.Sent(soon); err != nil || n != want {
			t.Fatalf("%d were still there, %v", n, err)
		}
	}
	if err := l.Postpone(late, Outgoing{Never, "late", []byte("dead")}); err != nil {
		t.Fatal(err)
	}
	if err := l.Postpone(soon, Outgoing{3000, "soon", []byte("back")}); err != nil { // it is gone, and stays so
		t.Fatal(err)
	}
	if got := outgoing(t, l, 0, Never, 9); got != "also@1000=A late@never=dead " {
		t.Errorf("%q", got)
	}
	closed(t, l)
}

// At its bound, of letters or of bytes, the outbox takes a visit with all that it
// sends or not at all, whoever comes at the same time; and it never loses count.
func TestBoundOfTheOutbox(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	open := func() *Ledger {
		l, err := Open(dir, Options{Log: slog.New(slog.DiscardHandler), Patience: patience, Letters: 10, LetterBytes: 500})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	letter := func(id string, size int) Outgoing { return Outgoing{1, id, make([]byte, size-9-len(id))} }
	visit := func(visitor string, out ...Outgoing) error {
		_, err := l.Commit(Visit{Visitor: visitor, Profile: []byte("p"), Events: [][]byte{[]byte("{}")}, Out: out})
		return err
	}
	var taken atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 5 {
				switch err := visit(fmt.Sprint("v", i), letter(fmt.Sprintf("a%d-%d", i, j), 20), letter(fmt.Sprintf("b%d-%d", i, j), 20)); {
				case err == nil:
					taken.Add(2)
				case !errors.Is(err, ErrFull):
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	full := Letters{Count: 10, Bytes: 200, Most: 10, MostBytes: 500, Refused: 35, Full: true}
	if got := l.Letters(); taken.Load() != 10 || got != full {
		t.Errorf("%d were taken: %+v", taken.Load(), got)
	}
	err := visit("late", letter("c", 20))
	if want := "ledger is full: 10 webhooks and e-mails (0 KiB) wait in the outbox, which takes 10 and 0 KiB (--outbox-cap); they go once their receivers take them: omo outbox list"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if p, err := l.Profile("late"); p != nil || err != nil || l.Last() != 5 {
		t.Errorf("of a visit that was refused there is %q, %v, and visits up to %d", p, err, l.Last())
	}
	if err := visit("late"); err != nil {
		t.Errorf("a visit that sends nothing: %v", err)
	}

	some, err := l.Outgoing(0, Never, 5)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := l.Sent(some[:3]...); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	if err := l.Postpone(some[3], Outgoing{Never, some[3].ID, make([]byte, 371-len(some[3].ID))}); err != nil { // what is there may grow
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if n, err := l.Sent(some[4]); n != want || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := visit("late", letter("d", 21)); !errors.Is(err, ErrFull) {
		t.Errorf("21 bytes where there are 20: %v", err)
	}
	if err := visit("late", letter("d", 20)); err != nil {
		t.Errorf("20 bytes where there are 20: %v", err)
	}
	left := l.Letters()
	if left.Count != 7 || left.GivenUp != 1 || left.Bytes != 500 || left.Full {
		t.Errorf("%+v", left)
	}
	if err := visit("late", letter("e", 20)); !errors.Is(err, ErrFull) || !l.Letters().Full {
		t.Errorf("without room: %v, %+v", err, l.Letters())
	}
	for i, full := range []bool{true, false} { // one of 20 bytes goes, then the one of 380
		one, err := l.Outgoing([]int64{0, Never}[i], Never, 1)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := l.Sent(one...); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if now := l.Letters(); now.Full != full {
			t.Errorf("full, though nobody sends any more: %v, want %v: %+v", now.Full, full, now)
		}
	}
	if err := visit("late", Outgoing{Never, "f", make([]byte, 370)}, letter("g", 20)); err != nil {
		t.Error(err)
	}
	left = l.Letters()
	closed(t, l)
	l = open()
	defer closed(t, l)
	if now := l.Letters(); now.Count != left.Count || now.GivenUp != 1 || now.Bytes != left.Bytes || now.Full || now.Refused != 0 {
		t.Errorf("opened again: %+v", now)
	}
}
