package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine/replay"
)

func explainCommand() *cobra.Command {
	var server, campaign, page, trigger, at string
	var form answers
	cmd := &cobra.Command{
		Use:   "explain VISITOR",
		Short: "Why a visitor gets what it gets, now or at a moment of the past",
		Long: `Why a visitor gets each campaign or does not: the gates in their order, and the
first that stopped it. With --at the visitor's past is folded again from its
recorded events with the rule set of then: the last decision logged up to that
moment is explained, and whether it comes out as it was logged. With --page, or
without --at, the answer is about a decision that would be made.
Needs a running server and OMO_SECRET_KEY.`,
		Example: `  omo explain 018f3b1e-7a00-7d10-9b1a-000000000001
  omo explain 018f3b1e-7a00-7d10-9b1a-000000000001 --campaign cart-rescue --page https://shop.example/cart
  omo explain 018f3b1e-7a00-7d10-9b1a-000000000001 --at 2026-12-01T09:00:00+09:00`,
		Args: one("a visitor's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			ask := map[string]any{"visitor": args[0]}
			for name, value := range map[string]string{"campaign": campaign, "trigger": trigger, "at": at} {
				if value != "" {
					ask[name] = value
				}
			}
			if page != "" {
				ask["page"] = map[string]string{"url": page}
			}
			body, err := json.Marshal(ask)
			if err != nil {
				return err
			}
			var answer replay.Answer
			if err := c.call(cmd.Context(), "/v1/explain", body, &answer); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			return form.give(out, answer, func() { writeAnswer(out, &answer, campaign != "") })
		},
	}
	f := cmd.Flags()
	f.StringVar(&server, "server", "http://127.0.0.1:8080", "the omo server")
	f.StringVar(&campaign, "campaign", "", "this campaign alone, gate by gate and condition by condition")
	f.StringVar(&page, "page", "", "the address of a page; without it the one seen last")
	f.StringVar(&trigger, "trigger", "", "what happens on that page: exit_intent, dwell:30s, an event's name")
	f.StringVar(&at, "at", "", "a moment of the past: a time (2026-12-01T09:00:00+09:00) or a seq of the ledger")
	form.flag(cmd, "the table")
	return cmd
}

// writeAnswer prints who and when, a campaign a row, and what differs from the
// log. Of one campaign alone its gates are shown too.
func writeAnswer(w io.Writer, a *replay.Answer, gates bool) {
	what := "would be decided"
	if a.AsLogged != nil {
		what = "decision " + a.Decision + " (seq " + strconv.FormatUint(a.Seq, 10) + ")"
	}
	on := a.Page
	if a.Trigger != "" {
		on += ", " + a.Trigger
	}
	fmt.Fprintf(w, "visitor %s, %s\n%s on %s, rule set %.12s\n", a.Visitor, a.At.Local().Format(time.RFC3339), what, on, a.Rules)
	switch {
	case a.AsLogged == nil:
	case *a.AsLogged:
		fmt.Fprintln(w, "as logged: made again from the recorded events it comes out the same")
	default:
		fmt.Fprintf(w, "not as logged (%s):\n", a.Cause)
		writeDifferences(w, a.Differences)
	}
	fmt.Fprintln(w)
	t := newTable(w, "campaign", "name", "slot", "outcome", "variant", "why")
	for _, c := range a.Campaigns {
		t.AppendRow(table.Row{c.Campaign, c.Name, c.Slot, c.Reason, c.Variant, c.Detail})
	}
	t.Render()
	for _, c := range a.Campaigns {
		if !gates {
			break
		}
		fmt.Fprintln(w)
		t := newTable(w, "gate", "")
		for _, g := range c.Gates {
			t.AppendRow(table.Row{g.Gate, map[string]string{replay.Passed: "passed", replay.Halted: "STOPPED", replay.NotReached: "not reached"}[g.State]})
		}
		t.Render()
		if c.Conditions != nil {
			fmt.Fprintf(w, "\n%s\n", strings.Join(c.Conditions.Lines(), "\n"))
		}
		for i, t := range c.Triggers {
			if i == 0 {
				fmt.Fprintln(w, "\non")
			}
			fmt.Fprintf(w, "  %s\n", strings.Join(t.Lines(), "\n  "))
		}
	}
	for _, trouble := range a.Degraded {
		fmt.Fprintln(w, "degraded:", trouble)
	}
}

func writeDifferences(w io.Writer, all []replay.Difference) {
	for _, d := range all {
		was, is := "its rule did not match", "its rule does not match"
		if d.Logged != nil {
			was = d.Logged.Reason + " " + d.Logged.Variant
		}
		if d.Made != nil {
			is = d.Made.Reason + " " + d.Made.Variant
		}
		fmt.Fprintf(w, "  %s: logged %s, now %s\n", d.Campaign, was, is)
	}
}
