package ledger

import (
	"fmt"
	"path/filepath"
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
	if err := l.Sent(soon); err != nil {
		t.Fatal(err)
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
