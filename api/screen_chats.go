package api

import (
	"context"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// talks is whether a campaign offers chats.
func talks(campaign *rules.Campaign) bool {
	return slices.ContainsFunc(campaign.Variants, func(v rules.Variant) bool { return len(v.Channels) > 0 })
}

// putChats shows how a campaign's chats went, in the span that its funnel has.
func (s *Server) putChats(c echo.Context, page *dashboard.Result, campaign *rules.Campaign, q warehouse.Query, stands *standing) (bool, error) {
	ask, err := s.chatsOfCampaign(c, campaign, q)
	if err != nil {
		return false, err
	}
	found, err := counting(s, c, campaign, q, stands, func(ctx context.Context) (Chats, error) { return s.chatsOf(ctx, ask) })
	if err != nil || found == nil {
		return false, err
	}
	out := &dashboard.Chats{From: found.From.In(campaign.Zone), To: found.To.In(campaign.Zone), Currency: found.Currency, Note: found.Note}
	for _, r := range found.Rows {
		to := func(who string) string {
			return page.To("visitors", "chat", who, "part", r.By, "key", r.Key,
				"since", found.From.Format(exactly), "until", found.To.Format(exactly), "as_of", found.AsOf.Format(exactly))
		}
		row := dashboard.ChatRow{
			By: r.By, Key: r.Key, Offered: r.Offered, Accepted: r.Accepted, Answered: r.Answered, OfferedTo: r.OfferedTo, AcceptedBy: r.AcceptedBy, AnsweredTo: r.After.Visitors,
			Ended: r.Ended, Unmatched: r.Unmatched, Share: r.AnsweredShare, Median: r.Median, P90: r.P90, Window: r.Window, After: chatAfterShown(r.After), Without: chatAfterShown(r.Without),
			ToOffered: to("offered"), ToAccepted: to("accepted"), ToAnswered: to("answered"), ToUnanswered: to(warehouse.ChatUnanswered), ToEnded: to("ended"), ToUnmatched: to("unmatched"),
			ToAnsweredBought: to(warehouse.ChatAnsweredBought), ToUnansweredBought: to(warehouse.ChatUnansweredBought),
		}
		if r.By == "" {
			out.All = row
		} else {
			out.Parts = append(out.Parts, row)
		}
	}
	page.Chats = out
	return true, nil
}

func chatAfterShown(a ChatAfter) dashboard.ChatAfter {
	return dashboard.ChatAfter{
		Visitors: a.Visitors, Open: a.Open, Buyers: a.Buyers, Orders: a.Orders,
		Value: stats.Number{Value: a.Value, Known: a.Visitors > 0}, Each: a.ValuePerVisitor,
	}
}

func (s *Server) chatsOfCampaign(c echo.Context, campaign *rules.Campaign, q warehouse.Query) (warehouse.ChatsQuery, error) {
	asked, err := funnelAsked(c, campaign, s.asOf(campaign, q))
	return warehouse.ChatsQuery{Campaign: campaign.ID, From: asked.From, To: asked.To, AsOf: asked.AsOf}, err
}

// chatMembers names the visitors behind a number of a campaign's chats, and tells how
// many there are.
func (s *Server) chatMembers(c echo.Context, page *dashboard.Members, campaign *rules.Campaign, q warehouse.Query, skip int) (uint64, error) {
	who, by := c.QueryParam("chat"), c.QueryParam("part")
	if !slices.Contains(warehouse.ChatWho, who) {
		return 0, problem("bad_request", "chat "+who+" is none of "+strings.Join(warehouse.ChatWho, ", ")).in(who + " という一覧はありません。結果の画面の数字から開いてください。")
	}
	if parts := []string{warehouse.ChatsAll, warehouse.ChatsByChannel, warehouse.ChatsByTopic, warehouse.ChatsByPage}; !slices.Contains(parts, by) {
		return 0, problem("bad_request", "part "+by+" is none of channel, topic, page").in("分け方は channel・topic・page のどれかです。")
	}
	ask, err := s.chatsOfCampaign(c, campaign, q)
	if err != nil {
		return 0, err
	}
	page.Who, page.Chat, page.Part, page.Key = "chat_"+who, true, by, c.QueryParam("key")
	members := warehouse.ChattedQuery{ChatsQuery: ask, Who: who, By: by, Key: page.Key, Limit: membersMost, Skip: skip}
	found := listed(s, c, campaign, q, page, func(ctx context.Context) (warehouse.Chatted, error) { return s.behind.Chatted(ctx, members) })
	page.All = found.All
	zone := s.engine.Live().Set.Site.Timezone
	for _, v := range found.List {
		if s.gone(v.Visitor, page) {
			continue
		}
		page.List = append(page.List, dashboard.Member{
			ID: v.Visitor, At: v.Last.In(zone), Chats: v.Accepted, Orders: v.Orders,
			Wait: stats.Number{Value: v.Wait.Seconds(), Known: v.Wait >= 0}, Value: stats.Number{Value: v.Value, Known: true},
		})
	}
	return found.All, nil
}
