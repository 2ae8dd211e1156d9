package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
)

// form is how a report is given: for people, or in one of the formats that
// spreadsheets, notebooks and programs read.
type form struct {
	answers
	format, lang string
}

func (f *form) flag(cmd *cobra.Command) {
	f.answers.flag(cmd, "the table")
	cmd.Flags().StringVar(&f.format, "format", "", "table, json, csv or parquet (default: table on a terminal, else json)")
	cmd.Flags().StringVar(&f.lang, "lang", "", "ja or en (default: the terminal's language)")
}

// answerForms is one answer in its forms: as it is for programs, as rows, and for people.
type answerForms struct {
	json  any
	sheet func() api.Sheet
	show  func(reader)
}

// give writes the answer as it was asked for.
func (f *form) give(cmd *cobra.Command, g answerForms) error {
	out := cmd.OutOrStdout()
	format := f.format
	if format == "" {
		if format = "table"; f.asJSON(out) {
			format = "json"
		}
	}
	switch format {
	case "table":
		ja, err := inJapanese(f.lang)
		if err != nil {
			return err
		}
		g.show(reader{ja: ja, terminal: onTerminal(out), zone: time.Local})
		return nil
	case "json":
		return writeJSON(out, g.json)
	case "csv":
		return g.sheet().CSV(out)
	case "parquet":
		if onTerminal(out) {
			return errors.New("--format parquet is no text for a terminal: send it into a file, > results.parquet")
		}
		if err := parquet(cmd.Context(), out, g.sheet(), progressOn(cmd.ErrOrStderr())); err != nil {
			return exit{findings, err}
		}
		return nil
	default:
		return fmt.Errorf("--format %s is none of table, json, csv, parquet", format)
	}
}

// check refuses what cannot be given before anything is asked of the server.
func (f *form) check() error {
	switch f.format {
	case "", "table", "json", "csv", "parquet":
	default:
		return fmt.Errorf("--format %s is none of table, json, csv, parquet", f.format)
	}
	_, err := inJapanese(f.lang)
	return err
}
