package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/examples/shop"
	"github.com/omotenashi-web/omotenashi/examples/shop/visits"
)

// person is one simulated visitor and what it has done, as the tally needs it.
type person struct {
	crowd  *Crowd
	r      *rand.Rand
	more   *rand.Rand // what else it does: a stream of its own, so that the rest stays as it was drawn before
	id     string
	plan   visits.Session
	agent  string
	member *account

	token    string // identify token; "" without an account
	referrer string
	here     page // the last that was decided about
	did      []deed
	shown    map[string]string // campaign → variant, today
}

// account is an account at the shop.
type account struct {
	id, rank, gender string
	age              int
}

// deed is one event the server accepted.
type deed struct {
	name              string
	at                int64  // milliseconds
	campaign, variant string // of an exposure
}

// live is one session: history first, then page after page.
func (p *person) live(ctx context.Context) error {
	p.shown = map[string]string{}
	if m := p.member; m != nil {
		token, err := p.crowd.o.Sign(map[string]any{
			"sub": m.id, "exp": p.now().Add(24 * time.Hour).Unix(),
			"traits": map[string]any{"rank": m.rank, "gender": m.gender, "age": m.age},
		})
		if err != nil {
			return err
		}
		p.token = token
	}
	if p.plan.Returning {
		if err := p.remember(ctx); err != nil {
			return err
		}
	}
	p.referrer = referrers[p.r.IntN(len(referrers))]
	pages := min(p.plan.Pages(), MaxPages)
	var looked *shop.Item
	for n := range pages {
		path, item := p.page(n)
		if item != nil {
			looked = item
		}
		if err := p.view(ctx, path, item, n == pages-1); err != nil {
			return err
		}
	}
	if !p.buys() {
		return nil
	}
	if looked == nil {
		looked = p.item()
	}
	return p.buy(ctx, *looked)
}

// page is the n-th page of the session: the first is the top page, a shelf or
// an article an advertisement led to.
func (p *person) page(n int) (string, *shop.Item) {
	product := p.plan.ProductPages > 0 && p.r.IntN(p.plan.Pages()) < p.plan.ProductPages
	switch {
	case n == 0 && p.r.IntN(2) == 0:
		return "/", nil
	case product && p.r.IntN(3) > 0:
		item := p.item()
		return "/items/" + item.ID, item
	case product:
		return "/category/" + p.item().Category, nil
	default:
		return []string{"/", "/shipping", "/ranking", "/trial", "/cart"}[p.r.IntN(5)], nil
	}
}

// kept is an article that stays in the cart.
func (p *person) kept() *shop.Item {
	items := shop.Items()
	return &items[p.more.IntN(len(items))]
}

func (p *person) item() *shop.Item {
	items := shop.Items()
	return &items[p.r.IntN(len(items))]
}

// view is one page: the decision, what it shows, and whatever opens later on it.
func (p *person) view(ctx context.Context, path string, item *shop.Item, last bool) error {
	call := decideCall{Page: p.pageOf(path, item)}
	if item != nil {
		call.Events = append(call.Events, p.event("view_item", map[string]any{
			"currency": "JPY", "value": item.Price, "items": []any{line(*item)},
		}))
	}
	answer, err := p.decide(ctx, call)
	if err != nil {
		return err
	}
	if err := p.see(ctx, answer); err != nil {
		return err
	}
	if err := p.fill(ctx, call.Page, item); err != nil {
		return err
	}
	for _, trigger := range p.triggers(answer, last) {
		answer, err := p.decide(ctx, decideCall{Page: call.Page, Trigger: trigger})
		if err != nil {
			return err
		}
		if err := p.see(ctx, answer); err != nil {
			return err
		}
	}
	p.referrer = p.crowd.o.Shop + path
	return nil
}

