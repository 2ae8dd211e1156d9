package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

func outboxCommand() *cobra.Command {
	server := "http://127.0.0.1:8080"
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "Webhooks and e-mails that are to be sent, or were given up",
		Long: `Webhooks and e-mails that are to be sent, or were given up after 24 hours or a
refusal. Needs OMO_SECRET_KEY. What was given up is kept for 30 days.`,
	}
	cmd.PersistentFlags().StringVar(&server, "server", server, "the server's address")
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "What there is, the next first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var answer struct{ Outbox []outbox.Entry }
			if err := c.call(cmd.Context(), "/v1/outbox", nil, &answer); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%-38s %-8s %-24s %-20s %5s  %s\n", "ID", "KIND", "CAMPAIGN", "NEXT TRY", "TRIES", "LAST ERROR")
			for _, e := range answer.Outbox {
				next := "given up"
				if !e.Due.IsZero() {
					next = e.Due.Local().Format(time.DateTime)
				}
				fmt.Fprintf(out, "%-38s %-8s %-24s %-20s %5d  %s\n", e.ID, e.Kind, e.Campaign, next, e.Tries, e.Error)
			}
			return nil
		},
	}, &cobra.Command{
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
