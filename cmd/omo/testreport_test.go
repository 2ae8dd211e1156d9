package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// asked for by Jenkins (xunit plugin's junit-10.xsd), which is the strictest of
// those that read JUnit XML: the attributes that an element must and may have.
var junitAttributes = map[string]struct{ must, may []string }{
	"testsuites": {nil, []string{"name", "time", "tests", "failures", "errors"}},
	"testsuite":  {[]string{"name", "tests", "failures", "errors"}, []string{"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"}},
	"testcase":   {[]string{"name"}, []string{"time", "classname", "group"}},
	"failure":    {nil, []string{"type", "message"}},
}

var junitTime = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]+$`)

// What is written is what CI systems read: known elements and attributes only,
// and counts that are those of the cases.
func TestJUnitIsReadable(t *testing.T) {
	t.Parallel()
	dir := ruleTests(t, "expect: {a: any}", "expect: {a: {none: rule_false}}")
	file := filepath.Join(t.TempDir(), "out.xml")
	o := testOptions{junit: file, only: regexp.MustCompile("")}
	var e exit
	if err := o.test(os.DirFS(dir), io.Discard); !errors.As(err, &e) || e.code != findings {
		t.Fatalf("got %v, want exit code %d", err, findings)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	counts, told := map[string]int{}, map[string]int{}
	for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		name := element.Name.Local
		known, ok := junitAttributes[name]
		if !ok {
			t.Errorf("nobody reads <%s>", name)
		}
		counts[name]++
		var have []string
		for _, a := range element.Attr {
			have = append(have, a.Name.Local)
			if !slices.Contains(known.must, a.Name.Local) && !slices.Contains(known.may, a.Name.Local) {
				t.Errorf("nobody reads %s of <%s>", a.Name.Local, name)
			}
			if a.Name.Local == "time" && !junitTime.MatchString(a.Value) {
				t.Errorf("%q is not a time in seconds", a.Value)
			}
			if n, err := strconv.Atoi(a.Value); err == nil && name == "testsuite" {
				told[a.Name.Local] += n
			}
		}
		for _, must := range known.must {
			if !slices.Contains(have, must) {
				t.Errorf("<%s> without %s", name, must)
			}
		}
	}
	if counts["testcase"] != 2 || told["tests"] != 2 || counts["failure"] != 1 || told["failures"] != 1 || told["errors"] != 0 {
		t.Errorf("elements %v, counts told %v", counts, told)
	}
}

// ruleTests is a rules folder with one campaign and a test for each expectation.
func ruleTests(t *testing.T, expect ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "campaigns", "a.yaml"), "id: a\nstatus: live\nwhen: visitor.new\nvariants: [{id: control, weight: 1}]\n")
	write(t, filepath.Join(dir, "tests", "a.test.yaml"), testsOf(expect...))
	return dir
}

func testsOf(expect ...string) string {
	var b strings.Builder
	b.WriteString("tests:\n")
	for i, e := range expect {
		b.WriteString("  - {name: t" + strconv.Itoa(i) + ", now: 2026-12-05, " + e + "}\n")
	}
	return b.String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// With --watch each save is tested, also one that does not load.
func TestWatchRunsAgain(t *testing.T) {
	t.Parallel()
	dir := ruleTests(t, "expect: {a: any}")
	ctx, stop := context.WithCancel(t.Context())
	out := &screen{}
	ended := make(chan error, 1)
	go func() {
		ended <- testOptions{only: regexp.MustCompile("")}.rerun(ctx, dir, out, out)
	}()
	out.waitFor(t, "good: 1 test passed")
	write(t, filepath.Join(dir, "tests", "a.test.yaml"), testsOf("expect: {a: any}", "expect: {a: none}"))
	out.waitFor(t, "1 of 2 tests failed")
	write(t, filepath.Join(dir, "campaigns", "a.yaml"), "id: a\n")
	out.waitFor(t, `campaigns/a.yaml:1:1: variants: "variants" is missing`)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// screen is what a person who waits sees.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) waitFor(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		seen := s.text.String()
		s.mu.Unlock()
		if strings.Contains(seen, text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("waited for %q, saw\n%s", text, seen)
		}
	}
}
