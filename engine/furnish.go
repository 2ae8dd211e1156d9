package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Rank tells the engine what rankings come to now, by their keys. They are put
// into actions after the decision, and logged beside it; whether one has any
// item is a fact that the decision rests on.
func (e *Engine) Rank(items map[string][]rules.RankItem) { e.ranks.Store(&items) }

func (e *Engine) ranked(key string) []rules.RankItem {
	if all := e.ranks.Load(); all != nil {
		return (*all)[key]
	}
	return nil
}

// Unranked are the rankings of a set that no item is known for, by key.
func (e *Engine) Unranked(set *rules.Set) (keys []string) {
	for _, r := range set.Rankings {
		if len(e.ranked(r.Key())) == 0 {
			keys = append(keys, r.Key())
		}
	}
	return keys
}

// unranked says whether c has nothing to show for want of a ranking: then no
// arm of it comes, control neither.
func (g *gates) unranked(c *rules.Campaign) bool {
	return g.r.Facts != nil && len(g.r.Facts.Unranked) > 0 &&
		c.Unranked(func(key string) bool { return slices.Contains(g.r.Facts.Unranked, key) })
}

// furnish writes each offer's action as its visitor gets it: with its traits in the
// texts, its code and the moment at which that expires, the items of its ranking, the channels that are
// open at now.
func (e *Engine) furnish(d *Decision, live *Live, p *profile.Profile, r *Request, now time.Time) {
	for i := range d.Offers {
		o := &d.Offers[i]
		switch {
		case o.Armed():
			continue
		case !o.Variant.Fills():
			o.Action = o.Variant.Action
			continue
		}
		v := o.Variant
		given := rules.Given{Code: o.Code}
		if r.Proven {
			given.Trait = func(name string) string { return oneLine(ingest.Text(p.Traits[name])) }
		}
		if v.Expires > 0 {
			given.Until = time.UnixMilli(firstGiven(o, p, now)).Add(v.Expires)
			given.Left = given.Until.Sub(now)
		}
		var filled []string
		if v.Ranked != nil {
			given.Items = e.ranked(v.Ranked.Key())
			if len(given.Items) == 0 {
				given.Items = v.Ranked.Written
			}
			for _, item := range given.Items {
				filled = append(filled, cmp.Or(item.ID, item.URL))
			}
		}
		for j := range v.Channels {
			if ch := &v.Channels[j]; ch.Opened(now, live.Set.Site.Timezone, r.staffed) {
				given.Channels, filled = append(given.Channels, *ch), append(filled, ch.Type)
			}
		}
		if filled != nil {
			if d.Filled == nil {
				d.Filled = map[string][]string{}
			}
			d.Filled[o.Campaign.ID] = filled
		}
		o.Action = v.With(given)
	}
}

// staffed says whether an operator is online for a kind of channel.
func (r *Request) staffed(kind string) bool {
	return r.Facts != nil && slices.Contains(r.Facts.Staffed, kind)
}

// firstGiven is when the visitor was first given what o offers, in ms: a coupon
// that is shown again expires when it was said to.
func firstGiven(o *Offer, p *profile.Profile, now time.Time) int64 {
	if o.given != 0 {
		return o.given
	}
	if shown := p.Campaigns[o.Campaign.ID]; shown != nil && shown.First != 0 && shown.Phase == o.Phase && shown.Variant == o.Variant.ID {
		return shown.First
	}
	return clock(now)
}
