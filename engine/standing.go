package engine

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine/bucket"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Standing is how a visitor stood at the end of a visit, for people who look on.
// Nothing of it decides anything. Times are milliseconds since 1970.
type Standing struct {
	User   string // the person; "" while nobody has said
	Rank   string // the trait
	Visits int
	Began  int64 // the session
	Cart   float64
	Pieces int
	Source *ingest.Source // what brought the session; nil: unknown; not to be changed
	Staff  bool           // by site.yaml's rule,
	Asked  bool           // which was asked in this visit: in those with a page view or a decision
	Apart  bool           // of the holdout: no campaign is for this visitor, by hand neither

	Events []ingest.Event // the visit's new ones in their order, and the visit's own: gone when its memory is used again
}

// Place is where results count a visitor, seen from one campaign.
type Place struct {
	Apart   bool   // in the holdout
	Variant string // of the campaign; "" where the rules have it no more
	Counted bool   // by its live phase already; otherwise Variant is the one that will be drawn
	Layer   string // why the campaign's layer is another's for this visitor; "" where it is not
}

// Placed tells a visitor's place. Whom the share of traffic leaves out has a variant
// as well: the share can be raised within the phase.
func (e *Engine) Placed(visitor, campaign string, now time.Time) (Place, error) {
	p, err := e.Profile(visitor)
	if err != nil {
		return Place{}, err
	}
	if p == nil {
		p = profile.New(visitor)
	}
	live := e.live.Load()
	g := gates{live: live, p: p, now: now}
	kept := p.Kept(campaign, live.Phases[campaign])
	out := Place{Apart: live.apart(p), Variant: kept, Counted: kept != ""}
	for _, c := range live.Set.Campaigns {
		if c.ID != campaign {
			continue
		}
		if !out.Counted {
			out.Variant = g.variant(c).ID
		}
		if g.shut(c) {
			out.Layer = g.detail(c, Layer)
		}
	}
	return out, nil
}

// apart says whether somebody is of the holdout.
func (l *Live) apart(p *profile.Profile) bool {
	return bucket.Bucket(bucket.Holdout, "", p.Unit) < l.Set.Site.Holdout
}

// standing is that of p, which has folded the visit's events.
func (l *Live) standing(p *profile.Profile, v *Visit, now time.Time) Standing {
	out := Standing{User: p.User, Visits: p.Visits(), Began: p.Session.Start, Source: p.Session.Source, Events: v.Events}
	out.Rank, _ = p.Traits["rank"].(string)
	out.Cart, out.Pieces = p.Cart.Sum()
	out.Apart = l.Set.Site.Holdout > 0 && l.apart(p)
	if !l.Set.HasStaff() {
		out.Asked = true
		return out
	}
	for i := range v.Events {
		if e := &v.Events[i]; e.Name == ingest.PageView {
			out.Asked, out.Staff = true, l.staff(p, e, now)
		}
	}
	if !out.Asked && v.Decide != nil {
		out.Asked, out.Staff = true, l.staff(p, v.Decide.Context, now)
	}
	return out
}
