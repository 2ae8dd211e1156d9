package ledger

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// kept is the ledger's visits, each with whose events it has.
func kept(t *testing.T, l *Ledger) string {
	t.Helper()
	var out []string
	for seq := uint64(1); seq <= l.Last(); seq++ {
		records, err := l.Read(t.Context(), seq-1, seq, 100)
		if err != nil {
			t.Fatal(err)
		}
		visit := fmt.Sprint(seq, ":")
		for _, r := range records {
			visit += " " + r.Event.Visitor
		}
		out = append(out, visit)
	}
	return strings.Join(out, ", ")
}

func TestSweepEmptiesVisitsAndGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := opened(t, dir)
	for _, visitor := range []string{"a", `b"\u0041`, "a", "", "客", "a"} {
		if _, err := l.Commit(Visit{Visitor: visitor, Events: [][]byte{event(t, visitor), event(t, visitor)}}); err != nil {
			t.Fatal(err)
		}
	}
	total := map[string]int{}
	sweep := func(after, upTo uint64, fail error, gone ...string) uint64 {
		t.Helper()
		next, err := l.Sweep(after, upTo, 2, func(v string) bool { return strings.Contains(strings.Join(gone, "|"), v) },
			func(next uint64, taken map[string]int) ([]Record, error) {
				if fail != nil {
					return nil, fail
				}
				for v, n := range taken {
					total[v] += n
				}
				return []Record{{Name: "at", Value: fmt.Append(nil, next)}}, nil
			})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
		return next
	}
	broken := errors.New("killed")
	if next := sweep(0, 5, broken, "a"); next != 0 || kept(t, l) != `1: a a, 2: b"\u0041 b"\u0041, 3: a a, 4:  , 5: 客 客, 6: a a` {
		t.Errorf("a sweep that failed got to %d: %s", next, kept(t, l))
	}
	if next := sweep(0, 5, nil, "a", "客"); next != 2 {
		t.Errorf("two visits at once, and it got to %d", next)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = opened(t, dir)
	defer l.Close()
	if at, err := l.Marked("at"); string(at) != "2" || err != nil {
		t.Errorf("its own record says %q, %v", at, err)
	}
	for at := uint64(2); at < 5; {
		at = sweep(at, 5, nil, "a", "客")
	}
	sweep(0, 5, nil, "a", "客") // again changes nothing
	if got, want := kept(t, l), `1:, 2: b"\u0041 b"\u0041, 3:, 4:  , 5:, 6: a a`; got != want || l.Last() != 6 {
		t.Errorf("left\n%s, want\n%s", got, want)
	}
	if total["a"] != 4 || total["客"] != 2 || len(total) != 2 {
		t.Errorf("counted %v", total)
	}
	sweep(5, 6, nil, `b"\u0041`)
	if next := sweep(5, 6, nil, `b"\u0041`); next != 6 {
		t.Errorf("at the end it is at %d", next)
	}
	for at := uint64(0); at < 6; {
		at = sweep(at, 6, nil, `b"\u0041`)
	}
	if got := kept(t, l); !strings.HasPrefix(got, "1:, 2:, 3:") {
		t.Errorf("an id with marks in it is not found: %s", got)
	}
}

func TestTombstonesStandAfterARestartWithTheirReason(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := opened(t, dir)
	first, second := Tomb{1}, Tomb{0xff, 0xff}
	if _, stands, err := l.Tomb(first); stands || err != nil {
		t.Error(stands, err)
	}
	if err := l.Entomb([]Tomb{first, second}, Record{"erasure/1", []byte("one")}, Record{"erasure/2", []byte("two")}); err != nil {
		t.Fatal(err)
	}
	if err := l.Entomb(nil, Record{"erasure/2", []byte("more")}, Record{"erasures", []byte("no")}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = opened(t, dir)
	defer l.Close()
	why, stands, err := l.Tomb(second)
	if why != "erasure/1" || !stands || err != nil {
		t.Error(why, stands, err)
	}
	if _, stands, err := l.Tomb(Tomb{2}); stands || err != nil {
		t.Error(stands, err)
	}
	var all []Tomb
	if err := l.Tombs(func(x Tomb) error { all = append(all, x); return nil }); err != nil || fmt.Sprint(all) != fmt.Sprint([]Tomb{first, second}) {
		t.Error(all, err)
	}
	got := ""
	if err := l.Marks("erasure/", func(r Record) error { got += r.Name + "=" + string(r.Value) + " "; return nil }); err != nil || got != "erasure/1=one erasure/2=more " {
		t.Error(got, err)
	}
}
