package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ruletest"
	"github.com/omotenashi-web/omotenashi/rules"
)

const (
	testWithin = 10 * time.Second // for a folder's own tests, all together
	testsTold  = 20               // failures that are told; omo test tells them all
)

// loadTested reads a rules folder and runs its own tests: only a folder whose
// campaigns do as its author says may serve. Tests for which there is no time
// are left out, which is said.
func loadTested(dir string, within time.Duration, log *slog.Logger) (*rules.Set, error) {
	set, err := loadRules(dir)
	if err != nil {
		return nil, err
	}
	tests, found := rules.LoadTests(os.DirFS(dir), set)
	if err := found.Err(); err != nil {
		return nil, exit{findings, fmt.Errorf("rules folder %s is not good:\n%w", dir, err)}
	}
	runner, began, failed := ruletest.New(set), time.Now(), []string{}
	for i, t := range tests {
		if time.Since(began) >= within {
			log.Warn("tests of the rules folder were left out: they take too long", "left_out", len(tests)-i, "tests", len(tests), "within", within)
			break
		}
		failed = append(failed, runTest(runner, t)...)
	}
	if len(failed) == 0 {
		return set, nil
	}
	told := failed[:min(len(failed), testsTold)]
	return nil, exit{findings, fmt.Errorf("rules folder %s is not good: its own tests fail (omo test %s):\n%s", dir, dir, strings.Join(told, "\n"))}
}

// runTest gives a test's failures. A rule that panics fails its test.
func runTest(r *ruletest.Runner, t *rules.Test) (failed []string) {
	defer func() {
		if p := recover(); p != nil {
			failed = append(failed, fmt.Sprintf("%s:%d: %s\n    a rule panicked: %v", t.File, t.Line, t.Name, p))
		}
	}()
	result := r.Run(t)
	for _, f := range result.Failures {
		failed = append(failed, failureText(result, f))
	}
	return failed
}
