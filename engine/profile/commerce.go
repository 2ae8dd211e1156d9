package profile

import (
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/ingest"
)

func foldPurchase(p *Profile, e *ingest.Event, old bool) {
	p.Purchases++
	p.Revenue += valueOf(e)
	p.LastPurchase = max(p.LastPurchase, e.Time)
	if !old {
		p.Cart = Cart{Changed: e.Time}
	}
}

// foldCart takes in GA4's events about the cart; every other name leaves it alone.
func foldCart(p *Profile, e *ingest.Event) {
	switch e.Name {
	case "add_to_cart":
		for _, l := range lines(e) {
			p.Cart.add(l)
		}
		p.Cart.Changed = max(p.Cart.Changed, e.Time)
	case "remove_from_cart":
		for _, l := range lines(e) {
			p.Cart.remove(l)
		}
		p.Cart.Changed = max(p.Cart.Changed, e.Time)
	case "view_cart", "begin_checkout":
		// These name the whole cart, so what was missed before is mended here.
		if e.Props.Items != nil {
			p.Cart.Lines = clampLines(lines(e))
		}
	}
}

// Repeats says whether e is a purchase that p has folded before, and remembers
// it if it is a new one. A purchase without a transaction id cannot be known
// again and always counts; so does one that comes after 64 others.
func (p *Profile) Repeats(e *ingest.Event) bool {
	transaction := e.Props.TransactionID
	if e.Name != ingest.Purchase || transaction == "" {
		return false
	}
	id := orderID(transaction)
	if p.ordered(id) >= 0 {
		return true
	}
	p.Orders = append(p.Orders, Order{ID: id, At: e.Time, Value: valueOf(e), Bare: e.Props.Value == nil, By: p.Place})
	if over := len(p.Orders) - maxOrders; over > 0 {
		p.Orders = slices.Delete(p.Orders, 0, over)
	}
	return false
}

// valueOf is the event's value, or what its items add up to where it has none.
func valueOf(e *ingest.Event) float64 {
	if e.Props.Value != nil {
		return *e.Props.Value
	}
	sum := 0.0
	for _, l := range lines(e) {
		sum += l.Price * l.Quantity
	}
	return sum
}

func lines(e *ingest.Event) []Line {
	if len(e.Props.Items) == 0 {
		if e.Props.Value == nil || *e.Props.Value == 0 {
			return nil
		}
		return []Line{{Price: *e.Props.Value, Quantity: 1}}
	}
	out := make([]Line, len(e.Props.Items))
	for i, item := range e.Props.Items {
		out[i] = Line{ID: strings.Clone(item.ID), Price: item.Price, Quantity: item.Quantity}
		if item.Quantity <= 0 {
			out[i].Quantity = 1
		}
	}
	return out
}

func (c *Cart) add(l Line) {
	for i := range c.Lines {
		if c.Lines[i].ID == l.ID && c.Lines[i].Price == l.Price {
			c.Lines[i].Quantity += l.Quantity
			return
		}
	}
	c.Lines = clampLines(append(c.Lines, l))
}

// remove takes off the line at that price, or else of that product: a price
// may have changed while it lay in the cart.
func (c *Cart) remove(l Line) {
	i := slices.IndexFunc(c.Lines, func(have Line) bool { return have.ID == l.ID && have.Price == l.Price })
	if i < 0 {
		i = slices.IndexFunc(c.Lines, func(have Line) bool { return have.ID == l.ID })
	}
	if i < 0 {
		return
	}
	if c.Lines[i].Quantity -= l.Quantity; c.Lines[i].Quantity <= 0 {
		c.Lines = slices.Delete(c.Lines, i, i+1)
	}
}

func clampLines(lines []Line) []Line { return lines[max(0, len(lines)-maxLines):] }
