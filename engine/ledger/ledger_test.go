package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

var quiet = slog.New(slog.DiscardHandler)

// patience is how long a test waits for a disk: only what hangs takes so long.
const patience = time.Minute

// opened is the ledger in dir until the test ends or closes it.
func opened(t testing.TB, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir, Options{Log: quiet, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func closed(t testing.TB, l *Ledger) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func fresh(t testing.TB) *Ledger {
	l := opened(t, filepath.Join(t.TempDir(), "ledger"))
	t.Cleanup(func() { closed(t, l) })
	return l
}

// visit is one of a visitor with events of these names.
func visit(t testing.TB, visitor string, names ...string) Visit {
	t.Helper()
	v := Visit{Visitor: visitor, Profile: []byte("after " + strings.Join(names, " "))}
	for _, name := range names {
		raw, err := ingest.Encode(&ingest.Event{ID: name, Visitor: visitor, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		v.Events = append(v.Events, raw)
	}
	return v
}

func commit(t testing.TB, l *Ledger, v Visit) uint64 {
	t.Helper()
	seq, err := l.Commit(v)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// read lists what Read gives as "seq.idx name".
func read(t testing.TB, l *Ledger, after, upTo uint64, max int) string {
	t.Helper()
	records, err := l.Read(context.Background(), after, upTo, max)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		out = append(out, fmt.Sprintf("%d.%d %s", r.Event.Seq, r.Event.Idx, r.Event.Name))
		if !strings.Contains(string(r.Raw), `"name":"`+r.Event.Name+`"`) {
			t.Errorf("the record of %s holds %s", r.Event.Name, r.Raw)
		}
	}
	return strings.Join(out, ", ")
}

func TestReadGivesWholeVisitsInOrder(t *testing.T) {
	t.Parallel()
	l := fresh(t)
	for i, names := range [][]string{{"a", "b"}, {"c"}, {"d", "e", "f"}, {"g"}} {
		if seq := commit(t, l, visit(t, "v", names...)); seq != uint64(i+1) {
			t.Fatalf("visit %d has number %d", i+1, seq)
		}
	}
	const all = "1.0 a, 1.1 b, 2.0 c, 3.0 d, 3.1 e, 3.2 f, 4.0 g"
	for _, c := range []struct {
		after, upTo uint64
		max         int
		want        string
	}{
		{0, 4, 100, all},
		{0, math.MaxUint64, 100, all},
		{0, 3, 100, "1.0 a, 1.1 b, 2.0 c, 3.0 d, 3.1 e, 3.2 f"},
		{1, 4, 100, "2.0 c, 3.0 d, 3.1 e, 3.2 f, 4.0 g"},
		{0, 4, 7, all},
		{0, 4, 6, "1.0 a, 1.1 b, 2.0 c, 3.0 d, 3.1 e, 3.2 f"},
		{0, 4, 5, "1.0 a, 1.1 b, 2.0 c"},
		{0, 4, 1, "1.0 a, 1.1 b"}, // at least one visit, or a reader would stand still
		{2, 4, 1, "3.0 d, 3.1 e, 3.2 f"},
		{4, 4, 100, ""},
		{9, 4, 100, ""},
		{math.MaxUint64, math.MaxUint64, 100, ""},
	} {
		if got := read(t, l, c.after, c.upTo, c.max); got != c.want {
			t.Errorf("after %d up to %d at most %d: %s, want %s", c.after, c.upTo, c.max, got, c.want)
		}
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Read(stopped, 0, 4, 100); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a reader that gave up: %v", err)
	}
}

// What a visit adds is seen at once, all of it, and outlives the process.
func TestCommitKeepsEventsProfileAndIDs(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	l := opened(t, dir)
	v := visit(t, "v", "a")
	v.IDs = []ID{{1}, {2}}
	commit(t, l, v)
	commit(t, l, Visit{Events: visit(t, "", "omo_rules").Events})
	if err := l.Mark("position", []byte("one")); err != nil {
		t.Fatal(err)
	}
	name := l.ID()
	for _, when := range []string{"at once", "after reopening"} {
		profile, err := l.Profile("v")
		if err != nil || string(profile) != "after a" {
			t.Errorf("%s: profile %q, %v", when, profile, err)
		}
		if other, err := l.Profile("w"); other != nil || err != nil {
			t.Errorf("%s: profile of nobody %q, %v", when, other, err)
		}
		mark, err := l.Marked("position")
		if err != nil || string(mark) != "one" {
			t.Errorf("%s: mark %q, %v", when, mark, err)
		}
		if none, err := l.Marked("positio"); none != nil || err != nil {
			t.Errorf("%s: mark of another name %q, %v", when, none, err)
		}
		if seen, err := l.Seen(ID{1}, ID{3}, ID{2}); err != nil || !slices.Equal(seen, []bool{true, false, true}) {
			t.Errorf("%s: seen %v, %v", when, seen, err)
		}
		if got := read(t, l, 0, l.Last(), 9); got != "1.0 a, 2.0 omo_rules" || l.Last() != 2 || l.ID() != name {
			t.Errorf("%s: %s, last %d, ledger %s, was %s", when, got, l.Last(), l.ID(), name)
		}
		closed(t, l)
		l = opened(t, dir)
	}
	if l.Durable() != 2 {
		t.Errorf("reopened, %d visits are durable, want 2", l.Durable())
	}
	closed(t, l)
}

// Trimming forgets events alone, and never lets a number come twice.
func TestTrim(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	l := opened(t, dir)
	for _, name := range []string{"a", "b", "c"} {
		commit(t, l, visit(t, "v", name))
	}
	for _, upTo := range []uint64{2, 1, 0} { // going back changes nothing
		if err := l.Trim(upTo); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, l, 0, 3, 9); got != "3.0 c" {
		t.Errorf("after trimming to 2: %s", got)
	}
	if err := l.Trim(99); err != nil { // more than there is: all there is
		t.Fatal(err)
	}
	if err := l.Trim(1); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	l = opened(t, dir)
	defer closed(t, l)
	if l.Last() != 3 || l.Durable() != 3 || read(t, l, 0, 99, 9) != "" {
		t.Errorf("reopened empty: last %d, durable %d, %s", l.Last(), l.Durable(), read(t, l, 0, 99, 9))
	}
	if profile, err := l.Profile("v"); err != nil || string(profile) != "after c" {
		t.Errorf("the profile is %q, %v", profile, err)
	}
	if seq := commit(t, l, visit(t, "v", "d")); seq != 4 {
		t.Errorf("the next visit has number %d, want 4", seq)
	}
}

// Durable follows Sync, or nobody's asking, and tells those who wait.
func TestDurable(t *testing.T) {
	t.Parallel()
	l := fresh(t)
	changed := l.Changed()
	seq := commit(t, l, visit(t, "v", "a"))
	if err := l.Sync(); err != nil || l.Durable() < seq {
		t.Fatalf("synced, durable is %d, want %d (%v)", l.Durable(), seq, err)
	}
	wait(t, changed, "the one who waited was not told")
	changed = l.Changed()
	commit(t, l, visit(t, "v", "b"))
	wait(t, changed, "what nobody synced stayed so")
	if l.Durable() != 2 {
		t.Errorf("durable is %d, want 2", l.Durable())
	}
}

func wait(t testing.TB, c <-chan struct{}, otherwise string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatal(otherwise)
	}
}

// Cut short, a visit is an error, not a shorter visit.
func TestSplitEvents(t *testing.T) {
	t.Parallel()
	whole := frame(counts{}.append(nil), [][]byte{[]byte("one"), {}, []byte("three")})
	parts, err := splitEvents(whole)
	if got := fmt.Sprintf("%q", parts); err != nil || got != `["one" "" "three"]` {
		t.Errorf("%s, %v", got, err)
	}
	for n := range whole {
		parts, err := splitEvents(whole[:n])
		if again := frame(counts{}.append(nil), parts); err == nil && string(again) != string(whole[:n]) {
			t.Errorf("%d bytes of %d give %q", n, len(whole), parts)
		}
	}
	if _, err := splitEvents(append(whole[:countsLen:countsLen], 0xff)); err == nil {
		t.Error("a length without an end is read")
	}
}
