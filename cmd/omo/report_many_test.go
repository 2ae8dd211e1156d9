package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/rules"
)

// Of very many findings a terminal shows a hundred, errors first, and how many more there are.
func TestManyFindings(t *testing.T) {
	t.Parallel()
	var found rules.Findings
	for i := range 300 {
		found = append(found, rules.Finding{File: fmt.Sprintf("campaigns/%d.yaml", i), Line: 1, Column: 1, ID: "OMO100", Severity: rules.Warning, Message: "odd"})
	}
	found = append(found, rules.Finding{File: "campaigns/z.yaml", Line: 1, Column: 1, ID: "OMO001", Severity: rules.Error, Message: "wrong"})
	var out bytes.Buffer
	if err := (report{found: found}).text(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if n := strings.Count(text, "campaigns/"); n != maxPrinted || !strings.HasPrefix(text, "campaigns/z.yaml:1:1: wrong") {
		t.Errorf("%d findings are shown, beginning with %.40s", n, text)
	}
	const want = "\n201 findings more: --format json lists all\n\n1 error, 300 warnings; "
	if !strings.Contains(text, want) {
		t.Errorf("got an end of\n%s\nwant\n%s", text[len(text)-150:], want)
	}
}
