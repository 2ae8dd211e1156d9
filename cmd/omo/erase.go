package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	Browsers []browserErasure  `json:"browsers,omitempty"`
}

// browserErasure is what was removed of one visitor.
type browserErasure struct {
	Visitor string            `json:"visitor,omitempty"`
	Removed map[string]uint64 `json:"removed"`
}

// whose is a visitor, or with --user a person in all browsers.
type whose struct{ user string }

func (w *whose) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.user, "user", "", "every browser that was ever known by this user_id, instead of a visitor")
}

// args takes a visitor's id, or none beside --user.
func (w *whose) args(cmd *cobra.Command, args []string) error {
	switch {
	case !cmd.Flags().Changed("user"):
		return one("a visitor's id, or --user with a user_id")(cmd, args)
	case w.user == "":
		return errors.New("--user is empty: name a user_id")
	case len(args) > 0:
		return fmt.Errorf("%s takes a visitor or --user, and both were given", cmd.CommandPath())
	}
	return nil
}

// path is where the server has them, and said how people call them.
func (w *whose) path(args []string) string {
	if w.user != "" {
		return "/v1/people/" + url.PathEscape(w.user)
	}
	return "/v1/visitors/" + url.PathEscape(args[0])
}

func (w *whose) said(args []string) string {
	if w.user != "" {
		return "all browsers of the person " + w.user
	}
	return "visitor " + args[0] + ", and the other browsers of its person,"
}

func eraseCommand() *cobra.Command {
	server := "http://127.0.0.1:8080"
	yes, who, form := false, whose{}, answers{}
	cmd := &cobra.Command{
		Use:   "erase [VISITOR | --user USER_ID]",
		Short: "Forget a visitor, or a person, for good, and give the receipt",
		Long: `Forget a visitor for good: profile, timers, events in the ledger and rows in
every ClickHouse table; and with it the other browsers of its person, as far as
they share a profile. With --user every browser goes that was ever known by that
user_id. Their ids are refused from then on, and a browser that still has one
becomes another visitor; who names the user_id afterwards begins afresh. The
receipt counts what was removed, of each browser and of all, and names nobody.
While ClickHouse is away it waits; interrupted, the server goes on by itself, and
the same command gives the receipt. It cannot be undone; omo export gives what
there is before. Needs a running server and OMO_SECRET_KEY.`,
		Example: `  omo erase 018f3b1e-7a00-7d10-9b1a-000000000001
  omo erase --user member-1842 --yes --json`,
		Args: who.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if !yes {
				if err := sure(cmd, "Forget "+who.said(args)+" for good?"); err != nil {
					return err
				}
			}
			x, err := c.erase(cmd.Context(), who.path(args))
			if err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			return form.give(out, x, func() { writeReceipt(out, x) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&server, "server", server, "the omo server")
	f.BoolVar(&yes, "yes", false, "do not ask")
	who.flag(cmd)
	form.flag(cmd, "the table")
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
		return exit{findings, errors.New("nothing was changed")}
	}
	return nil
}

const eraseAskEvery = time.Second

// erase asks for the erasure and stays until it is done.
func (c *client) erase(ctx context.Context, path string) (*erasure, error) {
	x := &erasure{}
	if err := c.do(ctx, http.MethodDelete, path, nil, x); err != nil {
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
		if x = next; x.Visitors != nil { // a person's are found one after the other
			who = x.Visitors
		}
	}
	x.Visitors = who
	for i := range x.Browsers {
		if i < len(who) {
			x.Browsers[i].Visitor = who[i]
		}
	}
	return x, nil
}

func writeReceipt(w io.Writer, x *erasure) {
	fmt.Fprintf(w, "erasure %s, asked for %s, done %s\n", x.ID, x.Asked.Local().Format(time.RFC3339), x.Done.Local().Format(time.RFC3339))
	if len(x.Visitors) > 0 {
		fmt.Fprintf(w, "visitors: %s\n", strings.Join(x.Visitors, ", "))
	}
	fmt.Fprintln(w)
	places := slices.Sorted(maps.Keys(x.Removed))
	if len(x.Browsers) < 2 {
		t := newTable(w, "removed from", "count")
		for _, place := range places {
			t.AppendRow(table.Row{place, x.Removed[place]})
		}
		t.SetColumnConfigs(rightAligned(2))
		t.Render()
		return
	}
	header, columns := []any{"browser"}, []int{}
	for i, place := range places {
		header, columns = append(header, place), append(columns, i+2)
	}
	t := newTable(w, header...)
	row := func(name string, removed map[string]uint64) table.Row {
		out := table.Row{name}
		for _, place := range places {
			out = append(out, removed[place])
		}
		return out
	}
	for i, b := range x.Browsers {
		t.AppendRow(row(cmp.Or(b.Visitor, strconv.Itoa(i+1)), b.Removed))
	}
	t.AppendFooter(row("all", x.Removed))
	t.SetColumnConfigs(rightAligned(columns...))
	t.Render()
}
