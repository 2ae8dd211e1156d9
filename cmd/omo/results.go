package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// campaignInfo is one campaign as GET /v1/campaigns tells it.
type campaignInfo struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Phase    string `json:"phase"`
	Slot     string `json:"slot"`
	Priority int    `json:"priority"`
	// Backfilling is how much of its counters' past is counted; nil once all is.
	Backfilling *float64 `json:"backfilling,omitempty"`
	// Override is what was decided beside its file; nil where nothing was.
	Override *engine.Override `json:"override,omitempty"`
	Goals    []struct {
		Event  string `json:"event"`
		Window string `json:"window"`
		Value  string `json:"value"`
	} `json:"goals"`
	Variants []struct {
		ID      string `json:"id"`
		Weight  int    `json:"weight"`
		Control bool   `json:"control"`
	} `json:"variants"`
	File string `json:"file"`
	Line int    `json:"line"`
}

type resultsOptions struct {
	server, goal, window, from, to, asOf, phase string
	sql, matured                                bool
	form                                        answers
}

func resultsCommand() *cobra.Command {
	o := resultsOptions{}
	cmd := &cobra.Command{
		Use:   "results [CAMPAIGN]",
		Short: "Conversion by variant, against doing nothing",
		Long: `Conversion by variant: exposed visitors, converted ones, rate, lift against the
control with its 95 % interval, and the two-sided p-value. Without a campaign,
the main goal of every one; with it, each of its goals.
Needs a running server and OMO_SECRET_KEY.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(o.server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			id := ""
			if len(args) == 1 {
				id = args[0]
			}
			out := cmd.OutOrStdout()
			all, err := o.ask(cmd.Context(), c, id)
			if err != nil {
				return exit{findings, err}
			}
			switch {
			case o.sql:
				for _, r := range all {
					fmt.Fprintf(out, "-- %s, goal %s\n%s\n", r.Results.Campaign, r.Results.Goal, r.SQL)
				}
			case o.form.asJSON(out):
				list := make([]stats.Results, 0, len(all))
				for _, r := range all {
					list = append(list, r.Results)
				}
				return writeJSON(out, list)
			default:
				writeResults(out, all)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.server, "server", "http://127.0.0.1:8080", "the omo server")
	f.StringVar(&o.goal, "goal", "", "count this event instead of the campaign's goals")
	f.StringVar(&o.window, "window", "", "within this time after first exposure (72h, 7d)")
	f.StringVar(&o.from, "from", "", "first exposures from this date or time on")
	f.StringVar(&o.to, "to", "", "and before this one")
	f.StringVar(&o.asOf, "as-of", "", "only what had been received by then")
	f.StringVar(&o.phase, "phase", "", "an earlier phase of the campaign")
	f.BoolVar(&o.matured, "matured", false, "only visitors whose window has ended")
	o.form.flag(cmd, "the table")
	f.BoolVar(&o.sql, "sql", false, "the SQL behind each number, for omo clickhouse query")
	return cmd
}

type resultAnswer struct {
	Name    string        `json:"-"`
	Results stats.Results `json:"results"`
	SQL     string        `json:"sql"`
}

func (o resultsOptions) ask(ctx context.Context, c *client, id string) ([]resultAnswer, error) {
	var list struct {
		Campaigns []campaignInfo `json:"campaigns"`
	}
	if err := c.call(ctx, "/v1/campaigns", nil, &list); err != nil {
		return nil, err
	}
	var out []resultAnswer
	for _, info := range list.Campaigns {
		if id != "" && info.ID != id {
			continue
		}
		goals := []string{o.goal}
		if o.goal == "" {
			goals = goals[:0]
			for _, g := range info.Goals {
				goals = append(goals, g.Event)
			}
			if id == "" {
				goals = goals[:1]
			}
		}
		for _, goal := range goals {
			q := url.Values{"sql": {"1"}, "goal": {goal}}
			for name, value := range map[string]string{"window": o.window, "from": o.from, "to": o.to, "as_of": o.asOf, "phase": o.phase} {
				if value != "" {
					q.Set(name, value)
				}
			}
			if o.matured {
				q.Set("matured", "true")
			}
			answer := resultAnswer{Name: info.Name}
			if err := c.call(ctx, "/v1/campaigns/"+url.PathEscape(info.ID)+"/results?"+q.Encode(), nil, &answer); err != nil {
				return nil, err
			}
			out = append(out, answer)
		}
	}
	if id != "" && len(out) == 0 {
		return nil, errors.New("no campaign " + id + " in the server's rules folder; omo campaigns lists them")
	}
	return out, nil
}

// writeResults prints one aligned table: an arm a row, a line between campaigns.
func writeResults(w io.Writer, all []resultAnswer) {
	t := newTable(w, "campaign", "goal", "variant", "exposed", "converted", "rate", "lift", "95 % interval", "p", "verdict")
	for _, r := range all {
		name, goal, verdict := r.Results.Campaign, r.Results.Goal+" "+r.Results.Window, string(r.Results.Verdict)
		for _, a := range r.Results.Arms {
			variant := a.Variant
			if a.Control && variant != "control" {
				variant += " (control)"
			}
			t.AppendRow(table.Row{name, goal, variant, a.Exposed, a.Converted, a.Rate.Percent(), a.Lift.Change(), a.LiftCI.Change(" … "), a.PValue.PText(), verdict})
			name, goal, verdict = "", "", "" // said once a campaign
		}
		t.AppendSeparator()
	}
	t.SetColumnConfigs(rightAligned(4, 5, 6, 7, 8, 9))
	t.Render()
	for _, r := range all {
		if out := r.Results.Crossovers.Count + r.Results.CarriedOver; out > 0 {
			fmt.Fprintf(w, "%s, %s: %d visitors are in no arm (%d saw two variants, %d an earlier phase); this is phase %s\n",
				r.Results.Campaign, r.Results.Goal, out, r.Results.Crossovers.Count, r.Results.CarriedOver, r.Results.Phase)
		}
	}
}

// newTable is every table omo prints on a terminal.
func newTable(w io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	style := table.StyleLight
	style.Format.Header, style.Format.Footer = text.FormatDefault, text.FormatDefault // upper case would change Japanese widths and words
	style.Options.DrawBorder = false
	style.Options.SeparateColumns = false
	t.SetStyle(style)
	t.AppendHeader(header)
	return t
}

func rightAligned(columns ...int) []table.ColumnConfig {
	out := make([]table.ColumnConfig, len(columns))
	for i, n := range columns {
		out[i] = table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	return out
}
