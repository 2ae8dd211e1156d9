package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

// States of a finding.
const (
	well    = "ok"
	note    = "note" // worth knowing; nothing is wrong
	trouble = "trouble"
)

// finding is what the doctor says of one thing.
type finding struct {
	Check  string `json:"check"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// doctor looks and changes nothing: it opens a ledger that nobody uses, and
// starts no ClickHouse.
type doctor struct {
	data, rules, clickhouse, server string
	key                             string // the secret key, "" where it is not told
	now                             func() time.Time

	found []finding
}

func (d *doctor) say(check, state, detail, remedy string) {
	d.found = append(d.found, finding{check, state, detail, remedy})
}

// fail says an error; its text holds the remedy already, as the house's errors do.
func (d *doctor) fail(check string, err error, remedy string) {
	d.say(check, trouble, err.Error(), remedy)
}

func doctorCommand() *cobra.Command {
	d := &doctor{now: time.Now}
	var form answers
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether everything is well, and say what to do where it is not",
		Long: `Look whether everything is well: data folder, disk, keys, ledger, rules, server,
ClickHouse and clocks, each with what to do. It changes nothing. With
OMO_SECRET_KEY set a running server tells more. Exit code 1 when something is
wrong. omo doctor privacy prints the notice of what a shop's pages send.`,
		Example: `  omo doctor
  omo doctor --data /var/lib/omo --rules rules --server https://omo.shop.example`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.key = secretKeyFromEnvironment()
			d.look(cmd.Context())
			out := cmd.OutOrStdout()
			err := form.give(out, d.found, func() {
				t := newTable(out, "check", "", "what was found", "what to do")
				for _, f := range d.found {
					t.AppendRow(table.Row{f.Check, map[string]string{well: "✓", note: "–", trouble: "✗"}[f.State], f.Detail, f.Remedy})
				}
				t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: 60}, {Number: 4, WidthMax: 50}})
				t.Render()
			})
			if err != nil {
				return err
			}
			bad := 0
			for _, f := range d.found {
				if f.State == trouble {
					bad++
				}
			}
			if bad > 0 {
				return exit{findings, errors.New(counted(bad, "trouble"))}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.data, "data", "omo-data", "the data folder")
	f.StringVar(&d.rules, "rules", "", "the rules folder")
	f.StringVar(&d.clickhouse, "clickhouse", "", "the ClickHouse server that omo serve is given; without it the embedded one")
	f.StringVar(&d.server, "server", "http://127.0.0.1:8080", "the omo server")
	form.flag(cmd, "the table")
	cmd.AddCommand(privacyCommand())
	return cmd
}

// look goes from the ground up.
func (d *doctor) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	d.folder()
	d.disk()
	d.keys()
	running := d.serving(ctx)
	if !running {
		d.ledger()
	}
	d.warehouse(ctx)
	d.ruleSet()
}

func (d *doctor) ruleSet() {
	if d.rules == "" {
		d.say("rules", note, "not looked at", "name the folder with --rules")
		return
	}
	set, err := loadRules(d.rules)
	if err != nil {
		d.fail("rules", err, "omo check "+d.rules+" says each mistake at its line")
		return
	}
	d.say("rules", well, fmt.Sprintf("%s, rule set %.12s", counted(len(set.Campaigns), "campaign"), set.Hash), "")
}
