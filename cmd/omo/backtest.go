package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

type backtestOptions struct {
	since, sample, campaign, against string
	data, clickhouse                 string
	form                             answers
}

func backtestCommand() *cobra.Command {
	o := backtestOptions{}
	cmd := &cobra.Command{
		Use:   "backtest DIR",
		Short: "What a changed rules folder would have done with the recorded traffic",
		Long: `Replay the recorded events of every visitor through the whole pipeline, with the
rules folder DIR beside the rules that are live now: who would have been reached
each day, what each campaign gains and loses, who meets whom, and which coupons
it takes. It reads the warehouse alone, so a running server is not disturbed.

History stays as it was while a decision equals the logged one, with its
recorded exposures, clicks and closes. Where one differs those are dropped, and
an exposure is assumed where a page view, a trigger or the end of a stay on a
page is recorded; a trigger of which nothing is recorded is counted as unknown.
The report begins with how many logged decisions come out as they were when made
again with their own rule set: that is how far it can be trusted.`,
		Example: `  omo backtest rules --since 28d
  omo backtest rules --since 7d --campaign cart-rescue --sample 10%`,
		Args: one("the changed rules folder"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "28d", "how far back decisions are made again")
	f.StringVar(&o.sample, "sample", "100%", "this share of the visitors, by a hash of their ids, for a quick answer")
	f.StringVar(&o.campaign, "campaign", "", "report on this campaign alone")
	f.StringVar(&o.against, "against", "present", "what DIR is compared with: present (the rules that went live last) or recorded (what really happened)")
	f.StringVar(&o.data, "data", "omo-data", "the data folder")
	f.StringVar(&o.clickhouse, "clickhouse", "", "a ClickHouse server instead, clickhouse://user:password@host:9000/database")
	o.form.flag(cmd, "tables")
	return cmd
}

func (o *backtestOptions) run(cmd *cobra.Command, dir string) error {
	span, err := o.span(time.Now())
	if err != nil {
		return exit{misuse, err}
	}
	changed, err := loadRules(dir)
	if err != nil {
		return err
	}
	if o.clickhouse == "" {
		dsn, stop, err := clickhouseOf(cmd, o.data)
		if err != nil {
			return exit{findings, err}
		}
		defer stop()
		o.clickhouse = dsn
	}
	w, err := warehouse.Open(cmd.Context(), o.clickhouse)
	if err != nil {
		return exit{findings, err}
	}
	defer w.Close()
	report, done, err := o.replay(cmd, w, changed, span)
	if err != nil {
		return exit{findings, err}
	}
	out := cmd.OutOrStdout()
	err = o.form.give(out, report, func() { writeBacktest(out, report, span) })
	if err == nil && !done {
		return exit{findings, errors.New("stopped before the end: the report is about the visitors replayed until then, who are no fair sample of all")}
	}
	return err
}

// span reads --since, --sample and --against.
func (o *backtestOptions) span(now time.Time) (warehouse.Span, error) {
	since, err := rules.ParseDuration(o.since)
	if err != nil || since <= 0 {
		return warehouse.Span{}, fmt.Errorf("--since %s is not a length of time like 28d or 12h", o.since)
	}
	percent, err := strconv.ParseFloat(strings.TrimSuffix(o.sample, "%"), 64)
	if err != nil || percent < 0.01 || percent > 100 || !strings.HasSuffix(o.sample, "%") {
		return warehouse.Span{}, fmt.Errorf("--sample %s is not a share like 10%%, from 0.01%% to 100%%", o.sample)
	}
	if o.against != "present" && o.against != "recorded" {
		return warehouse.Span{}, fmt.Errorf("--against %s is neither present nor recorded", o.against)
	}
	return warehouse.Span{From: now.Add(-since), To: now, Sample: int(percent*100 + 0.5)}, nil
}

// replay runs the back-test. It is not done when it was interrupted: then the
// report is of what was replayed until then.
func (o *backtestOptions) replay(cmd *cobra.Command, w *warehouse.Warehouse, changed *rules.Set, span warehouse.Span) (report *replay.Report, done bool, err error) {
	ctx := cmd.Context()
	sets := replay.NewSets()
	if err := w.RuleSets(ctx, sets.Add); err != nil {
		return nil, false, err
	}
	plan := replay.Plan{Sets: sets, Changed: changed, From: span.From, To: span.To, Campaign: o.campaign}
	if o.against == "present" {
		live, err := sets.Latest()
		if err != nil {
			return nil, false, fmt.Errorf("%w; --against recorded compares with what happened", err)
		}
		plan.Present = live.Set
	}
	if err := o.known(changed, plan.Present); err != nil {
		return nil, false, err
	}
	traffic, err := trafficOf(ctx, w, span)
	if err != nil {
		return nil, false, err
	}
	if traffic.Visitors == 0 {
		return nil, false, fmt.Errorf("no decision of the last %s is in the warehouse: is %s the data folder that the server runs on?", o.since, o.data)
	}
	bar := newBar(cmd.ErrOrStderr(), fmt.Sprintf("replaying %d events of %d visitors", traffic.Rows, traffic.Visitors), int64(traffic.Rows), progress.UnitsDefault)
	defer bar.end()
	return traffic.Through(ctx, replay.NewBacktest(plan), func(done uint64) error { bar.set(int64(done), 0); return nil })
}

// trafficOf is the traffic of a span as the warehouse has it.
func trafficOf(ctx context.Context, w *warehouse.Warehouse, span warehouse.Span) (*replay.Traffic, error) {
	history, err := w.History(ctx, span)
	if err != nil {
		return nil, err
	}
	return &replay.Traffic{Visitors: history.Visitors, Rows: history.Rows, Sample: span.Sample, Read: history.Read}, nil
}

// known refuses a --campaign that neither side has.
func (o *backtestOptions) known(sets ...*rules.Set) error {
	if o.campaign == "" {
		return nil
	}
	for _, set := range sets {
		if set == nil {
			return nil // what was recorded may have any
		}
		for _, c := range set.Campaigns {
			if c.ID == o.campaign {
				return nil
			}
		}
	}
	return fmt.Errorf("no campaign %s, neither in the folder nor in the rules that are live", o.campaign)
}

// writeBacktest prints the report as tables.
func writeBacktest(w io.Writer, r *replay.Report, span warehouse.Span) {
	present := "what was recorded"
	if r.Present != "" {
		present = fmt.Sprintf("rule set %.12s", r.Present)
	}
	fmt.Fprintf(w, "%s … %s: rule set %.12s beside %s\n", r.From.Local().Format("2006-01-02 15:04"), r.To.Local().Format("2006-01-02 15:04"), r.Changed, present)
	fmt.Fprintf(w, "%d visitors, %d decisions", r.Visitors, r.Decisions)
	if r.Reproduced.Share != nil {
		fmt.Fprintf(w, ", of which %.2f %% come out as logged when made again", 100**r.Reproduced.Share)
	}
	fmt.Fprintln(w)
	if span.Sample < 10_000 {
		fmt.Fprintf(w, "a sample of %g %% of the visitors: the counts are the sample's\n", float64(span.Sample)/100)
	}
	writeBacktestTables(w, r)
	writeMismatches(w, &r.Reproduced)
}
