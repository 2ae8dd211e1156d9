package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/omotenashi-web/omotenashi/rules"
)

func referenceCommand() *cobra.Command {
	lang, format := "", "text"
	cmd := &cobra.Command{
		Use:   "reference [NAME]",
		Short: "Explain the rules language: every key, name, function and operator",
		Long: `Every key of the rules folder's files, every name, function and operator of
rules, with type, unit, bounds, what holds when it is unknown or left out, and an
example; in Japanese or English, by --lang or else by LC_ALL, LC_MESSAGES or LANG.
With a NAME (visitor.visits, frequency, count, &&), that one in full.

ルールの書き方の一覧です。日本語で見るには --lang ja を付けてください。`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if lang == "" {
				lang = languageOf(os.Getenv)
			}
			if lang != "ja" && lang != "en" {
				return fmt.Errorf("--lang %s is neither ja nor en", lang)
			}
			all, out := rules.Reference(), cmd.OutOrStdout()
			if len(args) == 1 {
				found, near := rules.Lookup(all, args[0])
				if found == nil {
					if near != "" {
						return exit{findings, fmt.Errorf("the rules language has no %q, did you mean %q?", args[0], near)}
					}
					return exit{findings, fmt.Errorf("the rules language has no %q; omo reference lists all it has", args[0])}
				}
				all = found
			}
			switch format {
			case "json":
				return writeJSON(out, all)
			case "markdown":
				writeReference(out, all, lang, "## %s\n\n", table.Writer.RenderMarkdown, 0)
				return nil
			case "text":
				switch cells := width(out); {
				case len(args) == 1:
					writeArticles(out, all, lang)
				case cells > 0:
					writeReference(out, all, lang, "%s\n\n", table.Writer.Render, cells)
				default:
					writeReference(out, all, lang, "# %s\n", table.Writer.RenderTSV, 0)
				}
				return nil
			}
			return fmt.Errorf("--format %s is none of text, markdown, json", format)
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "", "ja or en (default: the terminal's language)")
	cmd.Flags().StringVar(&format, "format", format, "text, markdown or json (which holds both languages)")
	return cmd
}

// languageOf is the language of the terminal, as POSIX ranks its variables.
func languageOf(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			if strings.HasPrefix(v, "ja") {
				return "ja"
			}
			return "en"
		}
	}
	return "en"
}

// width is how many cells a terminal has across; 0 elsewhere, where a line of
// tab-separated cells serves grep and cut better than a table.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok && onTerminal(w) {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			return columns
		}
	}
	return 0
}

var headers = map[string][]any{
	"ja": {"名前", "型", "意味", "書かない・不明のとき", "例"},
	"en": {"name", "type", "meaning", "left out or unknown", "example"},
}

// writeReference prints a table a section, on a terminal so many cells wide.
func writeReference(w io.Writer, sections []rules.Section, lang, heading string, render func(table.Writer) string, cells int) {
	for i, s := range sections {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, heading, s.Title.In(lang))
		t := newTable(w, headers[lang]...)
		between := " / "
		if cells > 0 {
			between = "\n"
			t.SetColumnConfigs(shares(s.Entries, cells))
		}
		for _, e := range s.Entries {
			t.AppendRow(table.Row{e.Written, e.Type.In(lang), meaning(e, lang, between), e.Missing.In(lang), e.Example})
		}
		render(t)
	}
}

// shares parts a terminal's width among the columns: names are never broken,
// the other columns share what they leave.
func shares(entries []rules.Entry, cells int) []table.ColumnConfig {
	names := 0
	for _, e := range entries {
		names = max(names, text.StringWidth(e.Written))
	}
	rest := max(cells-names-2*5, 50) // two cells of space a column
	column := func(number, of10 int) table.ColumnConfig {
		return table.ColumnConfig{Number: number, WidthMax: rest * of10 / 10, WidthMaxEnforcer: fold}
	}
	return []table.ColumnConfig{column(2, 1), column(3, 4), column(4, 2), column(5, 3)}
}

// meaning is an entry's text with its unit, bounds and values.
func meaning(e rules.Entry, lang, between string) string {
	parts := []string{e.Text.In(lang)}
	for _, f := range facts(e, lang) {
		parts = append(parts, f[0]+": "+f[1])
	}
	return strings.Join(parts, between)
}

func facts(e rules.Entry, lang string) (out [][2]string) {
	labels := map[string][3]string{"ja": {"単位", "範囲", "値"}, "en": {"unit", "bounds", "values"}}[lang]
	for i, v := range []string{e.Unit.In(lang), e.Bounds.In(lang), strings.Join(e.Values, " ")} {
		if v != "" {
			out = append(out, [2]string{labels[i], v})
		}
	}
	return out
}

// writeArticles prints each entry in full.
func writeArticles(w io.Writer, sections []rules.Section, lang string) {
	labels := map[string][3]string{"ja": {"型", "書かない・不明のとき", "例"}, "en": {"type", "left out or unknown", "example"}}[lang]
	first := true
	for _, s := range sections {
		for _, e := range s.Entries {
			if !first {
				fmt.Fprintln(w)
			}
			first = false
			fmt.Fprintf(w, "%s   (%s)\n\n  %s\n\n", e.Written, s.Title.In(lang), e.Text.In(lang))
			lines := append([][2]string{{labels[0], e.Type.In(lang)}}, facts(e, lang)...)
			lines = append(lines, [2]string{labels[1], e.Missing.In(lang)}, [2]string{labels[2], e.Example})
			wide := 0
			for _, l := range lines {
				wide = max(wide, text.StringWidth(l[0]))
			}
			for _, l := range lines {
				if l[1] != "" {
					fmt.Fprintf(w, "  %s  %s\n", text.Pad(l[0], wide, ' '), l[1])
				}
			}
		}
	}
}
