package engine_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

var update = flag.Bool("update", false, "rewrite what the stories in testdata expect")

// dawn is when stories begin, in Tokyo.
var dawn = time.Date(2026, 12, 1, 9, 0, 0, 0, time.FixedZone("JST", 9*3600))

// Each file of testdata is a rules folder and a story: lines with a ">" are
// what happens (when, who, what), the lines below are what comes of it. See
// the methods of stage for the words.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories: ", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			story := &archive.Files[len(archive.Files)-1]
			got := newStage(t, archive).play(string(story.Data))
			if got == string(story.Data) {
				return
			}
			if !*update {
				t.Fatalf("the story goes\n%s\nand is told as\n%s", got, story.Data)
			}
			story.Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// stage is the real assembly of engine, rules and ledger, with a clock of its own.
type stage struct {
	*testing.T
	archive *txtar.Archive
	engine  *engine.Engine
	ledger  *ledger.Ledger
	now     time.Time
	ids     int
	offers  map[string]offered // visitor and campaign → its last offer
	others  []string           // visitors that browsers became
	last    ingest.Incoming
}

type offered struct{ decision, variant, token string }

func newStage(t *testing.T, archive *txtar.Archive) *stage {
	s := &stage{T: t, archive: archive, now: dawn, ledger: newLedger(t), offers: map[string]offered{}}
	s.engine = engine.New(engine.Options{Store: s.ledger, Key: []byte("key"), NewID: s.newID})
	s.use("")
	return s
}

// cleaner is a test, or one of the many checks of a property.
type cleaner interface {
	rapid.TB
	Cleanup(func())
}

// newLedger is gone, with its megabytes on disk, when the test or the check is over.
func newLedger(t cleaner) *ledger.Ledger {
	t.Helper()
	dir, err := os.MkdirTemp("", "omo-engine-")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(filepath.Join(dir, "ledger"), ledger.Options{Log: slog.New(slog.DiscardHandler), Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(l.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return l
}

func (s *stage) newID() string {
	s.ids++
	return fmt.Sprintf("0191e8a0-0000-7000-8000-%012d", s.ids)
}

// use loads the rules folder, with the files under version laid over it.
func (s *stage) use(version string) {
	s.Helper()
	folder := fstest.MapFS{}
	for _, f := range s.archive.Files[:len(s.archive.Files)-1] {
		if !strings.HasPrefix(f.Name, "v") {
			folder[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	for _, f := range s.archive.Files {
		if name, ok := strings.CutPrefix(f.Name, version+"/"); ok && version != "" {
			folder[name] = &fstest.MapFile{Data: f.Data}
		}
	}
	if err := s.engine.Use(load(s, folder), s.now); err != nil {
		s.Fatal(err)
	}
}

func load(t testing.TB, folder fs.FS) *rules.Set {
	t.Helper()
	set, findings := rules.Load(folder)
	if err := findings.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

// play acts a story out and gives it as it went.
func (s *stage) play(story string) string {
	var out strings.Builder
	for line := range strings.Lines(story) {
		switch {
		case strings.HasPrefix(line, "> "):
			out.WriteString(line)
			for _, said := range s.act(strings.Fields(line[2:])) {
				fmt.Fprintln(&out, said)
			}
		case strings.HasPrefix(line, "#"), strings.TrimSpace(line) == "":
			out.WriteString(line)
		}
	}
	return out.String()
}

// act does one line: when, who, what, and words of the form name or name=value.
func (s *stage) act(words []string) []string {
	s.Helper()
	after, err := time.ParseDuration(words[0])
	if err != nil || len(words) < 3 {
		s.Fatalf("%v: %v", words, err)
	}
	s.now = dawn.Add(after)
	who, what, rest := words[1], words[2], words[3:]
	switch what {
	case "page": // page PATH …: a page view is decided
		return s.decide(who, rest[0], "", parse(rest[1:]))
	case "trigger": // trigger WHAT PATH …: a browser's trigger has come
		return s.decide(who, rest[1], rest[0], parse(rest[2:]))
	case "exposure", "click", "close": // of CAMPAIGN, as it was last offered
		return s.send(who, s.about(who, "omo_"+what, rest[0]), parse(rest[1:]))
	case "event": // event NAME {"properties"} …
		in := ingest.Incoming{ID: s.newID(), Name: rest[0]}
		if len(rest) > 1 && rest[1][0] == '{' {
			in.Properties, rest = json.RawMessage(rest[1]), rest[1:]
		}
		return s.send(who, in, parse(rest[1:]))
	case "again": // the last event once more, as a client does that heard no answer
		return s.send(who, s.last, parse(rest))
	case "use": // another version of the rules
		s.use(rest[0])
		live := s.engine.Live()
		var phases []string
		for _, campaign := range slices.Sorted(maps.Keys(live.Phases)) {
			_, seq, _ := strings.Cut(live.Phases[campaign], "-")
			phases = append(phases, campaign+" is in the phase from "+seq)
		}
		return phases
	case "pause", "resume", "harm", "allocate": // CAMPAIGN …: something is decided beside its file
		return s.beside(who, what, rest[0], rest[1:])
	case "restart": // the server comes up again, with version VERSION of the rules
		s.engine = engine.New(engine.Options{Store: s.ledger, Key: []byte("key"), NewID: s.newID})
		s.use(rest[0])
		return s.overrides()
	case "timers": // what has come due fires
		return s.timers()
	case "outbox": // what is to be sent out; it then is
		return s.outbox()
	case "backfill": // what new counters have not seen is counted
		return s.backfill()
	case "known": // what is known of the visitor
		return s.known(who)
	}
	s.Fatalf("nobody knows how to %q", what)
	return nil
}

func parse(words []string) map[string]string {
	out := map[string]string{}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		out[name] = value
	}
	return out
}
