package main

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/rules"
)

// report is what omo check has to say of one folder.
type report struct {
	dir    string // as it was given
	set    *rules.Set
	found  rules.Findings
	strict bool
}

func (r report) fails() bool {
	errs, warnings := r.found.Count()
	return errs > 0 || r.strict && warnings > 0
}

// maxPrinted is how many findings a terminal shows; the other formats have all.
const maxPrinted = 100

func (r report) text(out io.Writer) error {
	shown := r.found
	if len(shown) > maxPrinted { // errors before warnings: they are what has to be mended
		shown = slices.Clone(shown)
		slices.SortStableFunc(shown, func(a, b rules.Finding) int { return strings.Compare(string(a.Severity), string(b.Severity)) })
		shown = shown[:maxPrinted]
	}
	for _, f := range shown {
		if _, err := fmt.Fprintf(out, "%s\n\n", f.Numbered()); err != nil {
			return err
		}
	}
	if more := len(r.found) - len(shown); more > 0 {
		if _, err := fmt.Fprintf(out, "%s more: --format json lists all\n\n", counted(more, "finding")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, r.summary())
	return err
}

// summary is the last line: what there is, and where more is said of it.
func (r report) summary() string {
	errs, warnings := r.found.Count()
	var parts []string
	if errs > 0 {
		parts = append(parts, counted(errs, "error"))
	}
	if warnings > 0 {
		parts = append(parts, counted(warnings, "warning"))
	}
	line := strings.Join(parts, ", ")
	if !r.fails() {
		has := []string{"good: " + counted(len(r.set.Campaigns), "campaign")}
		if drafts := len(r.set.Drafts); drafts > 0 {
			has = append(has, counted(drafts, "draft"))
		}
		line = strings.Join(append(append(has, fmt.Sprintf("rule set %.12s", r.set.Hash)), parts...), ", ")
	}
	if len(r.found) > 0 {
		line += "; omo check --explain " + r.found[0].ID + " says more of the first"
	}
	return line
}

// github writes workflow commands, which GitHub shows at the lines of a pull request.
func (r report) github(out io.Writer) error {
	for _, f := range r.found {
		place := "file=" + property(r.file(f))
		if f.Line > 0 {
			place += fmt.Sprintf(",line=%d,col=%d", f.Line, f.Column)
		}
		if _, err := fmt.Fprintf(out, "::%s %s,title=%s::%s\n", f.Severity, place, property(f.ID+" "+f.Code), escaped(sentence(f))); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, r.summary())
	return err
}

// sentence is a finding without its place.
func sentence(f rules.Finding) string {
	s := f.Message
	if f.Path != "" {
		s = f.Path + ": " + s
	}
	if f.Hint != "" {
		s += "\nhint: " + f.Hint
	}
	return s
}

// escaped and property are a workflow command's text and its parameters.
func escaped(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escaped(s))
}

// file is a finding's file as seen from where omo was called: of a repository
// checked at its top, that is its path in the repository.
func (r report) file(f rules.Finding) string {
	dir := r.dir
	if here, err := os.Getwd(); err == nil && filepath.IsAbs(dir) {
		if rel, err := filepath.Rel(here, dir); err == nil && !strings.HasPrefix(rel, "..") {
			dir = rel
		}
	}
	return path.Join(filepath.ToSlash(dir), f.File)
}
