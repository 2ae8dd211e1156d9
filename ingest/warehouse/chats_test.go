package warehouse_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func TestChats(t *testing.T) {
	t.Parallel()
	w, archive, dsn := loaded(t, "testdata/chats.txtar")
	conn := connect(t, dsn)
	after := func(a warehouse.ChatAfter) string {
		return fmt.Sprintf("%d (%d open): %d bought, %d orders, %v", a.Visitors, a.Open, a.Buyers, a.Orders, a.Value)
	}
	for _, file := range archive.Files {
		title, ok := strings.CutPrefix(file.Name, "want: ")
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			asked := query(t, title)
			q := warehouse.ChatsQuery{Campaign: asked.Campaign, From: asked.From, To: asked.To, AsOf: asked.AsOf}
			rows, err := w.Chats(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, r := range rows {
				name := strings.TrimSpace(cmp.Or(r.Campaign, "-") + " " + r.By + " " + r.Key)
				fmt.Fprintf(&got, "%s: invited %d, offered %d to %d, accepted %d by %d, answered %d, ended %d, unmatched %d; %s %s; in %s answered %s; unanswered %s\n", name,
					r.Invited, r.Offered, r.OfferedTo, r.Accepted, r.AcceptedBy, r.Answered, r.Ended, r.Unmatched, r.Median, r.P90, r.Window, after(r.After), after(r.Without))
			}
			if got, want := got.String(), string(file.Data); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if printed := strings.Count(ask(t, conn, warehouse.ChatsSQL(q)), "\n") + 1; printed != len(rows) {
				t.Errorf("the printed query gives %d rows, want %d", printed, len(rows))
			}
		})
	}
	for _, file := range archive.Files {
		title, ok := strings.CutPrefix(file.Name, "who: ")
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			words := append(strings.Fields(title), "", "")
			found, err := w.Chatted(t.Context(), warehouse.ChattedQuery{
				ChatsQuery: warehouse.ChatsQuery{Campaign: strings.Trim(words[0], "-"), AsOf: start.Add(100 * time.Hour)},
				Who:        words[1], By: words[2], Key: words[3], Limit: 10,
			})
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, v := range found.List {
				fmt.Fprintln(&got, v.Visitor, v.Accepted, v.Answered, v.Wait, v.Orders, v.Value)
			}
			if got, want := got.String(), string(file.Data); got != want || found.All != uint64(strings.Count(want, "\n")) {
				t.Errorf("%d in all, got:\n%s\nwant:\n%s", found.All, got, want)
			}
		})
	}
}

// Every number of visitors of a row is that of the list behind it.
func TestChatsLeadToTheirVisitors(t *testing.T) {
	t.Parallel()
	w, _, _ := loaded(t, "testdata/chats.txtar")
	q := warehouse.ChatsQuery{Campaign: "help", AsOf: start.Add(100 * time.Hour)}
	rows, err := w.Chats(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.By == warehouse.ChatsByTopic || r.By == warehouse.ChatsByPage {
			continue // as channels are
		}
		for who, want := range map[string]uint64{
			"offered": r.OfferedTo, "accepted": r.AcceptedBy, "answered": r.After.Visitors, warehouse.ChatUnanswered: r.Without.Visitors,
			warehouse.ChatAnsweredBought: r.After.Buyers, warehouse.ChatUnansweredBought: r.Without.Buyers, "nobody": 0,
		} {
			found, err := w.Chatted(t.Context(), warehouse.ChattedQuery{ChatsQuery: q, Who: who, By: r.By, Key: r.Key, Limit: 1})
			if err != nil || found.All != want || len(found.List) != int(min(want, 1)) {
				t.Errorf("%q %s %s, %s: %d behind it, want %d (%v)", r.Campaign, r.By, r.Key, who, found.All, want, err)
			}
		}
	}
}
