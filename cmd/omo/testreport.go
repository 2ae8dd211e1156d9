package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/omotenashi-web/omotenashi/engine/ruletest"
)

// text prints what failed, each with its place, what came instead and why, then
// the coverage if asked, and one line for all.
func (r ran) text(out io.Writer, o testOptions, there int) {
	for _, result := range r.results {
		for _, f := range result.Failures {
			fmt.Fprintf(out, "%s\n\n", failureText(result, f))
		}
	}
	if o.coverage {
		r.coverageText(out)
	}
	switch failed := r.failed(); {
	case there == 0:
		fmt.Fprintln(out, "there are no tests: write them into tests/*.test.yaml (omo test --help shows one)")
	case len(r.results) == 0:
		fmt.Fprintf(out, "none of %s has a name that matches --run %s\n", counted(there, "test"), o.run)
	case failed > 0:
		fmt.Fprintf(out, "%d of %s failed\n", failed, counted(len(r.results), "test"))
	default:
		fmt.Fprintf(out, "good: %s passed\n", counted(len(r.results), "test"))
	}
}

// failureText is one failure: its place and test, then what was expected, and
// the campaign's rule as it was at that moment.
func failureText(r ruletest.Result, f ruletest.Failure) string {
	place := fmt.Sprintf("%s:%d", r.Test.File, f.Line)
	if f.Column > 0 {
		place += fmt.Sprintf(":%d", f.Column)
	}
	return place + ": " + r.Test.Name + "\n" + failureBody(r, f)
}

func failureBody(r ruletest.Result, f ruletest.Failure) string {
	if f.Message != "" {
		return "    " + f.Message
	}
	lines := []string{fmt.Sprintf("    %s: expected %s, got %s", f.Campaign, f.Expected, f.Got)}
	if f.Rule != nil {
		for _, line := range f.Rule.Lines() {
			lines = append(lines, "      "+line)
		}
	}
	return strings.Join(lines, "\n")
}

func (r ran) coverageText(out io.Writer) {
	t := newTable(out, "campaign", "tests", "conditions", "missing")
	for _, c := range r.coverage.Campaigns() {
		t.AppendRow(table.Row{c.Campaign, c.Tests, ruletest.Percent(c.Share()), missingOf(c)})
	}
	t.AppendFooter(table.Row{"", "", ruletest.Percent(r.coverage.Share()), ""})
	t.SetColumnConfigs(rightAligned(2, 3))
	t.Render()
	fmt.Fprintln(out)
}

// missingOf lists what no test has shown of a campaign.
func missingOf(c *ruletest.CampaignCoverage) string {
	if c.Tests == 0 {
		return "no test names it"
	}
	var missing []string
	for _, x := range c.Conditions {
		if m := x.Missing(); m != "" {
			missing = append(missing, m+": "+x.Text)
		}
	}
	return strings.Join(missing, "\n")
}

func (r ran) json(out io.Writer, coverage bool) error {
	type test struct {
		Name     string             `json:"name"`
		File     string             `json:"file"`
		Line     int                `json:"line"`
		Passed   bool               `json:"passed"`
		Visitor  string             `json:"visitor"`
		Failures []ruletest.Failure `json:"failures,omitempty"`
	}
	tests := make([]test, 0, len(r.results))
	for _, x := range r.results {
		tests = append(tests, test{x.Test.Name, x.Test.File, x.Test.Line, x.Passed(), x.Visitor, x.Failures})
	}
	answer := map[string]any{"passed": len(tests) - r.failed(), "failed": r.failed(), "tests": tests}
	if coverage {
		seen, all := r.coverage.Share()
		answer["coverage"] = map[string]any{"seen": seen, "all": all, "campaigns": r.coverage.Campaigns()}
	}
	return writeJSON(out, answer)
}

// writeJUnit writes the results as CI systems read them: a suite a file, a case
// a test.
func writeJUnit(name string, r ran) error {
	var all junit.Testsuites
	var suite junit.Testsuite
	var sum time.Duration
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
	for i, result := range r.results {
		if suite.Name != result.Test.File {
			if suite.Name != "" {
				all.AddSuite(suite)
			}
			suite, sum = junit.Testsuite{Name: result.Test.File, File: result.Test.File, ID: len(all.Suites)}, 0
		}
		one := junit.Testcase{Name: result.Test.Name, Classname: result.Test.File, Time: seconds(r.took[i])}
		if !result.Passed() {
			var bodies []string
			for _, f := range result.Failures {
				bodies = append(bodies, failureText(result, f))
			}
			first := strings.TrimSpace(strings.SplitN(failureBody(result, result.Failures[0]), "\n", 2)[0])
			one.Failure = &junit.Result{Message: first, Type: "expect", Data: strings.Join(bodies, "\n\n")}
		}
		sum += r.took[i]
		suite.Time = seconds(sum)
		suite.AddTestcase(one)
	}
	if suite.Name != "" {
		all.AddSuite(suite)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, `<?xml version="1.0" encoding="UTF-8"?>`+"\n")
	return errors.Join(err, all.WriteXML(f), f.Close())
}
