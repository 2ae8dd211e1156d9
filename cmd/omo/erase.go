package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

// erasure is a receipt as the server gives it.
type erasure struct {
	ID       string            `json:"id"`
	Status   string            `json:"status"`
	Stage    string            `json:"stage"`
	Asked    time.Time         `json:"asked"`
	Done     *time.Time        `json:"done"`
	Visitors []string          `json:"visitors,omitempty"`
	Count    int               `json:"count"`
	Removed  map[string]uint64 `json:"removed"`
}

func eraseCommand() *cobra.Command {
	server := "http://127.0.0.1:8080"
	yes, asJSON := false, false
	cmd := &cobra.Command{
		Use:   "erase VISITOR",
		Short: "Forget a visitor for good, and give the receipt",
		Long: `Forget a visitor for good: profile, timers, events in the ledger and rows in
every ClickHouse table. Its id is refused from then on, and a browser that still
has it becomes another visitor. The receipt counts what was removed and names
nobody. While ClickHouse is away it waits; interrupted, the server goes on by
itself, and the same command gives the receipt. It cannot be undone; omo export
gives what there is before. Needs a running server and OMO_SECRET_KEY.`,
		Example: `  omo erase 018f3b1e-7a00-7d10-9b1a-000000000001
  omo erase 018f3b1e-7a00-7d10-9b1a-000000000001 --yes --json`,
		Args: one("a visitor's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if !yes {
				if err := sure(cmd, "Forget visitor "+args[0]+" for good?"); err != nil {
					return err
				}
			}
			x, err := c.erase(cmd.Context(), args[0])
			if err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			if asJSON || !onTerminal(out) && !cmd.Flags().Changed("json") {
				return writeJSON(out, x)
			}
			writeReceipt(out, x)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&server, "server", server, "the omo server")
	f.BoolVar(&yes, "yes", false, "do not ask")
	f.BoolVar(&asJSON, "json", false, "JSON (the default when piped; --json=false for the table)")
	return cmd
}

// sure asks on a terminal; elsewhere --yes must have been said.
func sure(cmd *cobra.Command, question string) error {
	if !onTerminal(cmd.ErrOrStderr()) {
		return fmt.Errorf("%s It cannot be undone: say so with --yes", question)
	}
	fmt.Fprint(cmd.ErrOrStderr(), question, " It cannot be undone. [y/N] ")
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return exit{findings, fmt.Errorf("nothing was erased")}
	}
	return nil
}

const eraseAskEvery = time.Second

// erase asks for the erasure and stays until it is done.
func (c *client) erase(ctx context.Context, visitor string) (*erasure, error) {
	x := &erasure{}
	if err := c.do(ctx, http.MethodDelete, "/v1/visitors/"+url.PathEscape(visitor), nil, x); err != nil {
		return nil, err
	}
	if x.Status == "done" {
		return x, nil
	}
	who := x.Visitors
	stages := []string{"profile", "ledger", "warehouse", "done"}
	b := newBar(c.log, "erasing (it is asked for and goes on by itself)", int64(len(stages)-1), progress.UnitsDefault)
	defer b.end()
	for x.Status != "done" {
		b.set(int64(slices.Index(stages, x.Stage)), 0)
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the erasure %s goes on at the server: the same command gives its receipt", x.ID)
		case <-time.After(eraseAskEvery):
		}
		next := &erasure{}
		if err := c.insist(ctx, "/v1/erasures/"+x.ID, nil, next); err != nil {
			return nil, err
		}
		x = next
	}
	x.Visitors = who
	return x, nil
}

func writeReceipt(w io.Writer, x *erasure) {
	fmt.Fprintf(w, "erasure %s, asked for %s, done %s\n", x.ID, x.Asked.Local().Format(time.RFC3339), x.Done.Local().Format(time.RFC3339))
	if len(x.Visitors) > 0 {
		fmt.Fprintf(w, "visitors: %s\n", strings.Join(x.Visitors, ", "))
	}
	fmt.Fprintln(w)
	t := newTable(w, "removed from", "count")
	for _, place := range slices.Sorted(maps.Keys(x.Removed)) {
		t.AppendRow(table.Row{place, x.Removed[place]})
	}
	t.SetColumnConfigs(rightAligned(2))
	t.Render()
}

func exportCommand() *cobra.Command {
	server := "http://127.0.0.1:8080"
	cmd := &cobra.Command{
		Use:   "export VISITOR",
		Short: "All that is kept about one visitor, as one JSON object a line",
		Long: `All that is kept about one visitor, one JSON object a line: visitor, profile,
each event in the order in which it was taken, end. Without the end line it broke
off. Needs a running server and OMO_SECRET_KEY.`,
		Example: `  omo export 018f3b1e-7a00-7d10-9b1a-000000000001 > visitor.ndjson`,
		Args:    one("a visitor's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			res, err := c.send(cmd.Context(), http.MethodGet, "/v1/visitors/"+url.PathEscape(args[0])+"/export", nil)
			if err != nil {
				return exit{findings, err}
			}
			defer res.Body.Close()
			last := ""
			lines := bufio.NewReaderSize(res.Body, 64<<10)
			for err == nil {
				var line string
				if line, err = lines.ReadString('\n'); line != "" {
					last = line
					if _, err := io.WriteString(cmd.OutOrStdout(), line); err != nil {
						return err
					}
				}
			}
			if err != io.EOF || !strings.HasPrefix(last, `{"kind":"end"`) {
				return exit{findings, fmt.Errorf("the export broke off: ask again")}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	return cmd
}
