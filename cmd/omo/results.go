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

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/rules"
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
	server, goal, window, from, to, asOf, phase, by string
	sql, matured, daily, cumulative, funnel, site   bool
	form                                            form
}

func resultsCommand() *cobra.Command {
	o := resultsOptions{}
	cmd := &cobra.Command{
		Use:   "results [CAMPAIGN]",
		Short: "Conversion and money by variant, against doing nothing",
		Long: `Conversion and money by variant, against the control who is shown nothing: every
campaign's main goal; of one CAMPAIGN each goal, with a sentence that says what it
means and what to do, the lift's 95 % interval drawn around zero, and the money.

  omo results exit-coupon --daily         day by day; --cumulative: up to each day
  omo results exit-coupon --by device     or visitor (new, returning), channel, rank
  omo results exit-coupon --funnel        where its decisions went
  omo results --site                      all campaigns together against the holdout

Needs a running server and OMO_SECRET_KEY.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.form.check(); err != nil {
				return err
			}
			id := ""
			if len(args) == 1 {
				id = args[0]
			}
			c, err := newClient(o.server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.run(cmd, c, id)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.server, "server", "http://127.0.0.1:8080", "the omo server")
	f.StringVar(&o.goal, "goal", "", "count this event instead of the campaign's goals")
	f.StringVar(&o.window, "window", "", "within this time after first exposure (72h, 7d)")
	f.StringVar(&o.from, "from", "", "first exposures from this date or time on (--funnel: decisions; --site: whole months)")
	f.StringVar(&o.to, "to", "", "and before this one")
	f.StringVar(&o.asOf, "as-of", "", "only what had been received by then")
	f.StringVar(&o.phase, "phase", "", "an earlier phase of the campaign")
	f.BoolVar(&o.matured, "matured", false, "only visitors whose window has ended")
	f.BoolVar(&o.daily, "daily", false, "by the day of the first exposure")
	f.BoolVar(&o.cumulative, "cumulative", false, "up to each day, with the interval that may be watched")
	f.StringVar(&o.by, "by", "", "by device, visitor, channel or rank, as at the first exposure")
	f.BoolVar(&o.funnel, "funnel", false, "what became of each decision, of the last 14 days unless told")
	f.BoolVar(&o.site, "site", false, "all campaigns together against the holdout, by month")
	f.BoolVar(&o.sql, "sql", false, "the SQL behind each number, for omo clickhouse query")
	cmd.MarkFlagsMutuallyExclusive("daily", "cumulative", "by", "funnel", "site")
	o.form.flag(cmd)
	return cmd
}

// run asks and prints one of the reports.
func (o resultsOptions) run(cmd *cobra.Command, c *client, id string) error {
	switch {
	case o.site && id != "":
		return errors.New("--site is about all campaigns together: leave out " + id)
	case o.site:
		return o.runSite(cmd, c)
	case id == "" && (o.daily || o.cumulative || o.funnel || o.by != ""):
		return errors.New("that is told of one campaign: omo results CAMPAIGN --daily; omo campaigns lists them")
	case o.daily || o.cumulative:
		return tell(cmd, c, o, o.path(id, "series", url.Values{}), o.seriesSheet, o.writeSeries)
	case o.by != "":
		return tell(cmd, c, o, o.path(id, "breakdown", url.Values{"by": {o.by}}), api.Breakdown.Sheet, writeBreakdown)
	case o.funnel:
		return tell(cmd, c, o, o.path(id, "funnel", url.Values{}), api.Funnel.Sheet, writeFunnel)
	}
	all, err := o.ask(cmd.Context(), c, id)
	if err != nil {
		return exit{findings, err}
	}
	out := cmd.OutOrStdout()
	if o.sql {
		for _, r := range all {
			fmt.Fprintf(out, "-- %s, goal %s\n%s\n", r.Results.Campaign, r.Results.Goal, r.SQL)
		}
		return nil
	}
	list := make([]api.CampaignResults, 0, len(all))
	for _, r := range all {
		list = append(list, r.Results)
	}
	return o.form.give(cmd, answerForms{json: list, sheet: func() api.Sheet { return api.ResultsSheet(list) }, show: func(r reader) {
		if id == "" {
			writeResults(out, r, all)
			return
		}
		for _, x := range all {
			writeCampaign(out, r, x)
		}
	}})
}

// tell asks one question and prints its answer, or the SQL behind it.
func tell[T any](cmd *cobra.Command, c *client, o resultsOptions, path string, asSheet func(T) api.Sheet, write func(io.Writer, reader, T)) error {
	var answer struct {
		Results T      `json:"results"`
		SQL     string `json:"sql"`
	}
	if err := c.call(cmd.Context(), path, nil, &answer); err != nil {
		return exit{findings, err}
	}
	out := cmd.OutOrStdout()
	if o.sql {
		fmt.Fprintln(out, answer.SQL)
		return nil
	}
	return o.form.give(cmd, answerForms{json: answer.Results,
		sheet: func() api.Sheet { return asSheet(answer.Results) },
		show:  func(r reader) { write(out, r, answer.Results) },
	})
}

type resultAnswer struct {
	Name    string              `json:"-"`
	Results api.CampaignResults `json:"results"`
	SQL     string              `json:"sql"`
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
		if id != "" && info.ID != id || id == "" && info.Status == string(rules.Draft) { // nobody has met a draft
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
			answer := resultAnswer{Name: info.Name}
			if err := c.call(ctx, o.path(info.ID, "results", url.Values{"goal": {goal}}), nil, &answer); err != nil {
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

// path is where a question about a campaign is put, with its SQL.
func (o resultsOptions) path(id, what string, q url.Values) string {
	q.Set("sql", "1")
	for name, value := range map[string]string{"window": o.window, "from": o.from, "to": o.to, "as_of": o.asOf, "phase": o.phase} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if o.goal != "" {
		q.Set("goal", o.goal)
	}
	if o.matured {
		q.Set("matured", "true")
	}
	return "/v1/campaigns/" + url.PathEscape(id) + "/" + what + "?" + q.Encode()
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
