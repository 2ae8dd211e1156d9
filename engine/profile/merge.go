package profile

import (
	"cmp"
	"maps"
	"slices"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Merge takes another browser's profile into p, that of its person, as if one
// profile had folded the events of both in the order of the ledger. Sums add
// up, moments unite, of what was told the latest holds, and an order that both
// told counts once, where it came first. Sessions, carts and units stay each
// browser's own; what one browser's events did to what the other waited for is
// not known any more: waits go on until the later end, and conversions are
// those that each browser knew of. Where q is a part of p already, nothing
// changes. p is seen from where it was; q is used up.
func Merge(p, q *Profile, t Terms) {
	if slices.Contains(p.Visitors(), q.Visitor) {
		return
	}
	p.settle(t.Streams)
	q.settle(t.Streams)
	if len(p.Browsers) == 0 {
		p.Browsers = []Browser{{Visitor: p.Visitor}}
	}
	place := len(p.Browsers)
	p.Browsers = append(p.Browsers, q.browser())
	p.mergeOrders(q, place, t.Streams)
	if p.First == 0 || q.First != 0 && q.First < p.First {
		p.First = q.First
	}
	p.Last = max(p.Last, q.Last)
	p.Done, p.DoneMS, p.DoneViews = p.Done+q.Done, p.DoneMS+q.DoneMS, p.DoneViews+q.DoneViews
	p.Pageviews += q.Pageviews
	p.mergeTraits(q)
	p.mergeSpends(q, place)
	p.mergeWaits(q)
	p.mergeCoupons(q)
	p.mergeSeries(q, place)
}

func (p *Profile) mergeTraits(q *Profile) {
	names := slices.SortedFunc(maps.Keys(q.Traits), func(a, b string) int {
		return cmp.Or(cmp.Compare(q.toldAt(a), q.toldAt(b)), cmp.Compare(a, b))
	})
	for _, name := range names {
		v := q.Traits[name]
		if _, both := p.Traits[name]; !both || p.toldAt(name) <= q.toldAt(name) {
			p.tell(name, v, q.toldAt(name))
		}
	}
}

// mergeSpends unites what campaigns have been and what is offered now.
func (p *Profile) mergeSpends(q *Profile, place int) {
	for i := range q.Holds {
		q.Holds[i].Session += place * perBrowser
	}
	p.Holds = latest(append(p.Holds, q.Holds...), maxHolds, func(h Hold) int64 { return h.At })
	for campaign, y := range q.Campaigns {
		x := p.shown(campaign)
		for i := range y.Spends {
			if y.Spends[i].Session > 0 {
				y.Spends[i].Session += place * perBrowser
			}
		}
		x.Spends = latest(append(x.Spends, y.Spends...), maxSpends, func(s Spend) int64 { return s.At })
		x.Count += y.Count
		x.Closes, x.Clicks, x.Conversions = x.Closes+y.Closes, x.Clicks+y.Clicks, x.Conversions+y.Conversions
		switch same := x.Phase == y.Phase; {
		case y.First == 0:
		case x.First > 0 && same:
			x.meets(y, place)
		case x.First == 0, y.First > x.First:
			x.First, x.Phase, x.Variant, x.Own = y.First, y.Phase, y.Variant, nil
		}
	}
}

// meets unites what two browsers were first exposed to in one phase. What came
// first is the person's; a browser that saw something else keeps that.
func (x *Shown) meets(y *Shown, place int) {
	switch other := y.Variant != x.Variant; {
	case other && x.Own == nil:
		x.Own = map[int]string{}
		fallthrough
	case other:
		for k := range place {
			if x.Own[k] == "" && y.First < x.First {
				x.Own[k] = x.Variant
			}
		}
		x.Own[place] = y.Variant
	}
	if y.First < x.First {
		x.First, x.Variant = y.First, y.Variant
	}
}

// mergeWaits unites what is waited for; of two waits of one name the later goes
// on, with what it is about.
func (p *Profile) mergeWaits(q *Profile) {
	for _, name := range slices.Sorted(maps.Keys(q.Booked)) {
		if _, both := p.Booked[name]; both && p.Pending[name] >= q.Pending[name] {
			continue
		}
		if p.Booked == nil {
			p.Booked = map[string]Booked{}
		}
		p.Booked[name] = q.Booked[name]
	}
	p.Due, p.Pending = later(p.Due, q.Due), later(p.Pending, q.Pending)
	for len(p.Booked) > maxBooked {
		p.dropFurthest()
	}
}

// mergeCoupons unites the campaigns of pools that were met; who has a code in
// one browser has it in all.
func (p *Profile) mergeCoupons(q *Profile) {
	for _, campaign := range slices.Sorted(maps.Keys(q.Coupons)) {
		has, met := p.Coupons[campaign]
		if !met && len(p.Coupons) >= maxCoupons {
			continue
		}
		if p.Coupons == nil {
			p.Coupons = map[string]bool{}
		}
		p.Coupons[campaign] = has || q.Coupons[campaign]
	}
}

// mergeOrders adds up what was bought. An order that both know counts where it
// was told first.
func (p *Profile) mergeOrders(q *Profile, place int, streams *Streams) {
	for i := len(q.Orders) - 1; i >= 0; i-- {
		k := p.ordered(q.Orders[i].ID)
		switch {
		case k < 0:
			q.Orders[i].By = place
		case q.Orders[i].At < p.Orders[k].At:
			q.Orders[i].By = place
			p.uncount(k, streams)
		default:
			q.uncount(i, streams)
		}
	}
	p.Orders = latest(append(p.Orders, q.Orders...), maxOrders, func(o Order) int64 { return o.At })
	p.Purchases += q.Purchases
	p.Revenue += q.Revenue
	p.LastPurchase = max(p.LastPurchase, q.LastPurchase)
}

// uncount takes an order back as if it had never been told.
func (p *Profile) uncount(i int, streams *Streams) {
	o := p.Orders[i]
	p.Orders = slices.Delete(p.Orders, i, i+1)
	p.Purchases--
	p.Revenue -= o.Value
	if p.LastPurchase == o.At {
		p.LastPurchase = p.lastOrder()
	}
	p.take(o, streams)
}

// lastOrder is when the latest order was; purchases without a transaction id
// are not known one by one.
func (p *Profile) lastOrder() (at int64) {
	for i := range p.Orders {
		at = max(at, p.Orders[i].At)
	}
	return at
}

// take takes an order, which is not among p's any more, out of the series that
// count purchases.
func (p *Profile) take(o Order, streams *Streams) {
	if streams == nil {
		return
	}
	of := streams.byEvent[ingest.Purchase]
	for i := range of {
		x := p.Series[of[i].Key]
		if x == nil || of[i].Kind != Times || of[i].Field == "value" && o.Bare {
			continue
		}
		was := x.latest()
		x.take(o, &of[i])
		if was == o.At {
			x.ends(max(x.end, p.lastOrder()))
		}
	}
}

// take takes an order out. One whose moment is not kept was counted only if
// all were, and by a stream of all purchases.
func (x *Series) take(o Order, s *Stream) {
	list := unpack(x.List, x.Form, 0)
	i := slices.IndexFunc(list, func(e entry) bool {
		return e.at == o.At && (s.Field != "value" || e.amount() == o.Value)
	})
	amount := o.Value
	switch all := x.Epoch == 0 || x.Filled&(1<<o.By) != 0; {
	case i >= 0:
		amount = list[i].amount()
		x.keep(slices.Delete(list, i, i+1), slack, 0)
	case !all || x.N == 0 || s.Where != nil || s.Field != "" && s.Field != "value":
		return
	default:
		hours := unpackHours(x.Hours, x.Form)
		if k := slices.IndexFunc(hours, func(h hour) bool { return h.n == o.At/anHour && h.count > 0 }); k >= 0 {
			hours[k].count--
			hours[k].amount -= amount
			x.Hours = packHours(hours, x.Form)
		}
	}
	x.N--
	if x.Form == amounts {
		x.Total -= amount
	}
}

// Elsewhere takes out of what a back-fill counted of one browser the orders
// that p counts as told by another of the person's.
func (p *Profile) Elsewhere(before *Profile, streams []Stream) {
	if len(p.Browsers) == 0 {
		return
	}
	these := NewStreams(streams)
	for _, x := range before.Series {
		x.Filled = 1 // it knows all
	}
	for i := len(before.Orders) - 1; i >= 0; i-- {
		o := before.Orders[i]
		if k := p.ordered(o.ID); k >= 0 && p.Orders[k].By != p.Place {
			before.Orders = slices.Delete(before.Orders, i, i+1)
			before.take(o, these)
		}
	}
}

// mergeSeries unites what counters read.
func (p *Profile) mergeSeries(q *Profile, place int) {
	for key, y := range q.Series {
		filled := y.Filled << place
		x := p.Series[key]
		if x == nil {
			if p.Series == nil {
				p.Series = map[string]*Series{}
			}
			p.Series[key], y.Filled = y, filled
			continue
		}
		x.Filled |= filled
		if y.N > 0 || y.At > 0 || y.List != "" || y.Hours != "" { // else it knows nothing, not even its form
			x.absorb(y, p)
		}
	}
}

// later unites moments by name; of two the later counts.
func later(a, b map[string]int64) map[string]int64 {
	if a == nil {
		return b
	}
	for name, at := range b {
		a[name] = max(a[name], at)
	}
	return a
}

// latest sorts a list by time and keeps the end of it.
func latest[T any](list []T, most int, at func(T) int64) []T {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(at(a), at(b)) })
	return slices.Delete(list, 0, max(0, len(list)-most))
}
