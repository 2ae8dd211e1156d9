package engine

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

const day = 24 * 60 * 60 * 1000.0 // in milliseconds

// Env is what Decide shows to the rules, for whoever explains a decision.
func (l *Live) Env(p *profile.Profile, r Request, now time.Time) rules.Env {
	return environment(l.Set, p, r, now)
}

// environment is what a rule sees of p and r at now. Now is filled in by the
// rule set, campaign by campaign, in each one's time zone.
func environment(set *rules.Set, p *profile.Profile, r Request, now time.Time) rules.Env {
	ms := now.UnixMilli()
	value, quantity := p.Cart.Sum()
	cart := rules.Cart{Value: value, Quantity: quantity, SecondsSinceChange: since(p.Cart.Changed, ms, 1000)}
	for _, l := range p.Cart.Lines {
		if l.ID != "" {
			cart.SKUs = append(cart.SKUs, l.ID)
		}
	}
	env := rules.Env{
		Visitor: visitor(p, ms),
		Session: session(p, ms),
		Page:    page(r.Context.Page),
		Device:  device(r.Context.Device),
		Cart:    cart,
		Geo:     geo(r.Context.Geo),
		Event:   happened(r),
	}
	if len(set.Counters) > 0 {
		env.Counters = &counters{set: set, p: p, now: now}
	}
	if r.Facts != nil {
		env.Facts = rules.Facts{CouponsLeft: r.Facts.CouponsLeft, OperatorsOnline: r.Facts.OperatorsOnline}
	}
	return env
}
func visitor(p *profile.Profile, ms int64) rules.Visitor {
	v := rules.Visitor{
		New: p.Visits() <= 1, Visits: p.Visits(), Pageviews: p.Pageviews,
		FirstSeen:           rules.Unknown,
		DaysSinceLastVisit:  since(p.LastVisit(), ms, day),
		AvgSessionSeconds:   rules.Unknown,
		AvgSessionPageviews: rules.Unknown,
		Purchases:           p.Purchases, Revenue: p.Revenue,
		DaysSincePurchase: since(p.LastPurchase, ms, day),
		Identified:        p.User != "", UserID: p.User,
		Traits: p.Traits,
	}
	if p.First > 0 {
		v.FirstSeen = float64(p.First) / 1000
	}
	if p.Done > 0 {
		v.AvgSessionSeconds = float64(p.DoneMS) / 1000 / float64(p.Done)
		v.AvgSessionPageviews = float64(p.DoneViews) / float64(p.Done)
	}
	v.Gender, v.Rank, v.Age = v.Trait("gender"), v.Trait("rank"), v.TraitNumber("age")
	return v
}

// since is how many units of that many milliseconds have passed, Unknown if
// the moment never was.
func since(at, ms int64, unit float64) float64 {
	if at == 0 {
		return rules.Unknown
	}
	return float64(ms-at) / unit
}

func session(p *profile.Profile, ms int64) rules.Session {
	s := rules.Session{Pageviews: p.Session.Views, LandingPath: p.Session.Landing}
	if p.Session.N > 0 {
		s.Seconds = float64(ms-p.Session.Start) / 1000
	}
	if src := p.Session.Source; src != nil {
		s.ReferrerHost, s.Channel, s.Source = src.ReferrerHost, src.Channel, src.Source
		s.Medium, s.Campaign, s.Term, s.Content = src.Medium, src.Campaign, src.Term, src.Content
	}
	return s
}

func page(p *ingest.Page) rules.Page {
	if p == nil {
		return rules.Page{}
	}
	out := rules.Page{URL: p.URL, Path: p.Path, Title: p.Title, Type: p.Type, Lang: p.Lang, Referrer: p.Referrer}
	if p.Item != nil {
		out.Item = rules.Item(*p.Item)
	}
	return out
}

func device(d *ingest.Device) rules.Device {
	if d == nil {
		return rules.Device{}
	}
	return rules.Device(*d)
}

func geo(g *ingest.Geo) rules.Geo {
	if g == nil {
		return rules.Geo{}
	}
	return rules.Geo{Country: g.Country, Region: g.Region, City: g.City}
}
