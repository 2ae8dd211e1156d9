package api

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Chats is the answer of GET /v1/chats: how chats went, and what visitors did
// afterwards.
type Chats struct {
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	AsOf     time.Time      `json:"as_of"`
	Currency string         `json:"currency"`
	Note     stats.Sentence `json:"note"` // what After and Without cannot say
	Rows     []ChatRow      `json:"rows"` // a campaign's first is all its chats together
}

// ChatRow is how the chats of one campaign went: altogether, or those of one
// channel, topic or group of pages.
type ChatRow struct {
	Campaign string `json:"campaign"` // "": of chats that name none
	Name     string `json:"name,omitempty"`
	By       string `json:"by,omitempty"` // channel, topic or page
	Key      string `json:"key,omitempty"`

	Invited    uint64 `json:"invited"`
	Offered    uint64 `json:"offered"`
	OfferedTo  uint64 `json:"offered_to"` // visitors
	Accepted   uint64 `json:"accepted"`   // chats: each begins by being accepted
	AcceptedBy uint64 `json:"accepted_by"`
	Answered   uint64 `json:"answered"` // of the chats
	Ended      uint64 `json:"ended"`
	Unmatched  uint64 `json:"unmatched"` // answers and ends that are of no chat

	AnsweredShare stats.Number            `json:"answered_share"`
	Median        stats.Number            `json:"answer_seconds_median"` // from accepting to the first answer
	P90           stats.Number            `json:"answer_seconds_p90"`
	Reasons       map[string]stats.Reason `json:"reasons,omitempty"` // why figures are null

	Window  string    `json:"window"` // for how long after accepting
	After   ChatAfter `json:"after"`  // of visitors who were answered
	Without ChatAfter `json:"without"`
}

// ChatAfter is what visitors did in the window after they had accepted a chat.
type ChatAfter struct {
	Visitors        uint64       `json:"visitors"`
	Open            uint64       `json:"open"` // of these, whose window is not over yet
	Buyers          uint64       `json:"buyers"`
	Orders          uint64       `json:"orders"`
	Value           float64      `json:"value"`             // of the orders, refunds taken off
	ValuePerVisitor stats.Number `json:"value_per_visitor"` // null where there is no visitor
}

// noExperiment says what comparing the answered with the others is worth.
var noExperiment = stats.Sentence{
	Ja: "対応できた人とできなかった人の比較は実験ではありません。誰に対応できたかは時間帯や混雑で決まり、買う気のある人ほど待つこともあります。差をチャットの効果と読まず、効果は施策の結果（未実施との比較）で確かめてください。",
	En: "Answered against never answered is no experiment: who is answered depends on the hour and on how busy the staff is, and who means to buy may wait longer. Do not read the difference as what chats bring; that is what the campaign's results against control are for.",
}

// chatDays is how far back chats are looked at unless told.
const chatDays = 14

func (s *Server) chatLife(c echo.Context) error {
	ask, err := s.chatsAsked(c, c.QueryParam("campaign"), s.engine.Live().Set.Site.Timezone)
	if err != nil {
		return err
	}
	if ask.Campaign != "" && s.campaign(ask.Campaign) == nil {
		return s.unmet(ask.Campaign, "; GET /v1/campaigns lists them")
	}
	out, err := s.chatsOf(c.Request().Context(), ask)
	if err != nil {
		return err
	}
	return withSQL(c, out, warehouse.ChatsSQL(ask))
}

// chatsAsked closes what is left open: of the last two weeks, as of now.
func (s *Server) chatsAsked(c echo.Context, campaign string, zone *time.Location) (warehouse.ChatsQuery, error) {
	ask := warehouse.ChatsQuery{Campaign: campaign}
	if err := span(c, zone, &ask.From, &ask.To, &ask.AsOf); err != nil {
		return ask, err
	}
	return chatsSpan(ask, s.now()), nil
}

func chatsSpan(ask warehouse.ChatsQuery, now time.Time) warehouse.ChatsQuery {
	if ask.AsOf.IsZero() {
		ask.AsOf = now
	}
	if ask.To.IsZero() {
		ask.To = ask.AsOf
	}
	if ask.From.IsZero() {
		ask.From = ask.To.AddDate(0, 0, -chatDays)
	}
	return ask
}

