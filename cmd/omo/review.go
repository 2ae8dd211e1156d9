package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// allWithin is how long a report over all campaigns may take.
const allWithin = 5 * time.Minute

func reviewCommand() *cobra.Command {
	server, since, sql, f := "http://127.0.0.1:8080", "14d", false, form{}
	cmd := &cobra.Command{
		Use:   "review",
		Short: "What the last weeks have shown: what won, what lost, what is stale, what to try",
		Long: `What the last weeks have shown, campaign by campaign, what wants a hand first:
what was stopped, lost, won, is stale or makes no difference, what that is in money,
and what to do or to try next. Verdicts rest on all of a campaign's phase, as those
of omo results do; visitors and money are of the span alone.
Needs a running server and OMO_SECRET_KEY.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			c.http = &http.Client{Timeout: allWithin}
			var answer struct {
				Results api.Review `json:"results"`
				SQL     string     `json:"sql"`
			}
			if err := c.call(cmd.Context(), "/v1/review?"+url.Values{"since": {since}, "sql": {"1"}}.Encode(), nil, &answer); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			if sql {
				fmt.Fprintln(out, answer.SQL)
				return nil
			}
			return f.give(cmd, answerForms{json: answer.Results,
				sheet: answer.Results.Sheet,
				show:  func(r reader) { writeReview(out, r, answer.Results) },
			})
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	cmd.Flags().StringVar(&since, "since", since, "how far back (14d, 4w)")
	cmd.Flags().BoolVar(&sql, "sql", false, "the SQL behind each number")
	f.flag(cmd)
	return cmd
}

// writeReview prints the findings under their headings.
func writeReview(w io.Writer, r reader, x api.Review) {
	fmt.Fprintf(w, "%s\n", r.say("施策の振り返り ", "review of ")+r.clock(x.From)[:10]+r.say("〜", " to ")+r.clock(x.To)[:10])
	if len(x.Campaigns) == 0 {
		fmt.Fprintf(w, "\n%s\n", r.say("公開中の施策がありません。", "No campaign is live."))
	}
	heading := stats.Finding("")
	for _, c := range x.Campaigns {
		if c.Finding != heading {
			heading = c.Finding
			fmt.Fprintf(w, "\n■ %s\n", r.in(heading.Words()))
		}
		name := c.Campaign
		if c.Name != "" && c.Name != c.Campaign {
			name += r.say("（"+c.Name+"）", " ("+c.Name+")")
		}
		facts := []string{name, count(c.Exposed) + r.say("人", " visitors")}
		if b := c.Brought; b != nil && b.Value.Known && b.Interval.Known {
			facts = append(facts, r.in(b.Value.Money(x.Currency))+" ["+r.in(b.Interval.Money(x.Currency, " … "))+"]")
		}
		fmt.Fprintf(w, "  %s\n", strings.Join(facts, " · "))
		if c.Finding == stats.Young { // of the many that go on, a line
			fmt.Fprintf(w, "    %s%s%s\n", r.in(c.Sentence), r.say("", " "), r.in(c.Next))
			continue
		}
		fmt.Fprintf(w, "    %s\n", indented(paragraph(r.in(c.Sentence))))
		fmt.Fprintf(w, "    → %s\n", indented(paragraph(r.in(c.Next))))
		if c.Command != "" {
			fmt.Fprintf(w, "      %s\n", c.Command)
		}
	}
	if len(x.Resting) > 0 {
		fmt.Fprintf(w, "\n%s%s\n", r.say("対象外（公開中でない）: ", "not reviewed, as they are not live: "), strings.Join(x.Resting, ", "))
	}
}

func indented(s string) string { return strings.ReplaceAll(s, "\n", "\n    ") }
