package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

func campaignsCommand() *cobra.Command {
	server, form := "http://127.0.0.1:8080", answers{}
	cmd := &cobra.Command{
		Use:   "campaigns",
		Short: "List the campaigns a server runs, highest priority first, and the drafts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var list struct {
				Rules     string         `json:"rules"`
				Campaigns []campaignInfo `json:"campaigns"`
			}
			if err := c.call(cmd.Context(), "/v1/campaigns", nil, &list); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			return form.give(out, list, func() {
				t := newTable(out, "campaign", "name", "status", "slot", "priority", "variants", "goal", "file")
				for _, x := range list.Campaigns {
					variants := make([]string, len(x.Variants))
					for i, v := range x.Variants {
						variants[i] = fmt.Sprintf("%s %d", v.ID, v.Weight)
					}
					status := x.Status
					if why := beside(x.Override); why != "" {
						status += " (" + why + ")"
					}
					if x.Backfilling != nil {
						status = fmt.Sprintf("backfilling %.0f %%", 100**x.Backfilling)
					}
					t.AppendRow(table.Row{x.ID, x.Name, status, x.Slot, x.Priority, strings.Join(variants, ", "),
						x.Goals[0].Event + " " + x.Goals[0].Window, fmt.Sprintf("%s:%d", x.File, x.Line)})
				}
				t.SetColumnConfigs(rightAligned(5))
				t.Render()
			})
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	form.flag(cmd, "the table")
	return cmd
}
