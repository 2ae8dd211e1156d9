package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// subjectColumns say what a row is about.
var subjectColumns = []column{{"campaign", aText}, {"phase", aText}, {"goal", aText}, {"window", aText}, {"as_of", aText}, {"status", aText}, {"currency", aText}}

func subjectCells(s stats.Subject) []any {
	return []any{s.Campaign, s.Phase, s.Goal, s.Window, s.AsOf.Format(time.RFC3339Nano), s.Status, s.Currency}
}

// armColumns are an arm's figures under their JSON names; an interval is two
// columns, and what money has begins with value_.
var armColumns = []column{
	{"variant", aText}, {"control", aBool}, {"weight", aCount}, {"exposed", aCount}, {"converted", aCount},
	{"rate", aNumber}, {"rate_low", aNumber}, {"rate_high", aNumber}, {"value_sum", aNumber}, {"value_per_visitor", aNumber},
	{"lift", aNumber}, {"lift_low", aNumber}, {"lift_high", aNumber}, {"p_value", aNumber}, {"chance_to_win", aNumber}, {"expected_loss", aNumber},
	{"sequential_low", aNumber}, {"sequential_high", aNumber}, {"chance_best", aNumber}, {"verdict", aText},
	{"cost", aNumber}, {"net_per_visitor", aNumber}, {"net_per_visitor_low", aNumber}, {"net_per_visitor_high", aNumber},
	{"net_lift", aNumber}, {"net_lift_low", aNumber}, {"net_lift_high", aNumber}, {"net_p_value", aNumber}, {"net_chance_to_win", aNumber},
	{"incremental_per_visitor", aNumber}, {"incremental_per_visitor_low", aNumber}, {"incremental_per_visitor_high", aNumber},
	{"incremental", aNumber}, {"incremental_low", aNumber}, {"incremental_high", aNumber}, {"net_verdict", aText},
	{"reasons", aText},
}

func armCells(a stats.ArmResult) []any {
	cells := []any{a.Variant, a.Control, uint64(max(0, a.Weight)), a.Exposed, a.Converted}
	add := func(n ...stats.Number) {
		for _, x := range n {
			cells = append(cells, nullable(x))
		}
	}
	between := func(i stats.Interval) {
		low, high := ends(i)
		cells = append(cells, low, high)
	}
	add(a.Rate)
	between(a.RateCI)
	add(a.ValueSum, a.ValuePerVisitor, a.Lift)
	between(a.LiftCI)
	add(a.PValue, a.ChanceToWin, a.ExpectedLoss)
	between(a.SequentialCI)
	add(a.ChanceBest)
	cells = append(cells, string(a.Verdict))
	v := stats.ArmValue{}
	if a.Value != nil {
		v = *a.Value
	}
	add(v.Cost, v.PerVisitor)
	between(v.PerVisitorCI)
	add(v.Lift)
	between(v.LiftCI)
	add(v.PValue, v.ChanceToWin, v.IncrementalPerVisitor)
	between(v.IncrementalPerVisitorCI)
	add(v.Incremental)
	between(v.IncrementalCI)
	return append(cells, string(v.Verdict), reasonsText(a))
}

// reasonsText says why cells are empty: "lift:is_control p_value:is_control".
func reasonsText(a stats.ArmResult) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a.Reasons)) {
		out = append(out, name+":"+string(a.Reasons[name]))
	}
	if a.Value == nil {
		return strings.Join(append(out, "value:"+string(stats.NoValue)), " ")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Value.Reasons)) {
		out = append(out, "value."+name+":"+string(a.Value.Reasons[name]))
	}
	return strings.Join(out, " ")
}

// resultsSheet has an arm a row.
func resultsSheet(all []api.CampaignResults) sheet {
	s := sheet{columns: slices.Concat(subjectColumns, armColumns)}
	for _, r := range all {
		for _, a := range r.Arms {
			s.rows = append(s.rows, append(subjectCells(r.Subject), armCells(a)...))
		}
	}
	return s
}
