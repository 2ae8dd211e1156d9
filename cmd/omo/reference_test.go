package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/omotenashi-web/omotenashi/rules"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		cells int
		want  string
	}{
		{"short", 10, "short"},
		{"at a space", 6, "at a\nspace"},
		{"unbreakable", 4, "unbr\neaka\nble"},
		{"日本語の文。", 6, "日本語\nの文。"},
		{"開く記号（かっこ）", 10, "開く記号\n（かっこ）"},
		{"閉じる記号は、頭に来ない", 12, "閉じる記号\nは、頭に来な\nい"},
		{"visitor.visits は来訪の回数", 16, "visitor.visits \nは来訪の回数"},
		{"a  b", 2, "a\nb"},
		{"given\nbreaks stay", 6, "given\nbreaks\nstay"},
		{"", 3, ""},
	} {
		want := strings.ReplaceAll(c.want, " \n", "\n")
		if got := fold(c.text, c.cells); got != want {
			t.Errorf("fold(%q, %d) = %q, want %q", c.text, c.cells, got, want)
		}
	}
}

// On a terminal every line of the reference fits, and all columns line up,
// whatever mix of scripts they hold.
func TestReferenceFitsATerminal(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"ja", "en"} {
		for _, cells := range []int{120, 160, 220} {
			for _, s := range rules.Reference() {
				var out bytes.Buffer
				writeReference(&out, []rules.Section{s}, lang, "%s\n\n", table.Writer.Render, cells)
				lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
				body := lines[2:]
				for _, line := range body {
					if got := text.StringWidth(line); got > cells || got != text.StringWidth(body[0]) {
						t.Fatalf("%s, %d cells, %s: a line of %d cells, the first has %d:\n%s", lang, cells, s.ID, got, text.StringWidth(body[0]), line)
					}
				}
				for _, e := range s.Entries {
					if !strings.Contains(out.String(), " "+e.Written+" ") {
						t.Errorf("%s: %s is not there in one piece", s.ID, e.Written)
					}
				}
			}
		}
	}
}

func TestLanguageOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{}, "en"},
		{map[string]string{"LANG": "ja_JP.UTF-8"}, "ja"},
		{map[string]string{"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja"},
	} {
		if got := languageOf(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %s, want %s", c.env, got, c.want)
		}
	}
}