// triggers are those armed campaigns' that happen on this page: somebody who
// leaves moves toward the address bar, and one in two stays a while.
func (p *person) triggers(a decideAnswer, last bool) []string {
	var out []string
	for _, d := range a.Decisions {
		if !d.Armed || len(d.On) == 0 {
			continue
		}
		on := d.On[len(d.On)-1]
		leaves := on == "exit_intent" && last
		stays := strings.HasPrefix(on, "dwell") && p.r.IntN(2) == 0
		waits := strings.HasPrefix(on, "idle") && p.more.IntN(2) == 0
		if (leaves || stays || waits) && !contains(out, on) {
			out = append(out, on)
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// see sends the exposures of what a decision opened, control's too, and now
// and then a click or a close.
func (p *person) see(ctx context.Context, a decideAnswer) error {
	var events []event
	var talks []func() error // after the exposure
	for _, d := range a.Decisions {
		if d.Armed {
			continue
		}
		about := map[string]any{"campaign": d.Campaign, "variant": d.Variant, "slot": d.Slot, "decision_id": a.DecisionID, "token": d.Token}
		exposure := p.event("omo_exposure", about)
		exposure.campaign, exposure.variant = d.Campaign, d.Variant
		events = append(events, exposure)
		p.shown[d.Campaign] = d.Variant
		if d.Control {
			continue
		}
		reacts := p.r
		switch d.Action.Type {
		case "chat":
			talks = append(talks, func() error { return p.talk(ctx, d.Action, about) })
			continue
		case "survey":
			events = append(events, p.answers(d.Action.Questions, about)...)
			continue
		case "banner", "coupon", "ranking":
		default:
			reacts = p.more
		}
		switch reacts.IntN(10) {
		case 0:
			events = append(events, p.event("omo_click", about))
		case 1, 2:
			events = append(events, p.event("omo_close", about))
		}
	}
	if err := p.send(ctx, events); err != nil {
		return err
	}
	for _, talk := range talks {
		if err := talk(); err != nil {
			return err
		}
	}
	return nil
}

// buys says whether the session ends in a purchase: as drawn, or because an
// action won somebody over.
func (p *person) buys() bool {
	buys := p.plan.Purchase
	chance := p.r.Float64() // drawn even if it is not needed, so that the rest stays the same
	moved := 0.0
	for campaign, variant := range p.shown {
		if variant != "control" {
			moved = max(moved, p.crowd.o.Effects[campaign])
		}
	}
	return buys || chance < moved
}

func (p *person) buy(ctx context.Context, item shop.Item) error {
	basket := map[string]any{"currency": "JPY", "value": item.Price, "items": []any{line(item)}}
	order := map[string]any{"transaction_id": "T-" + p.id, "currency": "JPY", "value": item.Price, "items": []any{line(item)}}
	steps := []struct {
		path string
		of   event
	}{
		{"/cart", p.event("add_to_cart", basket)},
		{"/checkout", p.event("begin_checkout", basket)},
		{"/thanks", p.event("purchase", order)},
	}
	for _, step := range steps {
		step.of.At = p.now().UnixMilli() // the pages before took their time
		answer, err := p.decide(ctx, decideCall{Page: p.pageOf(step.path, nil), Events: []event{step.of}})
		if err != nil {
			return err
		}
		if err := p.see(ctx, answer); err != nil {
			return err
		}
	}
	return nil
}

// remember tells what a returning visitor did before today.
func (p *person) remember(ctx context.Context) error {
	var events []event
	day := 24 * time.Hour
	lapse := 1 + p.r.IntN(60) // days since the last of them
	for visit := p.r.IntN(4); visit >= 0; visit-- {
		at := p.now().Add(-time.Duration(lapse+visit*(2+p.r.IntN(3))) * day)
		for range 1 + p.r.IntN(4) {
			path, item := p.page(0)
			e := p.event("page_view", nil)
			e.At, e.Page = at.UnixMilli(), p.pageOf(path, item)
			events = append(events, e)
			at = at.Add(time.Duration(20+p.r.IntN(120)) * time.Second)
		}
		if p.r.IntN(6) == 0 {
			item := p.item()
			e := p.event("purchase", map[string]any{
				"transaction_id": fmt.Sprintf("T-%s-%d", p.id, visit), "currency": "JPY", "value": item.Price, "items": []any{line(*item)},
			})
			e.At = at.UnixMilli()
			events = append(events, e)
		}
		if visit == 0 && p.more.IntN(4) == 0 { // left in the cart
			item := p.kept()
			events = append(events, p.added(*item, p.pageOf("/items/"+item.ID, item), at.Add(time.Second)))
		}
	}
	return p.tell(ctx, events)
}

func (p *person) pageOf(path string, item *shop.Item) page {
	out := page{URL: p.crowd.o.Shop + path, Referrer: p.referrer, Lang: "ja"}
	if item != nil {
		out.Type, out.Title = "item", item.Name
		out.Item = map[string]any{"id": item.ID, "name": item.Name, "category": item.Category, "brand": item.Brand, "price": item.Price}
	}
	if u, err := url.Parse(p.referrer); err == nil && u.Host == "www.instagram.com" && p.r.IntN(2) == 0 {
		out.URL += "?utm_source=instagram&utm_medium=paid_social&utm_campaign=autumn"
	}
	return out
}

func line(item shop.Item) map[string]any {
	return map[string]any{"item_id": item.ID, "item_name": item.Name, "item_category": item.Category, "item_brand": item.Brand, "price": item.Price, "quantity": 1}
}
