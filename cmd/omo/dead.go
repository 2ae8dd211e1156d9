package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/ingest"
)

func deadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead",
		Short: "Events that ClickHouse refuses, and sending them again",
		Long: `Events that were accepted and that ClickHouse refuses for their data (a
constraint on the table, say). They are kept in the ledger with the reason.
Needs a running server and OMO_SECRET_KEY.`,
	}
	cmd.AddCommand(deadListCommand(), deadReplayCommand())
	return cmd
}

// deadList is what GET /v1/dead tells.
type deadList struct {
	Events   uint64 `json:"events"`
	Bytes    uint64 `json:"bytes"`
	MaxBytes uint64 `json:"max_bytes"`
	Dead     []struct {
		Place   string          `json:"place"`
		At      time.Time       `json:"at"`
		ID      string          `json:"id"`
		Visitor string          `json:"visitor"`
		Name    string          `json:"name"`
		Reason  string          `json:"reason"`
		Raw     json.RawMessage `json:"raw"`
	} `json:"dead"`
	Next string `json:"next,omitempty"`
}

func deadListCommand() *cobra.Command {
	server, limit, form := "http://127.0.0.1:8080", 100, answers{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List dead events with their reasons, oldest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit %d: ask for one event or more", limit)
			}
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			list, err := c.dead(cmd.Context(), limit)
			if err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			return form.give(out, list, func() { writeDead(out, list) })
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	cmd.Flags().IntVar(&limit, "limit", limit, "list at most so many")
	form.flag(cmd, "the table, without the events' texts")
	return cmd
}

// deadAtOnce is the most the server tells or replays in one call.
const deadAtOnce = 1000

// dead asks for the oldest dead events, limit at most.
func (c *client) dead(ctx context.Context, limit int) (deadList, error) {
	var all deadList
	for {
		q := url.Values{"limit": {strconv.Itoa(min(deadAtOnce, limit-len(all.Dead)))}}
		if all.Next != "" {
			q.Set("after", all.Next)
		}
		var part deadList
		if err := c.call(ctx, "/v1/dead?"+q.Encode(), nil, &part); err != nil {
			return all, err
		}
		part.Dead = append(all.Dead, part.Dead...)
		all = part
		if all.Next == "" || len(all.Dead) >= limit {
			return all, nil
		}
	}
}

func writeDead(w io.Writer, list deadList) {
	if list.Events == 0 {
		fmt.Fprintln(w, "no event is dead")
		return
	}
	t := newTable(w, "place", "given up", "event", "visitor", "reason")
	for _, d := range list.Dead {
		t.AppendRow(table.Row{d.Place, d.At.Local().Format(time.DateTime), d.Name, d.Visitor, fold(d.Reason, 80)})
	}
	t.Render()
	fmt.Fprintf(w, "%d of %s, %d bytes; loading stops at %d bytes\n", len(list.Dead), counted(int(list.Events), "dead event"), list.Bytes, list.MaxBytes)
	fmt.Fprintln(w, "once the reason is gone: omo dead replay --all")
}

func deadReplayCommand() *cobra.Command {
	server, all, form := "http://127.0.0.1:8080", false, answers{}
	cmd := &cobra.Command{
		Use:   "replay [--all | PLACE…]",
		Short: "Send dead events to ClickHouse again",
		Long: `Send dead events to ClickHouse again: all of them, or those at the places that
omo dead list shows. What is then in ClickHouse is dead no longer; the rest stays
and its reason is shown. Safe to repeat: nothing is loaded twice.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return errors.New("omo dead replay needs --all or the places of events (1842/0), as omo dead list shows them")
			}
			for _, text := range args {
				if _, err := ingest.ParsePlace(text); err != nil {
					return err
				}
			}
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			done, err := c.replay(cmd.Context(), args)
			out := cmd.OutOrStdout()
			err = errors.Join(err, form.give(out, done, func() { done.write(out) }))
			if err != nil {
				return exit{findings, err}
			}
			if len(done.Still)+len(done.Unknown) > 0 {
				return exit{code: findings}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	cmd.Flags().BoolVar(&all, "all", false, "all dead events")
	form.flag(cmd, "text")
	return cmd
}

// replayed is what POST /v1/dead/replay tells.
type replayed struct {
	Loaded  int         `json:"loaded"`
	Still   []stillDead `json:"still"`
	Unknown []string    `json:"unknown"`
	Next    string      `json:"next,omitempty"`
}

type stillDead struct {
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

// replay sends those at the places again, all where there is none. On an error
// it tells what was done before.
func (c *client) replay(ctx context.Context, places []string) (replayed, error) {
	done := replayed{Still: []stillDead{}, Unknown: []string{}}
	ask := func(body map[string]any) (next string, err error) {
		raw, err := json.Marshal(body)
		if err != nil {
			return "", err
		}
		var part replayed
		if err := c.call(ctx, "/v1/dead/replay", raw, &part); err != nil {
			return "", err
		}
		done.Loaded += part.Loaded
		done.Still = append(done.Still, part.Still...)
		done.Unknown = append(done.Unknown, part.Unknown...)
		return part.Next, nil
	}
	if len(places) > 0 {
		for some := range slices.Chunk(places, deadAtOnce) {
			if _, err := ask(map[string]any{"places": some}); err != nil {
				return done, err
			}
		}
		return done, nil
	}
	for after := ""; ; {
		body := map[string]any{"all": true}
		if after != "" {
			body["after"] = after
		}
		next, err := ask(body)
		if err != nil || next == "" {
			return done, err
		}
		after = next
	}
}

// mostStill is how many events that are still dead a terminal shows.
const mostStill = 20

func (r replayed) write(w io.Writer) {
	fmt.Fprintf(w, "%s loaded, %d still dead, %d not in the dead letter\n", counted(r.Loaded, "event"), len(r.Still), len(r.Unknown))
	for i, d := range r.Still {
		if i == mostStill {
			fmt.Fprintf(w, "  and %d more: omo dead list\n", len(r.Still)-i)
			break
		}
		fmt.Fprintf(w, "  %s: %s\n", d.Place, d.Reason)
	}
	for i, place := range r.Unknown {
		if i == mostStill {
			fmt.Fprintf(w, "  and %d more\n", len(r.Unknown)-i)
			break
		}
		fmt.Fprintf(w, "  %s is not in the dead letter\n", place)
	}
}
