package main

import (
	"fmt"
	"io"
	"net/url"

	"github.com/omotenashi-web/omotenashi/rules"
)

// What omo writes of SARIF 2.1.0 (OASIS, Static Analysis Results Interchange
// Format), which code hosts and editors read.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID       string         `json:"id"`
		Name     string         `json:"name"`
		Short    sarifText      `json:"shortDescription"`
		Help     sarifText      `json:"help"`
		Defaults map[string]any `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     rules.Severity  `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPlace `json:"physicalLocation"`
	}
	sarifPlace struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn"`
	}
)

func (r report) sarif(out io.Writer) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "omo check", InformationURI: "https://github.com/omotenashi-web/omotenashi", Rules: []sarifRule{}}
	places := map[string]int{} // code → its place among the rules
	for _, f := range r.found {
		at, known := places[f.ID]
		if !known {
			code, err := rules.CodeOf(f.ID)
			if err != nil {
				return fmt.Errorf("a finding of a code that is in no table: %w", err)
			}
			at = len(run.Tool.Driver.Rules)
			places[f.ID] = at
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
				ID: code.ID, Name: code.Word, Short: sarifText{code.English.Means},
				Help:     sarifText{code.English.Matters + " " + code.English.Do + "\n\n" + code.Japanese.Means + code.Japanese.Matters + code.Japanese.Do},
				Defaults: map[string]any{"level": code.Severity},
			})
		}
		result := sarifResult{RuleID: f.ID, RuleIndex: at, Level: f.Severity, Message: sarifText{sentence(f)}}
		place := sarifPlace{}
		place.Artifact.URI = (&url.URL{Path: r.file(f)}).String()
		if f.Line > 0 {
			place.Region = &sarifRegion{f.Line, f.Column}
		}
		result.Locations = []sarifLocation{{place}}
		run.Results = append(run.Results, result)
	}
	return writeJSON(out, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}
