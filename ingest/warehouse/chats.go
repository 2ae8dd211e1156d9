package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"
)

var (
	//go:embed queries/chats.sql
	chatsSQL string
	//go:embed queries/chats_rows.sql
	chatsRowsSQL string
	//go:embed queries/chats_visitors.sql
	chatsVisitorsSQL string
)

// ChatsQuery asks how chats went.
type ChatsQuery struct {
	Campaign string    // "": of every campaign, and of chats that name none
	From, To time.Time // of offering and accepting, To excluded; zero: all
	AsOf     time.Time // only what had been received by then; zero: now
}

// What a row of chats is of beside its campaign.
const (
	ChatsAll       = "" // all of them together
	ChatsByChannel = "channel"
	ChatsByTopic   = "topic"
	ChatsByPage    = "page" // the first part of its path: /items/**
)

// ChatRow is how the chats of one campaign went, altogether or those of one
// channel, topic or group of pages: of each the 20 that had most.
type ChatRow struct {
	Campaign string // "": of chats that name none
	By, Key  string // one of the above and which
	Window   time.Duration

	Invited, Offered, Accepted uint64 // events; an accepted one begins a chat
	Answered, Ended            uint64 // of the accepted
	Unmatched                  uint64 // answers and ends that are of no chat
	OfferedTo, AcceptedBy      uint64 // visitors

	Median, P90 time.Duration // from accepting to the first answer; 0 where none was answered

	After, Without ChatAfter // of visitors who were answered, and of those who never were
}

// ChatAfter is what visitors did within Window of having accepted a chat.
type ChatAfter struct {
	Visitors uint64
	Open     uint64 // of these, whose window was not over
	Buyers   uint64
	Orders   uint64
	Value    float64 // of the orders, refunds taken off
}

func (q ChatsQuery) parameters(now time.Time) map[string]string {
	from, to, asOf := span(q.From, q.To, q.AsOf, now)
	return map[string]string{"campaign": q.Campaign, "from": clock(from), "to": clock(to), "as_of": clock(asOf)}
}

// ChatsSQL is the query behind Chats with its parameters filled in.
func ChatsSQL(q ChatsQuery) string {
	return filled(chatsSQL+chatsRowsSQL, q.parameters(time.Now()))
}

// Chats counts them, by campaign in order of their ids: first altogether, then by
// channel, topic and page. What there was nothing of has no row.
func (w *Warehouse) Chats(ctx context.Context, q ChatsQuery) (out []ChatRow, err error) {
	err = w.each(ctx, chatsSQL+chatsRowsSQL, q.parameters(time.Now()), func(scan func(...any) error) error {
		var r ChatRow
		var window int64
		var median, p90 float64
		var visitors, open, buyers, orders []uint64
		var amounts []float64
		if err := scan(&r.Campaign, &r.By, &r.Key, &window, &r.Invited, &r.Offered, &r.Accepted, &r.Answered, &r.Ended, &r.Unmatched,
			&r.OfferedTo, &r.AcceptedBy, &median, &p90, &visitors, &open, &buyers, &orders, &amounts); err != nil {
			return err
		}
		r.Window, r.Median, r.P90 = time.Duration(window)*time.Millisecond, milliseconds(median), milliseconds(p90)
		for i, a := range []*ChatAfter{&r.After, &r.Without} {
			*a = ChatAfter{visitors[i], open[i], buyers[i], orders[i], amounts[i]}
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("chats: %w", err)
	}
	return out, nil
}

func milliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// Whom ChattedQuery can ask for beside those of a chat's states: who was never
// answered, and who bought afterwards.
const (
	ChatUnanswered       = "unanswered"
	ChatAnsweredBought   = "answered_bought"
	ChatUnansweredBought = "unanswered_bought"
)

// ChatWho are all whom ChattedQuery can ask for.
var ChatWho = []string{"invited", "offered", "accepted", "answered", "ended", "unmatched", ChatUnanswered, ChatAnsweredBought, ChatUnansweredBought}

// ChattedQuery asks who is behind a number of a ChatRow.
type ChattedQuery struct {
	ChatsQuery        // of one campaign; "": of chats that name none
	Who        string // one of ChatWho
	By, Key    string // the row's
	Limit      int    // how many to name at most
	Skip       int    // how many not to, of the last to come
}

// Chatted are the visitors behind a number.
type Chatted struct {
	All  uint64
	List []ChattedVisitor // the last to come first
}

// ChattedVisitor is one of them.
type ChattedVisitor struct {
	Visitor            string
	Last               time.Time // of its offers and chats
	Accepted, Answered uint64
	Wait               time.Duration // the shortest for an answer; −1: none came
	Orders             uint64        // within the window
	Value              float64
}

// Chatted names them.
func (w *Warehouse) Chatted(ctx context.Context, q ChattedQuery) (out Chatted, err error) {
	values := q.parameters(time.Now())
	values["who"], values["by"], values["key"], values["limit"], values["skip"] = q.Who, q.By, q.Key, strconv.Itoa(q.Limit), strconv.Itoa(q.Skip)
	err = w.each(ctx, chatsSQL+chatsVisitorsSQL, values, func(scan func(...any) error) error {
		var v ChattedVisitor
		var wait int64
		err := scan(&v.Visitor, &v.Last, &v.Accepted, &v.Answered, &wait, &v.Orders, &v.Value, &out.All)
		if v.Wait = time.Duration(wait) * time.Millisecond; wait < 0 {
			v.Wait = -1
		}
		out.List = append(out.List, v)
		return err
	})
	if err != nil {
		return Chatted{}, fmt.Errorf("who is behind the chats of %s: %w", q.Campaign, err)
	}
	return out, nil
}
