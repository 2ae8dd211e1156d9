package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// chatRows are a campaign's chats: all, one channel that was answered, and one that was not.
func chatRows() []warehouse.ChatRow {
	all := warehouse.ChatRow{
		Campaign: "welcome", Window: 72 * time.Hour, Invited: 1, Offered: 400, OfferedTo: 380, Accepted: 50, AcceptedBy: 45, Answered: 30, Ended: 28, Unmatched: 2,
		Median: 45 * time.Second, P90: 200 * time.Second,
		After:   warehouse.ChatAfter{Visitors: 28, Open: 2, Buyers: 6, Orders: 7, Value: 54_000},
		Without: warehouse.ChatAfter{Visitors: 17, Buyers: 1, Orders: 1, Value: 3400},
	}
	chat, form := all, warehouse.ChatRow{Campaign: "welcome", By: "channel", Key: "form", Window: 72 * time.Hour, Offered: 400, OfferedTo: 380, Accepted: 5, AcceptedBy: 5, Without: warehouse.ChatAfter{Visitors: 5}}
	chat.By, chat.Key, chat.Unmatched = "channel", "chat", 0
	page := warehouse.ChatRow{Campaign: "welcome", By: "page", Key: "/items/**", Window: 72 * time.Hour, Offered: 9, OfferedTo: 9}
	return []warehouse.ChatRow{all, chat, form, page}
}

func TestChatsReport(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.reports.chats = chatRows()
	var got api.Chats
	s.trusted().get("/v1/chats").is(http.StatusOK).into(&got)
	if q := s.reports.asked[0]; q.Campaign != "" || !q.To.Equal(s.clock.Now()) || !q.AsOf.Equal(q.To) || q.To.Sub(q.From) != 14*24*time.Hour {
		t.Errorf("asked %+v", q)
	}
	all, form, page := got.Rows[0], got.Rows[2], got.Rows[3]
	if all.Name == "" || all.AnsweredShare.Value != .6 || all.Median.Value != 45 || all.P90.Value != 200 || all.Window != "72h" || all.After.ValuePerVisitor.Value != 54_000./28 || all.Reasons != nil {
		t.Errorf("%+v", all)
	}
	if !form.AnsweredShare.Known || form.AnsweredShare.Value != 0 || form.Median.Known || form.Reasons["answer_seconds_median"] != "nobody_answered" || form.Reasons["answered_share"] != "" || form.After.ValuePerVisitor.Known {
		t.Errorf("%+v", form)
	}
	if page.AnsweredShare.Known || page.Reasons["answered_share"] != "nobody_accepted" || page.Reasons["answer_seconds_p90"] != "nobody_accepted" {
		t.Errorf("%+v", page)
	}
	if !strings.Contains(got.Note.En, "no experiment") || !strings.Contains(got.Note.Ja, "実験ではありません") || got.Currency != "JPY" {
		t.Errorf("%+v", got.Note)
	}
	var told struct{ SQL string }
	s.trusted().get("/v1/chats?campaign=welcome&from=2026-11-01&to=2026-11-03&sql=1").is(http.StatusOK).into(&told)
	if q := s.reports.asked[1]; q.Campaign != "welcome" || q.To.Sub(q.From) != 48*time.Hour || !strings.Contains(told.SQL, "'welcome'") {
		t.Errorf("asked %+v", q)
	}
	s.trusted().get("/v1/chats?campaign=nobody").says(http.StatusNotFound, "not_found", "no campaign nobody in the rules folder; GET /v1/campaigns lists them")
}

// The screen shows what the report says, and each number leads to its visitors.
func TestChatsOnTheResultScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	s.reports.chats = chatRows()
	s.reports.chatted = warehouse.Chatted{All: 2, List: []warehouse.ChattedVisitor{
		{Visitor: "v1", Last: s.clock.Now(), Accepted: 2, Answered: 1, Wait: 45 * time.Second, Orders: 1, Value: 4200}, {Visitor: "v2", Last: s.clock.Now(), Accepted: 1, Wait: -1},
	}}
	c := s.as("view")
	if page := string(c.counted("/ui/campaigns/welcome").body); strings.Contains(page, "/ui/campaigns/welcome/chats") {
		t.Error("a campaign without a chat has a card of chats")
	}
	card := c.counted("/ui/campaigns/welcome/chats")
	for row, want := range map[string]string{
		"全体": "全体 400 50 30 60.00% 28 45秒 3分20秒", "窓口 フォーム": "窓口 フォーム 400 5 0 0.00% 0 – –", "ページ /items/**": "ページ /items/** 9 0 0 – 0 – –",
		"応答できた人": "応答できた人 28 6 7 54,000円 1,929円", "応答できなかった人": "応答できなかった人 17 1 1 3,400円 200円",
	} {
		if got := card.row(row); got != want {
			t.Errorf("the row is %q, want %q", got, want)
		}
	}
	for _, text := range []string{"実験ではありません", "応答・終了が 2 件あり", "応答あり 2 人、なし 0 人"} {
		if !strings.Contains(string(card.body), text) {
			t.Errorf("the card lacks %s", text)
		}
	}
	seen := map[string]bool{}
	for _, to := range card.links() {
		if !strings.Contains(to, "/visitors?") {
			continue
		}
		s.clock.pass(time.Hour)
		c.counted(to)
		q, ok := s.reports.behind[len(s.reports.behind)-1].(warehouse.ChattedQuery)
		if !ok || q.Campaign != "welcome" || q.To.Sub(q.From) != 14*24*time.Hour || !q.AsOf.Equal(q.To) || q.Limit != 100 {
			t.Fatalf("%s asks %+v", to, q)
		}
		seen[strings.TrimSpace(q.Who+" "+q.By+" "+q.Key)] = true
	}
	for _, want := range []string{"offered", "accepted", "answered", "ended", "unmatched", "unanswered", "answered_bought", "unanswered_bought", "answered channel chat", "accepted channel form", "offered page /items/**"} {
		if !seen[want] {
			t.Errorf("nothing leads to %q: %v", want, seen)
		}
	}
	list := c.counted("/ui/campaigns/welcome/visitors?chat=accepted&part=channel&key=chat")
	if row := list.row("v1"); !strings.HasSuffix(row, " 2 45秒 1 4,200円") {
		t.Errorf("the row is %q", row)
	}
	if row := list.row("v2"); !strings.HasSuffix(row, " 1 – 0") {
		t.Errorf("the row is %q", row)
	}
	if body := string(list.body); !strings.Contains(body, "窓口 チャット") || !strings.Contains(body, "チャットを始めた人") {
		t.Error("the list does not say of what it is")
	}
	for query, why := range map[string]string{"chat=moon": "chat moon is none of", "chat=accepted&part=moon": "part moon is none of"} {
		if body := string(c.get("/ui/campaigns/welcome/visitors?" + query).is(http.StatusBadRequest).body); !strings.Contains(body, why) {
			t.Errorf("%s: %s", query, body)
		}
	}
}
