package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
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
			var answer outboxList
			if err := c.call(cmd.Context(), "/v1/outbox", nil, &answer); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			return form.give(out, answer, func() { answer.write(out) })
		},
	}
	form.flag(list, "the table")
	var again answers
	retry := &cobra.Command{
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
			n, err := c.retryOutbox(cmd.Context(), body)
			if err != nil {
				return exit{findings, fmt.Errorf("%w; %d are tried again", err, n)}
			}
			out := cmd.OutOrStdout()
			return again.give(out, map[string]int{"retried": n}, func() { fmt.Fprintf(out, "%d are tried again\n", n) })
		},
	}
	again.flag(retry, "text")
	cmd.AddCommand(list, retry)
	return cmd
}

// retryOutbox asks until nothing more was given up, and says how many are tried.
func (c *client) retryOutbox(ctx context.Context, body []byte) (n int, err error) {
	b := newBar(c.log, "trying again", 0, progress.UnitsDefault)
	defer b.end()
	for {
		var answer struct {
			Retried int
			More    bool
		}
		if err := c.call(ctx, "/v1/outbox/retry", body, &answer); err != nil {
			return n, err
		}
		n += answer.Retried
		b.set(int64(n), 0)
		if !answer.More {
			return n, nil
		}
	}
}

// outboxList is what GET /v1/outbox tells.
type outboxList struct {
	Outbox   []outbox.Entry `json:"outbox"`
	Waiting  int            `json:"waiting"`
	GivenUp  int            `json:"given_up"`
	Max      int            `json:"max"`
	Bytes    int64          `json:"bytes"`
	MaxBytes int64          `json:"max_bytes"`
}

func (l *outboxList) write(out io.Writer) {
	if len(l.Outbox) == 0 {
		fmt.Fprintln(out, "nothing is to be sent")
		return
	}
	t := newTable(out, "id", "kind", "campaign", "next try", "tries", "last error")
	for _, e := range l.Outbox {
		next := "given up"
		if !e.Due.IsZero() {
			next = e.Due.Local().Format(time.DateTime)
		}
		t.AppendRow(table.Row{e.ID, e.Kind, e.Campaign, next, e.Tries, fold(e.Error, 60)})
	}
	t.Render()
	fmt.Fprintf(out, "%d shown of %d that wait and %d that were given up; at %d, or %d bytes (now %d), events that send something are refused\n", len(l.Outbox), l.Waiting, l.GivenUp, l.Max, l.MaxBytes, l.Bytes)
	if l.GivenUp > 0 {
		fmt.Fprintln(out, "once the receiver is well: omo outbox retry")
	}
}
