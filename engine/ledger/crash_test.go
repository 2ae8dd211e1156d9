package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/omotenashi-web/omotenashi/ingest/crash/crashtest"
)

func TestMain(m *testing.M) {
	crashtest.Main(m, crashtest.Parts{"write": writeForever, "claim": claimAll})
}

// writeForever commits and syncs, and says "visitor number seq" of each visit
// that was acknowledged.
func writeForever(dir string) error {
	l, err := Open(dir, Options{Log: quiet, Patience: patience})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 8 {
		go func() {
			visitor := fmt.Sprintf("v%d-%d", os.Getpid(), w)
			for n := 1; ; n++ {
				seq, err := l.Commit(numbered(visitor, n))
				if err == nil {
					err = l.Sync()
				}
				if err != nil {
					failed <- err
				}
				fmt.Printf("%s %d %d\n", visitor, n, seq)
			}
		}()
	}
	return <-failed
}

// numbered is a visitor's n-th visit: its event and its profile both say n.
func numbered(visitor string, n int) Visit {
	raw := fmt.Appendf(nil, `{"id":"","visitor":%q,"name":"n%d","time":0,"received":0}`, visitor, n)
	return Visit{Visitor: visitor, Events: [][]byte{raw}, Profile: fmt.Append(nil, n), IDs: []ID{{byte(n)}}}
}

// whole checks that the ledger is a gapless prefix of whole visits: every
// profile says what its visitor's last event says. It gives seq → "visitor n".
func whole(t *testing.T, l *Ledger) map[uint64]string {
	t.Helper()
	records, err := l.Read(context.Background(), 0, l.Last(), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	all, last := map[uint64]string{}, map[string]string{}
	for i, r := range records {
		if r.Event.Seq != uint64(i+1) {
			t.Fatalf("visit %d comes after visit %d", r.Event.Seq, i)
		}
		n := r.Event.Name[1:]
		all[r.Event.Seq] = r.Event.Visitor + " " + n
		last[r.Event.Visitor] = n
	}
	if l.Last() != uint64(len(records)) {
		t.Fatalf("the last visit is %d, and %d are there", l.Last(), len(records))
	}
	for visitor, n := range last {
		if profile, err := l.Profile(visitor); err != nil || string(profile) != n {
			t.Fatalf("%s: the last event is %s, the profile %q (%v)", visitor, n, profile, err)
		}
	}
	return all
}

// Killed at any moment, the ledger holds every visit that was acknowledged,
// and a prefix of whole visits.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	acknowledged := map[uint64]string{}
	for round := range 4 {
		child := crashtest.Start(t, "write", dir)
		enough := 50 + rand.IntN(500)
		for n := 0; ; n++ {
			line, more := child.Line()
			if !more {
				break
			}
			var visitor string
			var number int
			var seq uint64
			if _, err := fmt.Sscanf(line, "%s %d %d", &visitor, &number, &seq); err != nil {
				t.Fatalf("the child says %q: %v", line, err)
			}
			acknowledged[seq] = fmt.Sprintf("%s %d", visitor, number)
			if n == enough {
				child.Kill()
			}
		}
		if !child.Wait() {
			t.Fatal("the child ended by itself")
		}
		l := opened(t, dir)
		kept := whole(t, l)
		for seq, what := range acknowledged {
			if kept[seq] != what {
				t.Errorf("round %d: visit %d was acknowledged as %s and is %q", round, seq, what, kept[seq])
			}
		}
		closed(t, l)
	}
	if len(acknowledged) < 200 {
		t.Errorf("only %d visits were acknowledged", len(acknowledged))
	}
}

// A power cut takes what was not fsynced, and nothing that Durable counted.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for cut := range 8 {
		disk := vfs.NewCrashableMem()
		l, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now}, disk)
		if err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		var writing sync.WaitGroup
		for w := range 4 {
			writing.Go(func() { writeUntil(t, l, fmt.Sprint("v", w), stop) })
		}
		for enough := uint64(50 * cut); l.Durable() <= enough; {
			wait(t, l.Changed(), "nothing becomes durable")
		}
		durable := l.Durable()
		left := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 25 * (cut % 4), RNG: rand.New(rand.NewPCG(1, uint64(cut)))})
		close(stop)
		writing.Wait()
		closed(t, l)
		if l, err = open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now}, left); err != nil {
			t.Fatal(err)
		}
		whole(t, l)
		if l.Last() < durable {
			t.Errorf("cut %d: %d visits were durable, %d are left", cut, durable, l.Last())
		}
		closed(t, l)
	}
}

func writeUntil(t *testing.T, l *Ledger, visitor string, stop <-chan struct{}) {
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		_, err := l.Commit(numbered(visitor, n))
		if err == nil && n%5 == 0 {
			err = l.Sync()
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}
