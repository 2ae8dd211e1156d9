package api

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// subjectColumns say what a row is about.
var subjectColumns = []Column{{"campaign", kindText}, {"phase", kindText}, {"goal", kindText}, {"window", kindText}, {"as_of", kindText}, {"status", kindText}, {"currency", kindText}}

func subjectCells(s stats.Subject) []any {
	return []any{s.Campaign, s.Phase, s.Goal, s.Window, s.AsOf.Format(time.RFC3339Nano), s.Status, s.Currency}
}

// armColumns are an arm's figures under their JSON names; an interval is two
// columns, and what money has begins with value_.
var armColumns = []Column{
	{"variant", kindText}, {"control", kindBool}, {"weight", kindCount}, {"exposed", kindCount}, {"converted", kindCount},
	{"rate", kindNumber}, {"rate_low", kindNumber}, {"rate_high", kindNumber}, {"value_sum", kindNumber}, {"value_per_visitor", kindNumber},
	{"lift", kindNumber}, {"lift_low", kindNumber}, {"lift_high", kindNumber}, {"p_value", kindNumber}, {"chance_to_win", kindNumber}, {"expected_loss", kindNumber},
	{"sequential_low", kindNumber}, {"sequential_high", kindNumber}, {"chance_best", kindNumber}, {"verdict", kindText},
	{"cost", kindNumber}, {"net_per_visitor", kindNumber}, {"net_per_visitor_low", kindNumber}, {"net_per_visitor_high", kindNumber},
	{"net_lift", kindNumber}, {"net_lift_low", kindNumber}, {"net_lift_high", kindNumber}, {"net_p_value", kindNumber}, {"net_chance_to_win", kindNumber},
	{"incremental_per_visitor", kindNumber}, {"incremental_per_visitor_low", kindNumber}, {"incremental_per_visitor_high", kindNumber},
	{"incremental", kindNumber}, {"incremental_low", kindNumber}, {"incremental_high", kindNumber}, {"net_verdict", kindText},
	{"reasons", kindText},
	{"judged_exposed", kindCount}, {"judged_converted", kindCount}, // whom all but exposed, converted and value_sum is about
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
	judged := stats.Judged{Exposed: a.Exposed, Converted: a.Converted}
	if a.Judged != nil {
		judged = *a.Judged
	}
	return append(cells, string(v.Verdict), reasonsText(a), judged.Exposed, judged.Converted)
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

// ResultsSheet has an arm a row.
func ResultsSheet(all []CampaignResults) Sheet {
	s := Sheet{Columns: slices.Concat(subjectColumns, armColumns)}
	for _, r := range all {
		for _, a := range r.Arms {
			s.Rows = append(s.Rows, append(subjectCells(r.Subject), armCells(a)...))
		}
	}
	return s
}

// Sheet has a campaign a row.
func (x Review) Sheet() Sheet {
	out := Sheet{Columns: []Column{
		{"campaign", kindText}, {"name", kindText}, {"status", kindText}, {"finding", kindText}, {"variant", kindText}, {"verdict", kindText}, {"exposed", kindCount},
		{"brought", kindNumber}, {"brought_low", kindNumber}, {"brought_high", kindNumber}, {"lift", kindNumber}, {"lift_low", kindNumber}, {"lift_high", kindNumber},
		{"at_stake", kindNumber}, {"at_stake_low", kindNumber}, {"at_stake_high", kindNumber}, {"currency", kindText}, {"sentence", kindText}, {"next", kindText}, {"command", kindText},
	}}
	for _, c := range x.Campaigns {
		cells := []any{c.Campaign, c.Name, c.Status, string(c.Finding), c.Variant, string(c.Verdict), c.Exposed}
		money := func(m *stats.Incremental) {
			if m == nil {
				m = &stats.Incremental{}
			}
			low, high := ends(m.Interval)
			cells = append(cells, nullable(m.Value), low, high)
		}
		money(c.Brought)
		low, high := ends(c.LiftCI)
		cells = append(cells, nullable(c.Lift), low, high)
		money(c.AtStake)
		out.Rows = append(out.Rows, append(cells, x.Currency, c.Sentence.En, c.Next.En, c.Command))
	}
	return out
}

// Sheet has a month a row.
func (u Usage) Sheet() Sheet {
	out := Sheet{Columns: []Column{{"month", kindText}, {"visitors", kindCount}, {"persons", kindCount}, {"events", kindCount}, {"decisions", kindCount}}}
	for _, m := range u.Months {
		out.Rows = append(out.Rows, []any{m.Month, m.Visitors, m.Persons, m.Events, m.Decisions})
	}
	return out
}

// Sheet has a month's arm a row.
func (s Site) Sheet() Sheet {
	out := Sheet{Columns: slices.Concat([]Column{{"month", kindText}, {"as_of", kindText}, {"currency", kindText}}, armColumns)}
	for _, m := range s.Months {
		for _, a := range m.Arms {
			out.Rows = append(out.Rows, slices.Concat([]any{m.Month, s.AsOf.Format(time.RFC3339Nano), s.Currency}, armCells(a)))
		}
	}
	return out
}

// Sheet has a day's step a row; the first day, "", is all of them together.
func (f Funnel) Sheet() Sheet {
	out := Sheet{Columns: []Column{{"campaign", kindText}, {"phase", kindText}, {"day", kindText}, {"step", kindText}, {"reason", kindText}, {"decisions", kindCount}, {"visitors", kindCount}}}
	for _, d := range f.Days {
		for _, s := range d.Steps {
			out.Rows = append(out.Rows, []any{f.Campaign, f.Phase, d.Day, s.Name, s.Reason, s.Decisions, s.Visitors})
		}
	}
	return out
}

// Sheet has a day's arm a row, of that day or of all up to it.
func (s Series) Sheet(cumulative bool) Sheet {
	out := Sheet{Columns: slices.Concat(subjectColumns, []Column{{"day", kindText}}, armColumns)}
	for _, d := range s.Days {
		arms := d.Arms
		if cumulative {
			arms = d.Cumulative
		}
		for _, a := range arms {
			out.Rows = append(out.Rows, slices.Concat(subjectCells(s.Subject), []any{d.Day}, armCells(a)))
		}
	}
	return out
}

// Sheet has a slice's arm a row.
func (b Breakdown) Sheet() Sheet {
	out := Sheet{Columns: slices.Concat(subjectColumns, []Column{{b.By, kindText}, {"small", kindBool}}, armColumns)}
	for _, s := range b.Slices {
		for _, a := range s.Arms {
			out.Rows = append(out.Rows, slices.Concat(subjectCells(b.Subject), []any{s.Key, s.Small}, armCells(a)))
		}
	}
	return out
}