func (s *Server) chatsOf(ctx context.Context, ask warehouse.ChatsQuery) (Chats, error) {
	found, err := s.reports.Chats(ctx, ask)
	if err != nil {
		return Chats{}, s.away("chats", ask.Campaign, err)
	}
	set := s.engine.Live().Set
	names := map[string]string{}
	for _, c := range set.Campaigns {
		names[c.ID] = c.Name
	}
	out := Chats{From: ask.From.UTC(), To: ask.To.UTC(), AsOf: ask.AsOf.UTC(), Currency: set.Site.Currency, Note: noExperiment, Rows: []ChatRow{}}
	for _, r := range found {
		out.Rows = append(out.Rows, chatRow(r, names[r.Campaign]))
	}
	return out, nil
}

func chatRow(r warehouse.ChatRow, name string) ChatRow {
	out := ChatRow{
		Campaign: r.Campaign, Name: name, By: r.By, Key: r.Key,
		Invited: r.Invited, Offered: r.Offered, OfferedTo: r.OfferedTo, Accepted: r.Accepted, AcceptedBy: r.AcceptedBy,
		Answered: r.Answered, Ended: r.Ended, Unmatched: r.Unmatched,
		Window: rules.FormatDuration(r.Window), After: chatAfter(r.After), Without: chatAfter(r.Without),
	}
	reasons := map[string]stats.Reason{}
	given := func(name string, n *stats.Number, value float64, missing stats.Reason) {
		if *n = (stats.Number{Value: value, Known: missing == "", Why: missing}); missing != "" {
			n.Value, reasons[name] = 0, missing
		}
	}
	share, wait := stats.Reason(""), stats.Reason("")
	if r.Accepted == 0 {
		share, wait = stats.NobodyAccepted, stats.NobodyAccepted
	} else if r.Answered == 0 {
		wait = stats.NobodyAnswered
	}
	given("answered_share", &out.AnsweredShare, float64(r.Answered)/float64(max(r.Accepted, 1)), share)
	given("answer_seconds_median", &out.Median, r.Median.Seconds(), wait)
	given("answer_seconds_p90", &out.P90, r.P90.Seconds(), wait)
	if len(reasons) > 0 {
		out.Reasons = reasons
	}
	return out
}

func chatAfter(a warehouse.ChatAfter) ChatAfter {
	out := ChatAfter{Visitors: a.Visitors, Open: a.Open, Buyers: a.Buyers, Orders: a.Orders, Value: a.Value}
	if a.Visitors > 0 {
		out.ValuePerVisitor = stats.Number{Value: a.Value / float64(a.Visitors), Known: true}
	}
	return out
}

// Sheet has a row of chats a row.
func (x Chats) Sheet() Sheet {
	out := Sheet{Columns: []Column{
		{"campaign", kindText}, {"by", kindText}, {"key", kindText}, {"invited", kindCount}, {"offered", kindCount}, {"offered_to", kindCount},
		{"accepted", kindCount}, {"accepted_by", kindCount}, {"answered", kindCount}, {"ended", kindCount}, {"unmatched", kindCount},
		{"answered_share", kindNumber}, {"answer_seconds_median", kindNumber}, {"answer_seconds_p90", kindNumber}, {"window", kindText},
		{"after_visitors", kindCount}, {"after_open", kindCount}, {"after_buyers", kindCount}, {"after_orders", kindCount}, {"after_value", kindNumber},
		{"without_visitors", kindCount}, {"without_open", kindCount}, {"without_buyers", kindCount}, {"without_orders", kindCount}, {"without_value", kindNumber},
		{"currency", kindText},
	}}
	for _, r := range x.Rows {
		cells := []any{
			r.Campaign, r.By, r.Key, r.Invited, r.Offered, r.OfferedTo, r.Accepted, r.AcceptedBy, r.Answered, r.Ended, r.Unmatched,
			nullable(r.AnsweredShare), nullable(r.Median), nullable(r.P90), r.Window,
		}
		for _, a := range []ChatAfter{r.After, r.Without} {
			cells = append(cells, a.Visitors, a.Open, a.Buyers, a.Orders, a.Value)
		}
		out.Rows = append(out.Rows, append(cells, x.Currency))
	}
	return out
}
