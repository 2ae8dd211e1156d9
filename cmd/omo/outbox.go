package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

func outboxCommand() *cobra.Command {
	server, form := "http://127.0.0.1:8080", answers{}
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
			return form.give(out, answer, func() { writeOutbox(out, answer.Outbox) })
		},
	}
	form.flag(list, "the table")
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

func writeOutbox(out io.Writer, list []outbox.Entry) {
	if len(list) == 0 {
		fmt.Fprintln(out, "nothing is to be sent")
		return
	}
	t := newTable(out, "id", "kind", "campaign", "next try", "tries", "last error")
	for _, e := range list {
		next := "given up"
		if !e.Due.IsZero() {
			next = e.Due.Local().Format(time.DateTime)
		}
		t.AppendRow(table.Row{e.ID, e.Kind, e.Campaign, next, e.Tries, fold(e.Error, 60)})
	}
	t.Render()
}
