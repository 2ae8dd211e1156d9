package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"
)

// answers is how a command gives its answer: as JSON where that is asked for, or
// where nobody watches; and else for people to read.
type answers struct {
	json bool
	told *bool // whether --json was said, true or false
}

// flag adds --json to a command; what people get instead is in its help.
func (a *answers) flag(cmd *cobra.Command, instead string) {
	cmd.Flags().BoolVar(&a.json, "json", false, "JSON (the default when piped; --json=false for "+instead+")")
	a.told = &cmd.Flags().Lookup("json").Changed
}

// asJSON says which of the two it is on out.
func (a *answers) asJSON(out io.Writer) bool { return a.json || !*a.told && !onTerminal(out) }

// give writes the answer, or lets show write it for people.
func (a *answers) give(out io.Writer, answer any, show func()) error {
	if a.asJSON(out) {
		return writeJSON(out, answer)
	}
	show()
	return nil
}

// writeJSON writes v as every JSON of the command line is: indented, and with the
// letters that it has.
func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
