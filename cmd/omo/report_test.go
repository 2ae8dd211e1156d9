package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/omotenashi-web/omotenashi/rules"
)

// found is a finding of every severity and place there can be.
var found = rules.Findings{
	{File: ".", ID: "OMO009", Code: "folder", Severity: rules.Error, Message: "there is no such folder"},
	{File: "campaigns/冬 1.yaml", Line: 3, Column: 7, ID: "OMO008", Code: "rule", Severity: rules.Error, Path: "when", Message: `unknown name "100%"`, Hint: "one: two"},
	{File: "campaigns/b,c.yaml", Line: 1, Column: 1, ID: "OMO102", Code: "never_true", Severity: rules.Warning, Path: "when", Message: "false"},
	{File: "campaigns/b,c.yaml", Line: 9, Column: 2, ID: "OMO008", Code: "rule", Severity: rules.Error, Message: "two lines:\r\nhere"},
}

// Whatever the findings, the log is SARIF by the published schema, which the
// library carries, and holds nothing that SARIF does not know.
func TestSARIF(t *testing.T) {
	t.Parallel()
	for _, list := range []rules.Findings{nil, found} {
		var out bytes.Buffer
		if err := (report{dir: "shop rules", found: list}).sarif(&out); err != nil {
			t.Fatal(err)
		}
		read, err := sarif.FromBytes(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range read.Runs { // what is left out the library makes empty, which is not the same
			run.Language, run.Tool.Driver.Language, run.NewlineSequences = "en", "en", []string{"\n"}
		}
		if err := read.Validate(); err != nil {
			t.Errorf("%v\n%s", err, out.String())
		}
		again, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		var ours, theirs any
		if err := json.Unmarshal(out.Bytes(), &ours); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &theirs); err != nil {
			t.Fatal(err)
		}
		contained(t, "log", ours, theirs)
		if n := len(read.Runs[0].Results); n != len(list) {
			t.Errorf("%d results of %d findings", n, len(list))
		}
	}
	var out bytes.Buffer
	if err := (report{dir: "shop rules", found: found}).sarif(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"uri": "shop%20rules"`, `"uri": "shop%20rules/campaigns/%E5%86%AC%201.yaml"`, `"ruleIndex": 1`, `"startLine": 3`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

// contained says that everything in a is in b, in the same place.
func contained(t *testing.T, path string, a, b any) {
	t.Helper()
	switch a := a.(type) {
	case map[string]any:
		other, _ := b.(map[string]any)
		for key, value := range a {
			if _, ok := other[key]; !ok {
				t.Errorf("SARIF knows no %s.%s", path, key)
				continue
			}
			contained(t, path+"."+key, value, other[key])
		}
	case []any:
		other, _ := b.([]any)
		if len(other) != len(a) {
			t.Errorf("%s: %d items, %d when read", path, len(a), len(other))
			return
		}
		for i := range a {
			contained(t, fmt.Sprintf("%s[%d]", path, i), a[i], other[i])
		}
	default:
		if a != b {
			t.Errorf("%s: %v, %v when read", path, a, b)
		}
	}
}

func TestGitHub(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"shop: 100%", filepath.Join(here, "shop: 100%")} {
		var out bytes.Buffer
		if err := (report{dir: dir, found: found}).github(&out); err != nil {
			t.Fatal(err)
		}
		const want = `::error file=shop%3A 100%25,title=OMO009 folder::there is no such folder
::error file=shop%3A 100%25/campaigns/冬 1.yaml,line=3,col=7,title=OMO008 rule::when: unknown name "100%25"%0Ahint: one: two
::warning file=shop%3A 100%25/campaigns/b%2Cc.yaml,line=1,col=1,title=OMO102 never_true::when: false
::error file=shop%3A 100%25/campaigns/b%2Cc.yaml,line=9,col=2,title=OMO008 rule::two lines:%0D%0Ahere
3 errors, 1 warning; omo check --explain OMO009 says more of the first
`
		if out.String() != want {
			t.Errorf("got\n%s\nwant\n%s", out.String(), want)
		}
	}
}
