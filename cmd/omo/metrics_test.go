package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

var described = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "(.*?)", (?:unit: "[^"]*", )?constLabels: \{.*\}, variableLabels: \{(.*)\}\}$`)

// Every metric of our own is in the table that operators read, and every alert
// is about metrics that there are.
func TestMetricsAreDescribedAndAlertsKnowThem(t *testing.T) {
	t.Parallel()
	a, _ := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), ClickHouse: "clickhouse://127.0.0.1:1/away"})
	descriptions := make(chan *prometheus.Desc)
	go func() {
		a.metrics.Describe(descriptions)
		close(descriptions)
	}()
	names := map[string]bool{"up": true}
	var rows []string
	for d := range descriptions {
		parts := described.FindStringSubmatch(d.String())
		if parts == nil {
			t.Fatalf("a description of an unknown form: %s", d)
		}
		name, help, labels := parts[1], strings.ReplaceAll(parts[2], `\"`, `"`), strings.ReplaceAll(parts[3], ",", " ")
		names[name] = true
		if !strings.HasPrefix(name, "omo_") {
			continue // Go's and the process's own
		}
		if help == "" {
			t.Errorf("%s says nothing about itself", name)
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |", name, labels, help))
	}
	slices.Sort(rows)
	table := "# Metrics\n\nWhat `/metrics` tells, beside Go's and the process's own. Written by `go test ./cmd/omo -run Metrics -update`.\n\n| metric | labels | what it is |\n|---|---|---|\n" +
		strings.Join(slices.Compact(rows), "\n") + "\n"
	const file = "../../examples/deploy/metrics.md"
	if *update {
		if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil || string(kept) != table {
		t.Errorf("%s is not what the product has (%v): run go test ./cmd/omo -run Metrics -update", file, err)
	}
	alerts, err := os.ReadFile("../../examples/deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`omo_\w+`).FindAllString(string(alerts), -1) {
		if !names[strings.TrimSuffix(name, "_bucket")] {
			t.Errorf("an alert asks for %s, which there is not", name)
		}
	}
}
