package ledger

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// counted is a ledger with visits of 3, 1 and 2 events, the second by another
// visitor than the first and the third.
func counted(t *testing.T, dir string) *Ledger {
	t.Helper()
	l := opened(t, dir)
	for i, n := range []int{3, 1, 2} {
		visitor := []string{"gone", "v"}[i%2]
		events := make([][]byte, n)
		for i := range events {
			events[i] = event(t, visitor)
		}
		if _, err := l.Commit(Visit{Visitor: visitor, Events: events}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func event(t *testing.T, visitor string) []byte {
	t.Helper()
	raw, err := ingest.Encode(&ingest.Event{ID: "018f0000-0000-7000-8000-000000000001", Visitor: visitor, Name: "page_view"})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func unnoted(uint64, map[string]int) ([]Record, error) { return nil, nil }

func accepted(t *testing.T, l *Ledger, upTo uint64) string {
	t.Helper()
	var out []any
	for seq := range upTo + 1 {
		n, err := l.Accepted(seq)
		if err != nil {
			out = append(out, "?")
			continue
		}
		out = append(out, n)
	}
	return strings.TrimSpace(fmt.Sprintln(out...))
}

// Whoever asks for the count up to a visit while that one is trimmed gets it.
func TestEventsAreCountedWhileTheyAreTrimmed(t *testing.T) {
	t.Parallel()
	l := openedOn(t, vfs.NewMem())
	defer closed(t, l)
	const visits = 50
	for range visits {
		commit(t, l, Visit{Visitor: "v", Events: [][]byte{event(t, "v")}})
	}
	for seq := uint64(1); seq <= visits; seq++ {
		trimmed := make(chan error, 1)
		go func() { trimmed <- l.Trim(seq) }()
		for ended := false; !ended; {
			if n, err := l.Accepted(seq); n != seq || err != nil {
				t.Fatalf("up to %d it is %d, %v", seq, n, err)
			}
			select {
			case err := <-trimmed:
				if ended = true; err != nil {
					t.Fatal(err)
				}
			default:
			}
		}
	}
}

func TestEventsAreCountedUpToEachVisit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := counted(t, dir)
	if got := accepted(t, l, 4); got != "0 3 4 6 ?" {
		t.Errorf("accepted up to each visit: %s", got)
	}
	l.Repeated(5) // durable with the next commit
	if _, err := l.Commit(Visit{Visitor: "v", Events: [][]byte{event(t, "v")}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = opened(t, dir)
	if got := l.Tally(); got != (ingest.Tally{Last: 4, Accepted: 7, Duplicates: 5}) {
		t.Errorf("after a restart: %+v", got)
	}
	// Erased in place: the number and its counts stay.
	if _, err := l.Sweep(0, 4, 9, func(visitor string) bool { return visitor == "gone" }, unnoted); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ after, upTo, want uint64 }{{0, 4, 5}, {0, 1, 3}, {1, 2, 0}, {1, 3, 2}} {
		if got, err := l.Erased(c.after, c.upTo); got != c.want || err != nil {
			t.Errorf("erased in (%d, %d]: %d, %v, want %d", c.after, c.upTo, got, err, c.want)
		}
	}
	// A visit that is gone altogether was not erased: the balance must find it missing.
	if err := l.db.Delete(eventKey(1), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Erased(0, 4); got != 2 || err != nil {
		t.Errorf("erased, with a visit lost: %d, %v, want 2", got, err)
	}
	if err := l.Trim(2); err != nil {
		t.Fatal(err)
	}
	if got := accepted(t, l, 4); got != "0 ? 4 6 7" {
		t.Errorf("after trimming: %s", got)
	}
	if err := l.Trim(4); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = opened(t, dir)
	defer l.Close()
	if got := l.Tally(); got != (ingest.Tally{Last: 4, Accepted: 7, Duplicates: 5}) {
		t.Errorf("with all of it trimmed: %+v", got)
	}
}

func TestTheDeadLetterIsCountedOverRestarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := counted(t, dir)
	place := func(seq uint64, idx uint16) ingest.Place { return ingest.Place{Seq: seq, Idx: idx} }
	dead := []ingest.Dead{
		{Place: place(3, 1), At: 7, Reason: "too odd", Raw: event(t, "v")},
		{Place: place(1, 2), At: 7, Reason: "too even", Raw: event(t, "w")},
		{Place: place(1, 300), At: 7, Reason: "too late", Raw: event(t, "v")},
	}
	if err := l.Settle("loader", []byte("3"), dead); err != nil {
		t.Fatal(err)
	}
	if err := l.Settle("loader", []byte("4"), dead[:1]); err != nil { // the same again is the same
		t.Fatal(err)
	}
	check := func(what, want string, t1 ingest.Tally) {
		t.Helper()
		all, err := l.Dead(ingest.Place{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		bytes := 0
		for _, d := range all {
			got += d.String() + " " + d.Reason + "; "
			text, _ := json.Marshal(deadValue{d.At, d.Reason, d.Raw})
			bytes += len(text)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
		t1.Last, t1.Accepted, t1.DeadBytes = 3, 6, uint64(bytes)
		if got := l.Tally(); got != t1 {
			t.Errorf("%s: %+v, want %+v", what, got, t1)
		}
	}
	reopen := func() {
		t.Helper()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = opened(t, dir)
	}
	check("kept", "1/2 too even; 1/300 too late; 3/1 too odd; ", ingest.Tally{Dead: 3})
	reopen()
	if mark, err := l.Marked("loader"); string(mark) != "4" || err != nil {
		t.Errorf("the record kept with them: %s, %v", mark, err)
	}
	check("after a restart", "1/2 too even; 1/300 too late; 3/1 too odd; ", ingest.Tally{Dead: 3})
	if next, err := l.Dead(place(1, 2), 1); err != nil || len(next) != 1 || next[0].Place != place(1, 300) {
		t.Errorf("the one after 1/2: %v, %v", next, err)
	}
	if err := l.Raise([]ingest.Place{place(1, 2), place(9, 9)}); err != nil {
		t.Fatal(err)
	}
	check("one replayed", "1/300 too late; 3/1 too odd; ", ingest.Tally{Dead: 2, Replayed: 1})
	if err := l.Raise([]ingest.Place{place(1, 2)}); err != nil {
		t.Fatal(err)
	}
	if n, err := l.EraseDead("v"); n != 2 || err != nil {
		t.Errorf("erased %d, %v", n, err)
	}
	check("two erased", "", ingest.Tally{Replayed: 1, Erased: 2})
	reopen()
	check("after another restart", "", ingest.Tally{Replayed: 1, Erased: 2})
	l.Close()
}
