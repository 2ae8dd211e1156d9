package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A written ledger: its files, and what it was told to keep.
type written struct {
	name  string
	files map[string][]byte
	last  uint64
}

const damagedVisits = 120

// populated writes a ledger of several tables, the last visits in the log only.
func populated(t *testing.T, name string, clean bool) written {
	t.Helper()
	fs := vfs.NewCrashableMem()
	l := openedOn(t, fs)
	for n := 1; n <= damagedVisits; n++ {
		_, err := l.Commit(numbered(fmt.Sprintf("v%d", n), n))
		if err == nil && n%7 == 0 {
			err = l.Sync()
		}
		if err == nil && n%30 == 0 && n < damagedVisits {
			err = l.db.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	if clean {
		closed(t, l)
		return written{name, contents(t, fs), damagedVisits}
	}
	// As a kill leaves it, at one moment: the store goes on to delete old files.
	left := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	closed(t, l)
	return written{name, contents(t, left), damagedVisits}
}

func openedOn(t *testing.T, fs vfs.FS) *Ledger {
	t.Helper()
	l, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now}, fs)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// contents are all files of a ledger and its seal.
func contents(t *testing.T, fs vfs.FS) map[string][]byte {
	t.Helper()
	names, err := fs.List("ledger")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, name := range append(names, "../ledger.seal") {
		path := fs.PathJoin("ledger", name)
		f, err := fs.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		out[path] = text
	}
	return out
}

// with is the ledger with one file changed; nil removes it.
func (w written) with(t *testing.T, path string, text []byte) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	if err := fs.MkdirAll("ledger", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, original := range w.files {
		if name == path {
			original = text
		}
		if original == nil && name == path {
			continue
		}
		write(t, fs, name, original)
	}
	return fs
}

func write(t *testing.T, fs vfs.FS, name string, text []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(bytes.Clone(text)) // which the race detector's build spoils
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// kindOf names what a file of the store is.
func kindOf(path string) string {
	name := path[strings.LastIndex(path, "/")+1:]
	for _, kind := range []string{"MANIFEST", "OPTIONS", "marker", "LOCK", "seal"} {
		if strings.Contains(name, kind) {
			return kind
		}
	}
	return name[strings.LastIndex(name, ".")+1:]
}

// outcome is what becomes of a damaged ledger: refused, partial (what is damaged
// is an error), or whole. Anything else is an error.
func (w written) outcome(fs vfs.FS) (string, error) {
	l, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now}, fs)
	if err != nil {
		if !strings.Contains(err.Error(), "restore a backup") {
			return "", fmt.Errorf("the refusal does not say what to do: %w", err)
		}
		return "refused", nil
	}
	defer l.Close()
	if l.Last() < w.last {
		return "", fmt.Errorf("%d visits are left of %d, in silence", l.Last(), w.last)
	}
	outcome := "whole"
	for n := uint64(1); n <= w.last; n++ {
		want := fmt.Sprintf("v%d n%d", n, n)
		records, err := l.Read(context.Background(), n-1, n, 10)
		switch {
		case err != nil:
			outcome = "partial"
		case len(records) != 1:
			return "", fmt.Errorf("visit %d is gone, in silence", n)
		case records[0].Event.Visitor+" "+records[0].Event.Name != want:
			return "", fmt.Errorf("visit %d is %s %s", n, records[0].Event.Visitor, records[0].Event.Name)
		}
		p, err := l.Profile(fmt.Sprintf("v%d", n))
		switch {
		case err != nil:
			outcome = "partial"
		case string(p) != fmt.Sprint(n):
			return "", fmt.Errorf("the profile of visit %d is %q", n, p)
		}
		switch seen, err := l.Seen(ID{byte(n)}); {
		case err != nil:
			outcome = "partial"
		case !seen[0]:
			return "", fmt.Errorf("the id of visit %d is forgotten, in silence", n)
		}
	}
	return outcome, nil
}

