package api

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/rules"
)

// tried is the file that a text of the playground stands in, beside those of the
// rules in use. Nothing of it is written anywhere.
const tried = "campaigns/playground.yaml"

// check says what omo check says of the text, and gives the rules with it in place
// and its campaign; nil where they have an error.
func (s *Server) check(c echo.Context, page *dashboard.Playground) (*rules.Set, *rules.Campaign) {
	page.Checked = true
	set, found, _ := rules.Lint(s.folderWith(page.YAML, false), rules.LintOptions{Now: s.now()})
	language := s.frame(c, "playground").Language
	for _, f := range found {
		here := f.File == tried
		if !here && f.Severity != rules.Error {
			continue // the folder's own, said before
		}
		means := explained(f.ID, language)
		page.Findings = append(page.Findings, dashboard.Finding{
			Means: means.Means, Do: means.Do,
			Here: here, File: f.File, Line: f.Line, Column: f.Column, Severity: string(f.Severity), ID: f.ID, Path: f.Path, Message: f.Message, Hint: f.Hint, Excerpt: f.Excerpt,
		})
	}
	if set == nil {
		return nil, nil
	}
	if page.AsLive {
		if live, found := rules.Load(s.folderWith(page.YAML, true)); found.Err() == nil {
			set = live
		}
	}
	campaign := set.Written(idIn(page.YAML))
	if campaign == nil {
		page.Problem, page.In, page.Cited = s.saidTo(c, problem("bad_request", "the text has no campaign: begin with its id").in("施策がありません。id: から書き始めてください。"))
	}
	return set, campaign
}

// explained is what a finding's code means; nothing of one that nobody explains.
func explained(id, language string) rules.Explanation {
	code, err := rules.CodeOf(id)
	switch {
	case err != nil:
		return rules.Explanation{}
	case language == "ja":
		return code.Japanese
	default:
		return code.English
	}
}

// folderWith is the rules in use with a text in the place of the campaigns of its
// ids; as live, whatever status it has.
func (s *Server) folderWith(text string, asLive bool) fs.FS {
	folder := fstest.MapFS{}
	ids := idsIn(text)
	for name, file := range s.engine.Live().Set.Source {
		if strings.HasPrefix(name, "campaigns/") {
			file = without(file, ids)
		}
		if strings.TrimSpace(file) != "" || !strings.HasPrefix(name, "campaigns/") {
			folder[name] = &fstest.MapFile{Data: []byte(file)}
		}
	}
	if asLive {
		text = live(text)
	}
	folder[tried] = &fstest.MapFile{Data: []byte(text)}
	return folder
}

var (
	idForm     = regexp.MustCompile(`(?m)^id:\s*["']?([A-Za-z0-9_-]+)`)
	statusForm = regexp.MustCompile(`(?m)^status:.*$`)
	separator  = regexp.MustCompile(`(?m)^---.*$\n?`)
)

// idsIn are the campaigns that a text writes.
func idsIn(text string) (ids []string) {
	for _, found := range idForm.FindAllStringSubmatch(text, -1) {
		ids = append(ids, found[1])
	}
	return ids
}

// idIn is the first of them: the one that is tried.
func idIn(text string) string {
	if ids := idsIn(text); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// without is a file without the campaigns of some ids.
func without(file string, ids []string) string {
	var kept []string
	for _, document := range separator.Split(file, -1) {
		if !slices.Contains(ids, idIn(document)) {
			kept = append(kept, document)
		}
	}
	return strings.Join(kept, "---\n")
}

// written is the text of one campaign of the rules in use.
func (s *Server) written(id string) (string, bool) {
	set := s.engine.Live().Set
	x := set.Written(id)
	if x == nil {
		return "", false
	}
	for _, document := range separator.Split(set.Source[x.File], -1) {
		if idIn(document) == id {
			return strings.TrimRight(document, "\n") + "\n", true
		}
	}
	return "", false
}

// live is a text whose campaigns are live; its lines stay where they are.
func live(text string) string {
	documents := separator.Split(text, -1)
	for i, d := range documents {
		switch {
		case statusForm.MatchString(d):
			documents[i] = statusForm.ReplaceAllString(d, "status: live")
		case idForm.MatchString(d):
			documents[i] = fmt.Sprintf("%s\nstatus: live\n", strings.TrimRight(d, "\n"))
		}
	}
	return strings.Join(documents, "---\n")
}
