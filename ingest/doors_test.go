package ingest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the events of testdata/doors as they come out")

// The messages of other systems and the events they become. A file's name says
// the door: a call of Segment's API, or events of /v1/events.
func TestDoors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/doors/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		door, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".txtar"), "-")
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i+1 < len(archive.Files); i += 2 {
				in, out := &archive.Files[i], &archive.Files[i+1]
				if out.Name != "becomes" {
					t.Fatalf("%s is followed by %s, expected becomes", in.Name, out.Name)
				}
				got := through(t, door, in.Data)
				if *update {
					out.Data = []byte(got)
				} else if got != string(out.Data) {
					t.Errorf("%s becomes\n%swant\n%s", in.Name, got, out.Data)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// through is what becomes of a body: a line of each event's name, its visitor
// where it names one, and a line of each thing else that it has.
func through(t *testing.T, door string, body []byte) string {
	t.Helper()
	batch := &Batch{}
	var err error
	if door == "events" {
		err = Decode(body, batch)
	} else {
		batch, err = DecodeSegment(body, door)
	}
	if err != nil {
		return fmt.Sprintln("error:", err)
	}
	var b strings.Builder
	line := func(name string, v any) {
		if raw, err := json.Marshal(v); err != nil {
			t.Fatal(err)
		} else if s := string(raw); s != "null" && s != "{}" && s != `""` {
			fmt.Fprintf(&b, "  %s %s\n", name, s)
		}
	}
	for _, in := range batch.Events {
		in.Canonical()
		terms := terms()
		terms.SentAt = batch.SentAt
		e, refused := Accept(in, &Who{ID: "batch"}, terms)
		if refused != nil {
			fmt.Fprintf(&b, "refused %s: %s\n", refused.Code, refused.Message)
			continue
		}
		NewEnricher().Enrich(&e, Surroundings{})
		fmt.Fprintln(&b, e.Name)
		if e.ID != minted {
			line("id", e.ID)
		}
		if in.Visitor != nil {
			line("visitor", struct {
				ID     string         `json:"id,omitempty"`
				UserID string         `json:"user_id,omitempty"`
				Traits map[string]any `json:"traits,omitempty"`
			}(*in.Visitor))
		}
		if e.Time != received.UnixMilli() {
			line("ago", received.UnixMilli()-e.Time)
		}
		line("page", e.Page)
		line("source", e.Source)
		line("properties", e.Properties)
		if beside := in.Beside; beside != nil {
			line("browser", struct {
				Agent    string `json:"user_agent,omitempty"`
				IP       string `json:"ip,omitempty"`
				Language string `json:"language,omitempty"`
				Mobile   string `json:"mobile,omitempty"`
				Platform string `json:"platform,omitempty"`
			}{beside.UserAgent, beside.IP, beside.Language, beside.Mobile, beside.Platform})
			line("consent", beside.Consent)
		}
	}
	return b.String()
}
