package main

import (
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/rules"
)

func chatsCommand() *cobra.Command {
	server, since, until, sql, f := "http://127.0.0.1:8080", "14d", "", false, form{}
	cmd := &cobra.Command{
		Use:   "chats [CAMPAIGN]",
		Short: "How chats went: offered, begun, answered, how fast, and what visitors bought then",
		Long: `How chats went, by campaign and by channel, topic and page: how many were offered,
begun, answered and ended, how long visitors waited for an answer, and what those who
were answered and those who never were bought afterwards, which is no experiment.
It counts omo_chat events: the shop's chat tool tells of answers and ends.
Needs a running server and OMO_SECRET_KEY.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			q := url.Values{"sql": {"1"}}
			if len(args) > 0 {
				q.Set("campaign", args[0])
			}
			now := time.Now()
			for _, at := range []struct{ name, text, as string }{{"since", since, "from"}, {"until", until, "to"}} {
				text, err := momentOf(at.text, now)
				if err != nil {
					return fmt.Errorf("--%s %s", at.name, err)
				}
				if text != "" {
					q.Set(at.as, text)
				}
			}
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var answer struct {
				Results api.Chats `json:"results"`
				SQL     string    `json:"sql"`
			}
			if err := c.call(cmd.Context(), "/v1/chats?"+q.Encode(), nil, &answer); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			if sql {
				fmt.Fprintln(out, answer.SQL)
				return nil
			}
			return f.give(cmd, answerForms{json: answer.Results, sheet: answer.Results.Sheet, show: func(r reader) { writeChats(out, r, answer.Results) }})
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	cmd.Flags().StringVar(&since, "since", since, "offers and chats from then on: a length of time before now (14d) or a date or time")
	cmd.Flags().StringVar(&until, "until", until, "and before then (default: now)")
	cmd.Flags().BoolVar(&sql, "sql", false, "the SQL behind the numbers")
	f.flag(cmd)
	return cmd
}

// momentOf is a length of time before now, or a date or time as the server reads it.
func momentOf(text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	if d, err := rules.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d).UTC().Format(time.RFC3339), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if _, err := time.Parse(layout, text); err == nil {
			return text, nil
		}
	}
	return "", fmt.Errorf("%s is neither a length of time (14d), a date (2026-12-01) nor a time (2026-12-01T09:00:00+09:00)", text)
}

// writeChats prints how chats went, and then what visitors bought.
func writeChats(w io.Writer, r reader, x api.Chats) {
	fmt.Fprintf(w, "%s\n\n", r.say("チャット · "+r.clock(x.From)+" から "+r.clock(x.To)+" まで", "chats · from "+r.clock(x.From)+" to "+r.clock(x.To)))
	if len(x.Rows) == 0 {
		fmt.Fprintln(w, r.say("この期間にチャットのご案内がありません。type: chat の施策を公開すると、ここに出ます。", "No chat was offered in this time: a live campaign with an action of type chat offers some."))
		return
	}
	t := newTable(w, r.say("施策", "campaign"), r.say("ご案内", "offered"), r.say("人数", "visitors"), r.say("開始", "begun"), r.say("応答", "answered"), r.say("応答率", "share"),
		r.say("終了", "ended"), r.say("応答まで（中央値）", "median wait"), r.say("9割がこの時間内", "90 % within"))
	begun, untold, unmatched := false, false, uint64(0)
	for _, c := range x.Rows {
		t.AppendRow(table.Row{
			chatLabel(r, c), count(c.Offered), count(c.OfferedTo), count(c.Accepted), count(c.Answered), c.AnsweredShare.Percent(), count(c.Ended), r.in(c.Median.Lasting()), r.in(c.P90.Lasting()),
		})
		if c.By == "" {
			begun, untold, unmatched = begun || c.Accepted > 0, untold || c.Accepted > 0 && c.Answered == 0, unmatched+c.Unmatched
		}
	}
	t.SetColumnConfigs(rightAligned(2, 3, 4, 5, 6, 7, 8, 9))
	render(w, t)
	if untold {
		fmt.Fprintln(w, r.say("※ 応答が 0 の施策：応答を送っていなければ、チャットの道具から omo_chat の state: answered を送ってください。", "* Nothing answered: unless that is so, let the chat tool send omo_chat with state: answered."))
	}
	if unmatched > 0 {
		fmt.Fprintln(w, r.say(fmt.Sprintf("※ 始まりが記録されていない応答・終了が %s 件あり、数に入っていません。", count(unmatched)), fmt.Sprintf("* %s answers or ends are of no chat that was begun, and not counted.", count(unmatched))))
	}
	if !begun {
		return
	}
	fmt.Fprintf(w, "\n%s\n\n", r.say("チャットを始めた人の、その後の注文", "What visitors bought after they began a chat"))
	after := newTable(w, r.say("施策", "campaign"), r.say("だれが", "visitors"), r.say("人数", "number"), r.say("購入した人", "bought"), r.say("注文", "orders"), r.say("金額", "value"), r.say("1人あたり", "each"), r.say("途中の人", "not over"))
	for _, c := range x.Rows {
		if c.By != "" || c.Accepted == 0 {
			continue
		}
		line := func(label, who string, a api.ChatAfter) {
			after.AppendRow(table.Row{label, who, count(a.Visitors), count(a.Buyers), count(a.Orders),
				r.in(stats.Number{Value: a.Value, Known: a.Visitors > 0}.Amount(x.Currency)), r.in(a.ValuePerVisitor.Amount(x.Currency)), count(a.Open)})
		}
		line(chatLabel(r, c), r.say("応答できた人", "answered"), c.After)
		line("  "+r.say(c.Window+" 以内", "within "+c.Window), r.say("応答できなかった人", "never answered"), c.Without)
	}
	after.SetColumnConfigs(rightAligned(3, 4, 5, 6, 7, 8))
	render(w, after)
	fmt.Fprintln(w, "※ "+r.in(x.Note))
}

// chatLabel names a row: the campaign, or under it the part.
func chatLabel(r reader, c api.ChatRow) string {
	kind, known := map[string]stats.Sentence{"channel": {Ja: "窓口", En: "channel"}, "topic": {Ja: "話題", En: "topic"}, "page": {Ja: "ページ", En: "page"}}[c.By]
	switch {
	case known:
		return "  " + r.in(kind) + " " + c.Key
	case c.Campaign == "":
		return r.say("（施策なし）", "(no campaign)")
	default:
		return c.Campaign
	}
}
