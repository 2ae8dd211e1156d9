package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	ignoreForm = regexp.MustCompile(`(?:^|\s)(#\s*omo:ignore)\b(.*)$`)
	codeForm   = regexp.MustCompile(`^(?i:omo)[0-9A-Za-z]+$`)
)

// ignore is one `# omo:ignore OMO104 because …`: on the line it speaks of, or
// above it on a line of its own.
type ignore struct {
	at     *node
	line   int // the line it speaks of
	codes  []string
	reason bool
	used   map[string]bool
}

// obey takes out the warnings that comments of the folder silence, and adds one
// for each comment that may not, or does not. Unless the findings are complete,
// a comment may wait for one that is not there yet.
func obey(source map[string]string, found Findings, complete bool) Findings {
	byFile := map[string][]*ignore{}
	for _, name := range sortedKeys(source) {
		if strings.Contains(source[name], "omo:ignore") {
			byFile[name] = ignores(name, source[name])
		}
	}
	out := slices.DeleteFunc(found, func(f Finding) bool {
		silenced := false
		for _, c := range byFile[f.File] {
			if id := idOf(f.Code); c.line == f.Line && c.reason && f.Severity == Warning && slices.Contains(c.codes, id) {
				c.used[id], silenced = true, true
			}
		}
		return silenced
	})
	r := &reader{found: &out}
	for _, name := range sortedKeys(byFile) {
		for _, c := range byFile[name] {
			c.judge(r, complete)
		}
	}
	return out
}

func ignores(name, text string) []*ignore {
	src := &source{name: name, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	var out []*ignore
	for i, line := range src.lines {
		at := ignoreForm.FindStringSubmatchIndex(line)
		if at == nil {
			continue
		}
		c := &ignore{
			at:   &node{src: src, line: i + 1, column: 1 + len([]rune(line[:at[2]]))},
			line: i + 1, used: map[string]bool{},
		}
		for c.line < len(src.lines) && strings.HasPrefix(strings.TrimSpace(src.line(c.line)), "#") {
			c.line++ // past this comment and those that stand between it and what it speaks of
		}
		words := strings.FieldsFunc(line[at[4]:at[5]], func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == ':' })
		for len(words) > 0 && codeForm.MatchString(words[0]) {
			c.codes, words = append(c.codes, words[0]), words[1:]
		}
		if len(words) > 0 && words[0] == "because" {
			words = words[1:]
		}
		c.reason = len(words) > 0
		out = append(out, c)
	}
	return out
}

// judge says what is wrong with the comment itself.
func (c *ignore) judge(r *reader, complete bool) {
	const how = "write # omo:ignore OMO108 because …, on the line or above it"
	if len(c.codes) == 0 {
		r.warn(c.at, "", "ignore_unused", "the comment names no code", how)
		return
	}
	if !c.reason {
		r.warn(c.at, "", "ignore_reason", "the comment gives no reason, and so silences nothing", how)
		return
	}
	for _, id := range c.codes {
		code, ok := codeOf(id)
		switch {
		case c.used[id]:
		case !ok:
			r.warn(c.at, "", "ignore_unused", "there is no code "+id+suggestion(id), "omo check --codes lists them all")
		case code.Severity == Error:
			r.warn(c.at, "", "ignore_unused", id+" is an error, which no comment silences", "mend the error, and remove the comment")
		case complete:
			r.warn(c.at, "", "ignore_unused", fmt.Sprintf("the comment silences nothing: line %d has no %s", c.line, id), "remove it")
		}
	}
}
