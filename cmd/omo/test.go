package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine/ruletest"
	"github.com/omotenashi-web/omotenashi/rules"
	"github.com/omotenashi-web/omotenashi/rules/watch"
)

type testOptions struct {
	coverage, json, watch bool
	junit, run            string
	only                  *regexp.Regexp
}

func testCommand() *cobra.Command {
	o := testOptions{}
	cmd := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of a rules folder",
		Long: `Runs tests/*.test.yaml of a rules folder (this one, unless told): events over
time, a page, and what each campaign is expected to do then.

  tests:
    - name: shown on exit once the cart is worth it
      now: 2026-12-05T21:00
      events: [{at: -2d, name: page_view}, {at: -2m, name: add_to_cart, value: 6800, url: /cart}]
      page: {url: /cart}
      trigger: exit_intent
      expect: {cart-rescue: any}      # none, control, armed, a variant, {none: rule_false}

What the server sends is expected by its campaign, and by as much of it as matters;
the clock goes on to until:

      until: +2d
      sent: [{campaign: booking-reminder, at: +25h, type: email, subject: 明日10時のご予約}]   # [] for nothing

A visitor who draws what is expected is found where the test names none. Exits
with 1 when a test fails or there is none to run.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return fmt.Errorf("%s is not a folder: give the rules folder, the one with campaigns/ in it", dir)
			}
			var err error
			if o.only, err = regexp.Compile(o.run); err != nil {
				return fmt.Errorf("--run %s is not a pattern: %w", o.run, err)
			}
			if o.watch {
				return o.rerun(cmd.Context(), dir, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			return o.test(os.DirFS(dir), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.coverage, "coverage", false, "say which conditions no test made true or false")
	f.StringVar(&o.junit, "junit", "", "write the results to this file, as JUnit XML")
	f.BoolVar(&o.json, "json", false, "print the results as JSON")
	f.StringVar(&o.run, "run", "", "only tests whose name matches this regular expression")
	f.BoolVar(&o.watch, "watch", false, "run again whenever the folder changes")
	return cmd
}

// rerun tests now and after each change, until ctx ends.
func (o testOptions) rerun(ctx context.Context, dir string, out, trouble io.Writer) error {
	return watch.Watch(ctx, dir, func() {
		if err := o.test(os.DirFS(dir), out); err != nil {
			if e, ok := err.(exit); !ok || e.err != nil {
				fmt.Fprintln(trouble, "omo:", err)
			}
		}
		if !o.json {
			fmt.Fprintln(out, "\nwaiting for a change in", dir)
		}
	})
}

// ran is a run of all tests that were asked for.
type ran struct {
	results  []ruletest.Result
	took     []time.Duration // each test
	coverage *ruletest.Coverage
}

func (o testOptions) test(folder fs.FS, out io.Writer) error {
	set, found := rules.Load(folder)
	var tests []*rules.Test
	if set != nil {
		var more rules.Findings
		tests, more = rules.LoadTests(folder, set)
		found = append(onlyErrors(found), more...)
	}
	if found.Err() != nil {
		return o.refuse(out, onlyErrors(found))
	}
	r := ruletest.New(set)
	coverage, err := r.Coverage()
	if err != nil {
		return exit{findings, err}
	}
	all := ran{coverage: coverage}
	for _, t := range tests {
		if !o.only.MatchString(t.Name) {
			continue
		}
		began := time.Now()
		result := r.Run(t)
		all.results, all.took = append(all.results, result), append(all.took, time.Since(began))
		coverage.Add(result)
	}
	if o.junit != "" {
		if err := writeJUnit(o.junit, all); err != nil {
			return exit{misuse, fmt.Errorf("--junit: %w", err)}
		}
	}
	if o.json {
		err = all.json(out, o.coverage)
	} else {
		all.text(out, o, len(tests))
	}
	if err == nil && (all.failed() > 0 || len(all.results) == 0) {
		return exit{code: findings}
	}
	return err
}

// onlyErrors leaves the warnings to omo check.
func onlyErrors(all rules.Findings) (errs rules.Findings) {
	for _, f := range all {
		if f.Severity == rules.Error {
			errs = append(errs, f)
		}
	}
	return errs
}

// refuse says why nothing can be tested.
func (o testOptions) refuse(out io.Writer, found rules.Findings) error {
	if o.json {
		if err := writeJSON(out, map[string]any{"passed": 0, "failed": 0, "tests": []string{}, "findings": found}); err != nil {
			return err
		}
		return exit{code: findings}
	}
	for _, f := range found {
		fmt.Fprintf(out, "%s\n\n", f)
	}
	fmt.Fprintf(out, "nothing was tested: %s\n", counted(len(found), "error"))
	return exit{code: findings}
}

func (r ran) failed() (n int) {
	for _, result := range r.results {
		if !result.Passed() {
			n++
		}
	}
	return n
}
