package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

func outboxCommand() *cobra.Command {
	server, asJSON := "http://127.0.0.1:8080", false
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "Webhooks and e-mails that are to be sent, or were given up",
		Long: `Webhooks and e-mails that are to be sent, or were given up after 24 hours or a
refusal. Needs OMO_SECRET_KEY. What was given up is kept for 30 days.`,
	}
	cmd.PersistentFlags().StringVar(&server, "server", server, "the server's address")
	list := &cobra.Command{
		Use: "list", Short: "What there is, the next first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var answer struct {
				Outbox []outbox.Entry `json:"outbox"`
			}
			if err := c.call(cmd.Context(), "/v1/outbox", nil, &answer); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			if asJSON || !onTerminal(out) && !cmd.Flags().Changed("json") {
				enc := json.NewEncoder(out)
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				return enc.Encode(answer)
			}
			if len(answer.Outbox) == 0 {
				fmt.Fprintln(out, "nothing is to be sent")
				return nil
			}
			t := newTable(out, "id", "kind", "campaign", "next try", "tries", "last error")
			for _, e := range answer.Outbox {
				next := "given up"
				if !e.Due.IsZero() {
					next = e.Due.Local().Format(time.DateTime)
				}
				t.AppendRow(table.Row{e.ID, e.Kind, e.Campaign, next, e.Tries, fold(e.Error, 60)})
			}
			t.Render()
			return nil
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "JSON (the default when piped; --json=false for the table)")
	cmd.AddCommand(list, &cobra.Command{
		Use: "retry [ID]", Short: "Try again what was given up: one, or all of it", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			asked := map[string]string{}
			if len(args) == 1 {
				asked["id"] = args[0]
			}
			body, err := json.Marshal(asked)
			if err != nil {
				return err
			}
			var answer struct{ Retried int }
			if err := c.call(cmd.Context(), "/v1/outbox/retry", body, &answer); err != nil {
				return exit{findings, err}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d are tried again\n", answer.Retried)
			return nil
		},
	})
	return cmd
}
