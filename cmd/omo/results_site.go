package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// runSite asks what all campaigns together brought.
func (o resultsOptions) runSite(cmd *cobra.Command, c *client) error {
	q := url.Values{"sql": {"1"}}
	for name, value := range map[string]string{"from": o.from, "to": o.to, "as_of": o.asOf} {
		if value != "" {
			q.Set(name, value)
		}
	}
	c.http = &http.Client{Timeout: allWithin}
	return tell(cmd, c, o, "/v1/site/results?"+q.Encode(), api.Site.Sheet, writeSite)
}

func writeSite(w io.Writer, r reader, s api.Site) {
	fmt.Fprintf(w, "%s\n\n", r.say("施策全体の効果（ホールドアウトとの比較、"+r.clock(s.AsOf)+" 集計）", "all campaigns together against the holdout, as of "+r.clock(s.AsOf)))
	if len(s.Months) == 0 {
		fmt.Fprintln(w, r.say("まだデータがありません。", "There is no data yet."))
		return
	}
	var arms []stats.ArmResult
	for _, m := range s.Months {
		arms = append(arms, m.Arms...)
	}
	p := plotFor(arms)
	t := newTable(w, r.say("月", "month"), r.say("対象", "side"), r.say("人数", "visitors"), r.say("購入者", "buyers"), r.say("購入率", "rate"), r.say("リフト", "lift"), p.header(),
		r.say("1人あたり", "a visitor"), r.say("合計の効果", "in all"), r.say("95%区間", "95 % interval"))
	for _, m := range s.Months {
		month := m.Month
		for _, a := range m.Arms {
			side, each, sum, ci := r.say("施策あり", "treated"), stats.Number{}, stats.Number{}, stats.Interval{}
			if a.Value != nil {
				each = a.Value.PerVisitor
			}
			if a.Control {
				side = r.say("ホールドアウト", "holdout")
			} else if m.Incremental != nil {
				sum, ci = m.Incremental.Value, m.Incremental.Interval
			}
			t.AppendRow(table.Row{month, side, count(a.Exposed), count(a.Converted), a.Rate.Percent(), a.Lift.Change(), p.line(a.Lift, a.LiftCI),
				r.in(each.Amount(s.Currency)), r.in(sum.Money(s.Currency)), r.in(ci.Money(s.Currency, " … "))})
			month = ""
		}
		t.AppendSeparator()
	}
	t.SetColumnConfigs(rightAligned(3, 4, 5, 6, 8, 9, 10))
	render(w, t)
	last := s.Months[len(s.Months)-1]
	fmt.Fprintf(w, "\n%s: %s\n", last.Month, paragraph(r.in(last.Sentence)))
	if len(s.BelowZero) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", r.say("売上への効果がマイナスの施策", "campaigns below zero"))
	for _, x := range s.BelowZero {
		sure := r.say("（まだ誤差の範囲）", "(within the error)")
		if x.Sure {
			sure = r.say("（確実）", "(surely)")
		}
		fmt.Fprintf(w, "  %s  %s  [%s]  %s\n", x.Campaign, r.in(x.Incremental.Value.Money(s.Currency)), r.in(x.Incremental.Interval.Money(s.Currency, " … ")), sure)
	}
}
