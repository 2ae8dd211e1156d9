package rules

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// Every file of testdata/tests is a rules folder with tests, and as its file
// "want" all that LoadTests says of it: the findings, or the tests as they run.
func TestLoadTests(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/tests/*.txtar", func(t *testing.T, folder fstest.MapFS) string {
		set, found := Load(folder)
		if found.Err() != nil {
			t.Fatal(found)
		}
		tests, found := LoadTests(folder, set)
		if (tests == nil) != (found.Err() != nil) {
			t.Errorf("tests %v beside findings %v", tests, found)
		}
		var got strings.Builder
		for _, f := range found {
			fmt.Fprintln(&got, f)
		}
		for _, test := range tests {
			describeTest(&got, test)
		}
		return got.String()
	})
}

// describeTest writes a test as it runs.
func describeTest(b *strings.Builder, t *Test) {
	fmt.Fprintf(b, "%s:%d %s\n  at %s consent %s trigger %q slots %q\n", t.File, t.Line, t.Name, t.Now.Format(time.RFC3339), t.Consent, t.Trigger, t.Slots)
	fmt.Fprintf(b, "  visitor %+v\n  page %+v\n  context %+v\n", t.Visitor, t.Page, t.Context)
	if t.Facts != nil {
		fmt.Fprintf(b, "  facts %+v\n", *t.Facts)
	}
	for _, e := range t.Events {
		fmt.Fprintf(b, "  event %s at %s line %d %v", e.Name, e.At.Format(time.RFC3339), e.Line, e.Properties)
		if e.Page != nil {
			fmt.Fprintf(b, " on %+v", *e.Page)
		}
		fmt.Fprintln(b)
	}
	for _, e := range t.Expect {
		fmt.Fprintf(b, "  expect %s %s %q %q at %d:%d\n", e.Campaign.ID, e.Outcome, e.Reason, e.Triggers, e.Line, e.Column)
	}
	if t.Sends {
		fmt.Fprintf(b, "  sent at %d until %s\n", t.SentLine, t.Until.Format(time.RFC3339))
	}
	for _, l := range t.Sent {
		fmt.Fprintf(b, "  letter of %s at %s at %d:%d %q\n", l.Campaign.ID, l.At.Format(time.RFC3339), l.Line, l.Column, l.Fields)
	}
}

// A folder without tests is none to complain of.
func TestLoadTestsNone(t *testing.T) {
	t.Parallel()
	folder := fstest.MapFS{"campaigns/a.yaml": {Data: []byte(live("a", "true"))}}
	set, found := Load(folder)
	if found.Err() != nil {
		t.Fatal(found)
	}
	if tests, found := LoadTests(folder, set); len(tests) > 0 || len(found) > 0 {
		t.Errorf("%v, %v", tests, found)
	}
}

// LoadTests answers any text with tests or with errors that have a place in it,
// and never with a panic.
func FuzzLoadTests(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/tests/mistakes.txtar")
	if err != nil {
		f.Fatal(err)
	}
	folder := fstest.MapFS{}
	for _, file := range archive.Files {
		if strings.HasPrefix(file.Name, "tests/") {
			f.Add(string(file.Data))
		} else {
			folder[file.Name] = &fstest.MapFile{Data: file.Data}
		}
	}
	f.Add("tests: [{name: a, now: 2026-12-05, expect: {welcome: *a, cart-rescue: {armed: {}}}, events: [{name: a, properties: {a: !b c}}]}]")
	set, found := Load(folder)
	if found.Err() != nil {
		f.Fatal(found)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tests, found := LoadTests(fstest.MapFS{"tests/a.test.yaml": {Data: []byte(text)}}, set)
		if tests != nil && found.Err() != nil {
			t.Fatalf("tests beside errors: %v", found)
		}
		for _, x := range found {
			if x.Line < 0 || x.Line > strings.Count(text, "\n")+2 || x.Line > 0 && x.Column < 1 || x.Message == "" {
				t.Fatalf("a finding without a place: %+v", x)
			}
		}
		for _, test := range tests {
			for _, e := range test.Expect {
				if e.Campaign == nil || e.Outcome == "" {
					t.Fatalf("an expectation of nothing: %+v", e)
				}
			}
		}
	})
}
