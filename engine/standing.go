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

// Placed is where results count a visitor: whether in the holdout, and in which
// variant of a campaign. Of one to whom the live phase has not come yet that is the
// variant that is drawn once it does; "" where it does not come: the visitor is
// outside the campaign's traffic or its part of the layer, or it is not live.
func (e *Engine) Placed(visitor, campaign string) (apart bool, variant string, counted bool, err error) {
	p, err := e.Profile(visitor)
	if err != nil {
		return false, "", false, err
	}
	if p == nil {
		p = profile.New(visitor)
	}
	live := e.live.Load()
	apart = live.apart(p)
	if kept := p.Kept(campaign, live.Phases[campaign]); kept != "" {
		return apart, kept, true, nil
	}
	for _, c := range live.Set.Campaigns {
		if c.ID != campaign {
			continue
		}
		b := bucket.Bucket(bucket.Layer, c.Layer, p.Unit)
		if outside := c.Layer != "" && (b < c.LayerLow || b >= c.LayerHigh); !outside && bucket.Bucket(bucket.Traffic, c.Salt, p.Unit) < c.Traffic {
			g := gates{live: live, p: p}
			variant = g.variant(c).ID
		}
	}
	return apart, variant, false, nil
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