// Fault test 8: bits flip, files are cut short, overwritten with zeros or gone,
// one at a time, in a ledger that was closed or killed. It opens with everything
// that is readable right, or says what to do; it is never shorter in silence.
func TestFaultDamagedFiles(t *testing.T) {
	t.Parallel()
	rounds := 8
	if os.Getenv("OMO_FAULTS") == "long" {
		rounds = 200
	}
	rng := rand.New(rand.NewPCG(8, 8))
	counts := map[string]int{}
	tried := 0
	for _, w := range []written{populated(t, "closed", true), populated(t, "killed", false)} {
		if outcome, err := w.outcome(w.with(t, "", nil)); outcome != "whole" {
			t.Fatalf("undamaged, the %s ledger is %s, %v", w.name, outcome, err)
		}
		kinds := map[string]bool{}
		for path, original := range w.files {
			kinds[kindOf(path)] = true
			damage := map[string][]byte{"gone": nil, "empty": {}}
			for n := range rounds {
				if len(original) == 0 {
					break
				}
				at := rng.IntN(len(original))
				flipped := append([]byte{}, original...)
				flipped[at] ^= 1 << rng.IntN(8)
				damage[fmt.Sprintf("a bit of byte %d of %d", at, len(original))] = flipped
				if n%2 == 0 {
					damage[fmt.Sprintf("cut after %d of %d", at, len(original))] = original[:at:at]
				}
				if n%4 == 0 {
					zeros := append([]byte{}, original...)
					clear(zeros[at:min(at+512, len(zeros))])
					damage[fmt.Sprintf("zeros from %d of %d", at, len(original))] = zeros
				}
			}
			for what, text := range damage {
				tried++
				outcome, err := w.outcome(w.with(t, path, text))
				if err != nil {
					t.Errorf("%s, %s: %s: %v", w.name, path, what, err)
					continue
				}
				counts[kindOf(path)+" "+outcome]++
			}
		}
		for _, kind := range []string{"MANIFEST", "OPTIONS", "marker", "LOCK", "seal", "sst", "log"} {
			if !kinds[kind] {
				t.Errorf("the %s ledger has no %s: %v", w.name, kind, kinds)
			}
		}
	}
	t.Logf("fault 8 damaged files: damaged %d, wrong 0, lost in silence 0; %v", tried, counts)
}

// A folder that is gone, or has lost its list, is no reason to begin anew.
func TestNeverEmptyInSilence(t *testing.T) {
	t.Parallel()
	w := populated(t, "closed", true)
	none := func(string) bool { return false }
	for _, c := range []struct {
		name string
		has  func(path string) bool
		want string // "": it opens
	}{
		{"all is gone but the seal", func(path string) bool { return kindOf(path) == "seal" },
			"ledger ledger cannot be used: the list of its files is gone, and so would be all it held; restore a backup, or move the folder and ledger.seal away to begin with what ClickHouse has"},
		{"the lists are gone", func(path string) bool { return kindOf(path) != "MANIFEST" && kindOf(path) != "marker" },
			"the list of its files is gone"},
		{"the lists and the seal are gone", func(path string) bool {
			return kindOf(path) != "MANIFEST" && kindOf(path) != "marker" && kindOf(path) != "seal"
		}, "and no list of them"},
		{"all is gone", none, ""},
		{"only the seal is gone", func(path string) bool { return kindOf(path) != "seal" }, ""},
	} {
		fs := vfs.NewMem()
		if err := fs.MkdirAll("ledger", 0o755); err != nil {
			t.Fatal(err)
		}
		for path, text := range w.files {
			if c.has(path) {
				write(t, fs, path, text)
			}
		}
		l, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now}, fs)
		switch {
		case err == nil && c.want == "":
			closed(t, l)
		case err == nil:
			t.Errorf("%s: it opens, with %d visits", c.name, l.Last())
			closed(t, l)
		case c.want == "" || !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A loss at the end can be accepted: numbers that were given are not given again.
func TestAcceptLoss(t *testing.T) {
	t.Parallel()
	w := populated(t, "killed", false)
	log := ""
	for path := range w.files {
		if kindOf(path) == "log" && path > log {
			log = path
		}
	}
	fs := w.with(t, log, nil)
	_, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now}, fs)
	if err == nil || !strings.Contains(err.Error(), "its last visit is 90, and 120 were acknowledged (--accept-ledger-loss goes on without the others)") {
		t.Fatalf("without its log it is opened, or refused with %v", err)
	}
	l, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now, AcceptLoss: true}, fs)
	if err != nil {
		t.Fatal(err)
	}
	if seq, err := l.Commit(numbered("new", 1)); err != nil || seq != 121 {
		t.Errorf("the next visit is %d, %v", seq, err)
	}
	closed(t, l)
	l = openedOn(t, fs)
	defer closed(t, l)
	if l.Last() != 121 {
		t.Errorf("the last visit is %d", l.Last())
	}
	if records, err := l.Read(context.Background(), 0, 200, 1000); err != nil || len(records) != 91 {
		t.Errorf("%d visits are left, %v", len(records), err)
	}
}

// Another ledger's files are not taken for this one's.
func TestAnotherLedger(t *testing.T) {
	t.Parallel()
	mine, other := populated(t, "mine", true), populated(t, "other", true)
	_, err := open("ledger", Options{Log: quiet, Patience: patience, Now: time.Now}, mine.with(t, "ledger.seal", other.files["ledger.seal"]))
	if err == nil {
		t.Error("it was opened")
	}
}
