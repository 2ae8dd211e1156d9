package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/omotenashi-web/omotenashi/engine/replay"
)

// mostShown bounds the rows of a table that lists pairs of campaigns or single
// decisions; --json has more.
const mostShown = 15

func writeBacktestTables(w io.Writer, r *replay.Report) {
	rows := func(title string, n int, header []any, right []int, row func(i int) table.Row) {
		if n == 0 {
			return
		}
		fmt.Fprintf(w, "\n%s\n", title)
		t := newTable(w, header...)
		for i := range min(n, mostShown) {
			t.AppendRow(row(i))
		}
		t.SetColumnConfigs(rightAligned(right...))
		t.Render()
		if n > mostShown {
			fmt.Fprintf(w, "and %d more (--json)\n", n-mostShown)
		}
	}
	fmt.Fprintln(w)
	t := newTable(w, "campaign", "visitors", "would be", "gained", "lost", "exposures", "would be", "assumed", "unknown")
	for _, c := range r.Campaigns {
		t.AppendRow(table.Row{c.Campaign, c.Visitors.Present, c.Visitors.Changed, c.Gained, c.Lost, c.Exposures.Present, c.Exposures.Changed, c.Assumed, c.Unknown})
	}
	t.SetColumnConfigs(rightAligned(2, 3, 4, 5, 6, 7, 8, 9))
	t.Render()

	writeFunnels(w, r.Funnels)

	fmt.Fprintln(w, "\nvisitors who are shown something, by day")
	t = newTable(w, "day", "visitors", "would be")
	for _, d := range r.Days {
		t.AppendRow(table.Row{d.Day, d.Present, d.Changed})
	}
	t.SetColumnConfigs(rightAligned(2, 3))
	t.Render()

	rows("decisions in which one kept another out of a slot", len(r.Conflicts), []any{"slot", "has it", "goes without", "decisions", "would be"}, []int{4, 5}, func(i int) table.Row {
		c := r.Conflicts[i]
		return table.Row{c.Slot, c.Winner, c.Loser, c.Decisions.Present, c.Decisions.Changed}
	})
	rows("visitors whom two campaigns both reach", len(r.Overlap), []any{"campaign", "and", "visitors", "would be"}, []int{3, 4}, func(i int) table.Row {
		o := r.Overlap[i]
		return table.Row{o.Campaigns[0], o.Campaigns[1], o.Visitors.Present, o.Visitors.Changed}
	})
	rows("coupons needed, one a visitor", len(r.Coupons), []any{"coupon", "visitors", "would be"}, []int{2, 3}, func(i int) table.Row {
		c := r.Coupons[i]
		return table.Row{c.Coupon, c.Visitors.Present, c.Visitors.Changed}
	})
}

// writeFunnels says what came of the decisions in which each rule matched.
func writeFunnels(w io.Writer, all []replay.Funnel) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "\ndecisions in which the rule matched, and what came of them")
	t := newTable(w, "campaign", "", "decisions", "would be", "visitors", "would be")
	for _, f := range all {
		row := func(campaign, what string, n replay.Tally) {
			t.AppendRow(table.Row{campaign, what, n.Decisions.Present, n.Decisions.Changed, n.Visitors.Present, n.Visitors.Changed})
		}
		row(f.Campaign, "matched", f.Matched)
		for _, c := range f.Came {
			row("", strings.TrimRight(c.Reason+" "+c.Variant, " "), c.Tally)
		}
	}
	t.SetColumnConfigs(rightAligned(3, 4, 5, 6))
	t.Render()
}

// causes in words.
var causes = map[string]string{
	replay.RulesGone:   "their rule set is not recorded, or this version refuses it",
	replay.HistoryGone: "events before them are missing",
	replay.PageGone:    "their page view or trigger was sent again",
	replay.Reload:      "rules changed in that moment",
	replay.Engine:      "this version of the engine decides otherwise",
}

func writeMismatches(w io.Writer, r *replay.Reproduced) {
	if len(r.Differences) == 0 {
		return
	}
	fmt.Fprintln(w, "\ndecisions that do not come out as logged")
	for _, cause := range slices.Sorted(maps.Keys(r.Causes)) {
		fmt.Fprintf(w, "%6d  %s: %s\n", r.Causes[cause], cause, causes[cause])
	}
	for _, d := range r.Differences[:min(mostShown, len(r.Differences))] {
		fmt.Fprintf(w, "%s  visitor %s, seq %d: %s %s\n", d.At.Local().Format(time.DateTime), d.Visitor, d.Seq, d.Cause, d.Detail)
		writeDifferences(w, d.Differences)
	}
}
