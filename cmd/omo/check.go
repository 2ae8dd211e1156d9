package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// counted is a number and what it counts: "1 error", "2 errors".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

type checkOptions struct {
	format, explain, language string
	data, clickhouse          string
	strict, codes             bool
}

func checkCommand() *cobra.Command {
	o := checkOptions{}
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Say every mistake in a rules folder, at its line",
		Long: `Say every mistake in a rules folder, at its line: what refuses it, and what may
be written and cannot be meant. Each kind of finding has a code; --explain tells
what it means, why it matters and what to do, --codes lists them all.

A comment silences a warning on its line or the next one, with a reason:
  # omo:ignore OMO108 because the two never run in one season

With --clickhouse or --data, goals that the warehouse has not seen for 30 days
and coupon pools that will not last another week are told of, too. Exit code 1 when there is an error (with --strict, a warning).`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.codes || o.explain != "" {
				return cobra.NoArgs(cmd, args)
			}
			return one("a rules folder")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			japanese, err := inJapanese(o.language)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			switch {
			case o.codes:
				listCodes(out, japanese)
				return nil
			case o.explain != "":
				code, err := rules.CodeOf(o.explain)
				if err != nil {
					return fmt.Errorf("--explain: %w (omo check --codes lists them all)", err)
				}
				explainCode(out, code, japanese)
				return nil
			}
			return o.check(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "text, json, sarif or github")
	f.BoolVar(&o.strict, "strict", false, "let no warning pass")
	f.StringVar(&o.explain, "explain", "", "explain a code, such as OMO108")
	f.BoolVar(&o.codes, "codes", false, "list all codes")
	f.StringVar(&o.language, "lang", "", "of explanations: ja or en (default: LANG's)")
	f.StringVar(&o.clickhouse, "clickhouse", "", "look for goals never seen on this ClickHouse server, clickhouse://user:password@host:9000/database")
	f.StringVar(&o.data, "data", "", "or on the ClickHouse that omo serve runs on this data folder")
	return cmd
}

// inJapanese settles the language: as told, or as the terminal's locale has it.
func inJapanese(told string) (bool, error) {
	switch told {
	case "ja", "en":
		return told == "ja", nil
	case "":
		for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			if locale := os.Getenv(name); locale != "" {
				return strings.HasPrefix(locale, "ja"), nil
			}
		}
		return false, nil
	}
	return false, fmt.Errorf("--lang %s is neither ja nor en", told)
}

func (o checkOptions) check(cmd *cobra.Command, dir string) error {
	write := map[string]func(report, io.Writer) error{
		"text": report.text, "json": report.json, "sarif": report.sarif, "github": report.github,
	}[o.format]
	if write == nil {
		return fmt.Errorf("--format %s is none of text, json, sarif and github", o.format)
	}
	if o.data != "" && o.clickhouse != "" {
		return errors.New("--data and --clickhouse both name a ClickHouse: give one")
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is not a folder: give the rules folder, the one with campaigns/ in it", dir)
	}
	now := time.Now()
	seen, stop, err := o.seen(cmd, now)
	if err != nil {
		return exit{findings, err}
	}
	defer stop()
	set, found, unseen := rules.Lint(os.DirFS(dir), rules.LintOptions{Now: now, Seen: seen})
	r := report{dir: dir, set: set, found: found, strict: o.strict}
	if err := write(r, cmd.OutOrStdout()); err != nil {
		return err
	}
	if unseen != nil {
		return exit{findings, fmt.Errorf("not all is checked: %w", unseen)}
	}
	if r.fails() {
		return exit{code: findings}
	}
	return nil
}

// seenDays is how long ago an event may have come to count as seen.
const seenDays = 30

// offeredDays is the time whose traffic a coupon pool should last once more.
const offeredDays = 7

// lately answers what a warehouse saw since a moment.
type lately struct {
	ctx   context.Context
	in    *warehouse.Warehouse
	now   time.Time
	since time.Time
}

func (l lately) Event(name string) (bool, error) { return l.in.Seen(l.ctx, name, "", l.since) }
func (l lately) Field(event, field string) (bool, error) {
	return l.in.Seen(l.ctx, event, field, l.since)
}

func (l lately) Offered(campaign, variant string) (ever, week int, err error) {
	return l.in.Offered(l.ctx, campaign, variant, l.now.AddDate(0, 0, -offeredDays))
}

// seen opens the warehouse that was named, if one was: else nobody is asked.
func (o checkOptions) seen(cmd *cobra.Command, now time.Time) (rules.Seen, func() error, error) {
	nothing := func() error { return nil }
	dsn, stop := o.clickhouse, nothing
	if o.data != "" {
		var err error
		if dsn, stop, err = clickhouseOf(cmd, o.data); err != nil {
			return nil, nothing, err
		}
	}
	if dsn == "" {
		return nil, nothing, nil
	}
	w, err := warehouse.Open(cmd.Context(), dsn)
	if err != nil {
		return nil, nothing, errors.Join(err, stop())
	}
	return lately{cmd.Context(), w, now, now.AddDate(0, 0, -seenDays)}, func() error { return errors.Join(w.Close(), stop()) }, nil
}

func listCodes(out io.Writer, japanese bool) {
	head := table.Row{"code", "word", "", "meaning"}
	if japanese {
		head = table.Row{"番号", "語", "", "意味"}
	}
	t := newTable(out, head...)
	for _, c := range rules.Codes() {
		about, severity := said(c, japanese)
		t.AppendRow(table.Row{c.ID, c.Word, severity, firstSentence(about.Means)})
	}
	t.Render()
}

// firstSentence is as much of an explanation as a table's row holds.
func firstSentence(s string) string {
	for _, end := range []string{"。", ". ", ": "} {
		s, _, _ = strings.Cut(s, end)
	}
	return strings.TrimRight(s, ".")
}

func explainCode(out io.Writer, c rules.Code, japanese bool) {
	about, severity := said(c, japanese)
	why, what := "why", "what to do"
	if japanese {
		why, what = "理由", "対処"
	}
	fmt.Fprintf(out, "%s %s (%s)\n\n%s\n\n%s: %s\n%s: %s\n", c.ID, c.Word, severity, about.Means, why, about.Matters, what, about.Do)
}

func said(c rules.Code, japanese bool) (about rules.Explanation, severity string) {
	if !japanese {
		return c.English, string(c.Severity)
	}
	return c.Japanese, map[rules.Severity]string{rules.Error: "エラー", rules.Warning: "警告"}[c.Severity]
}

func (r report) json(out io.Writer) error {
	errs, warnings := r.found.Count()
	list := r.found
	if list == nil {
		list = rules.Findings{}
	}
	return writeJSON(out, map[string]any{"errors": errs, "warnings": warnings, "findings": list})
}
