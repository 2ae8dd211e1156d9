package ruletest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/omotenashi-web/omotenashi/engine/ruletest"
	"github.com/omotenashi-web/omotenashi/rules"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// Every file of testdata is a rules folder with its tests and, as its file
// "want", what became of each: who came, what failed, and what was covered.
func TestRuns(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no folders: ", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			folder := fstest.MapFS{}
			want := &txtar.File{}
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = &archive.Files[i]
					continue
				}
				folder[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			got := tell(t, folder)
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want.Data) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want.Data)
			}
		})
	}
}

func load(t testing.TB, folder fstest.MapFS) (*rules.Set, []*rules.Test) {
	t.Helper()
	set, found := rules.Load(folder)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	tests, found := rules.LoadTests(folder, set)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return set, tests
}

// tell runs all tests of a folder.
func tell(t *testing.T, folder fstest.MapFS) string {
	set, tests := load(t, folder)
	r := ruletest.New(set)
	coverage, err := r.Coverage()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, test := range tests {
		result := r.Run(test)
		coverage.Add(result)
		if result.Passed() {
			fmt.Fprintf(&b, "passed: %s (%s)\n", test.Name, result.Visitor)
			continue
		}
		fmt.Fprintf(&b, "FAILED: %s (%s)\n", test.Name, result.Visitor)
		for _, f := range result.Failures {
			if f.Message != "" {
				fmt.Fprintf(&b, "  %d: %s\n", f.Line, f.Message)
				continue
			}
			fmt.Fprintf(&b, "  %d:%d %s: expected %s, got %s\n", f.Line, f.Column, f.Campaign, f.Expected, f.Got)
			if f.Rule != nil {
				for _, line := range f.Rule.Lines() {
					fmt.Fprintln(&b, "    "+line)
				}
			}
		}
	}
	for _, c := range coverage.Campaigns() {
		fmt.Fprintf(&b, "%s:%d %s: %d tests, %s\n", c.File, c.Line, c.Campaign, c.Tests, ruletest.Percent(c.Share()))
		for _, x := range c.Conditions {
			fmt.Fprintf(&b, "  %d true, %d false %s %s\n", x.True, x.False, x.Text, x.Missing())
		}
	}
	fmt.Fprintf(&b, "all: %s\n", ruletest.Percent(coverage.Share()))
	return b.String()
}

// Two hundred tests of a shop's size are run before a person has let go of the
// key: far below the second that is asked for.
func TestSoonEnoughForEverySave(t *testing.T) {
	folder := fstest.MapFS{}
	for i := range 12 {
		folder[fmt.Sprintf("campaigns/c%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"id: c%d\nstatus: live\nwhen: visitor.visits >= %d && cart.value > 5000 && page.path startsWith \"/items\"\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: {type: banner, title: a}}]", i, i%3)}
	}
	var tests strings.Builder
	tests.WriteString("tests:\n")
	for i := range 200 {
		fmt.Fprintf(&tests, "  - {name: t%d, now: 2026-12-05, events: [{at: -2d, name: page_view}, {at: -1m, name: add_to_cart, value: 6800}], page: {url: /items/1}, expect: {c%d: any}}\n", i, i%12)
	}
	folder["tests/a.test.yaml"] = &fstest.MapFile{Data: []byte(tests.String())}
	began := time.Now()
	set, all := load(t, folder)
	r := ruletest.New(set)
	for _, test := range all {
		if result := r.Run(test); !result.Passed() {
			t.Fatalf("%s: %+v", test.Name, result.Failures)
		}
	}
	t.Logf("200 tests, with loading: %s", time.Since(began))
}
