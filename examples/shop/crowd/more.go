package crowd

import (
	"context"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/examples/shop"
)

// What visitors do beside looking and buying: carts, chats and surveys. All of it
// is drawn from a stream of its own.

// fill puts one article in thirty that are looked at into the cart; most stay there.
func (p *person) fill(ctx context.Context, at page, item *shop.Item) error {
	if item == nil || p.more.IntN(30) > 0 {
		return nil
	}
	return p.send(ctx, []event{p.added(*item, at, p.now())})
}

func (p *person) added(item shop.Item, at page, when time.Time) event {
	e := p.event("add_to_cart", map[string]any{"currency": "JPY", "value": item.Price, "items": []any{line(item)}})
	e.Page, e.At = at, when.UnixMilli()
	return e
}

// way is how long one kind of channel takes, on average beyond its least, and how
// often somebody answers at all.
type way struct {
	least, more, talk time.Duration
	answered          float64
}

var ways = map[string]way{
	"chat":  {12 * time.Second, 35 * time.Second, 4 * time.Minute, .9},
	"phone": {6 * time.Second, 20 * time.Second, 5 * time.Minute, .95},
	"line":  {40 * time.Second, 4 * time.Minute, 8 * time.Minute, .7},
	"form":  {20 * time.Minute, 90 * time.Minute, 0, .5},
	"faq":   {},
}

// talk tells that a chat was offered; half of the visitors take it up, rather by
// the first channel than by the last. A session takes no time here, and waiting for
// an answer is of no worth without it: it is told as if the visitor had asked so
// long before now.
func (p *person) talk(ctx context.Context, action action, about map[string]any) error {
	var kinds []string
	for _, c := range action.Channels {
		kinds = append(kinds, c.Type)
	}
	with := func(state string, at time.Time, more map[string]any) event {
		properties := map[string]any{"state": state, "topic": action.Title}
		for _, all := range []map[string]any{about, more} {
			for name, value := range all {
				properties[name] = value
			}
		}
		e := p.event("omo_chat", properties)
		e.Page, e.At = p.here, at.UnixMilli()
		return e
	}
	now := p.now()
	offered := map[string]any{"channels": strings.Join(kinds, ",")}
	if len(kinds) == 0 || p.more.IntN(2) == 0 {
		return p.send(ctx, []event{with("offered", now, offered)})
	}
	kind := kinds[len(kinds)-1]
	for _, k := range kinds {
		if p.more.IntN(2) == 0 {
			kind = k
			break
		}
	}
	w, comes := ways[kind], p.more.Float64()
	wait, lasts := w.least+time.Duration(p.more.ExpFloat64()*float64(w.more)), time.Duration(p.more.ExpFloat64()*float64(w.talk))
	if comes >= w.answered {
		wait, lasts = 0, 0
	}
	asked := now.Add(-wait - lasts)
	if err := p.send(ctx, []event{with("offered", asked.Add(-8*time.Second), offered), with("accepted", asked, map[string]any{"channel": kind})}); err != nil {
		return err
	}
	if comes >= w.answered {
		return nil
	}
	// The chat tool knows the visitor and its own channel, and nothing of campaigns.
	answered := p.event("omo_chat", map[string]any{"state": "answered", "channel": kind})
	ended := p.event("omo_chat", map[string]any{"state": "ended", "channel": kind})
	answered.At = asked.Add(wait).UnixMilli()
	return p.tell(ctx, []event{answered, ended})
}

// answers are what somebody says in a survey; every other one closes it unasked.
func (p *person) answers(questions []question, about map[string]any) (out []event) {
	if p.more.IntN(2) == 0 {
		return []event{p.event("omo_close", about)}
	}
	for _, q := range questions {
		var given any
		switch q.Type {
		case "stars":
			given = []int{5, 5, 4, 4, 4, 3, 2}[p.more.IntN(7)]
		case "nps":
			given = []int{10, 9, 9, 8, 8, 8, 7, 7, 6, 5, 3}[p.more.IntN(11)]
		case "choice":
			given = q.Options[min(p.more.IntN(len(q.Options)), p.more.IntN(len(q.Options)))]
		default:
			if given = said[p.more.IntN(len(said))]; given == "" {
				continue
			}
		}
		properties := map[string]any{"question": q.ID, "answer": given}
		for name, value := range about {
			properties[name] = value
		}
		out = append(out, p.event("omo_answer", properties))
	}
	return out
}

var said = []string{"", "", "", "生地の写真がもう少し大きいと助かります。", "はじめてでしたが、迷わず買えました。", "ラッピングが選べるとうれしいです。"}
