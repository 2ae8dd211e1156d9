package main

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
)

func usageCommand() *cobra.Command {
	server, month, months, sql, f := "http://127.0.0.1:8080", "", 3, false, form{}
	cmd := &cobra.Command{
		Use:   "usage",
		Short: "Monthly unique visitors, and what else was counted",
		Long: `Monthly unique visitors, different user ids among them, events and decisions, by
months of the site's time zone. Crawlers are left out.
Needs a running server and OMO_SECRET_KEY.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			q := url.Values{"sql": {"1"}}
			if month != "" {
				q.Set("month", month)
			} else {
				q.Set("months", strconv.Itoa(months))
			}
			var answer struct {
				Results api.Usage `json:"results"`
				SQL     string    `json:"sql"`
			}
			if err := c.call(cmd.Context(), "/v1/usage?"+q.Encode(), nil, &answer); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			if sql {
				fmt.Fprintln(out, answer.SQL)
				return nil
			}
			return f.give(cmd, answerForms{json: answer.Results, sheet: answer.Results.Sheet, show: func(r reader) {
				t := newTable(out, r.say("月", "month"), r.say("来訪者数（月間）", "unique visitors"), r.say("会員数", "persons"), r.say("イベント", "events"), r.say("判定", "decisions"))
				for _, m := range answer.Results.Months {
					t.AppendRow(table.Row{m.Month, count(m.Visitors), count(m.Persons), count(m.Events), count(m.Decisions)})
				}
				t.SetColumnConfigs(rightAligned(2, 3, 4, 5))
				render(out, t)
			}})
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	cmd.Flags().StringVar(&month, "month", "", "that month alone (2026-12)")
	cmd.Flags().IntVar(&months, "months", months, "how many months, the present one among them")
	cmd.Flags().BoolVar(&sql, "sql", false, "the SQL behind the numbers")
	cmd.MarkFlagsMutuallyExclusive("month", "months")
	f.flag(cmd)
	return cmd
}
