package profile

import (
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/ingest"
)

func (p *Profile) shown(campaign string) *Shown {
	if p.Campaigns == nil {
		p.Campaigns = map[string]*Shown{}
	}
	x := p.Campaigns[campaign]
	if x == nil {
		x = &Shown{}
		p.Campaigns[strings.Clone(campaign)] = x
	}
	return x
}

// Invited is the phase of what a person of the shop offered a visitor by hand: no
// phase of the campaign's, so that no result counts it.
const Invited = "invited"

// foldExposure makes a hold's spend permanent, in the session of the hold.
func foldExposure(p *Profile, e *ingest.Event, t Terms, old bool) {
	session, slot := p.SessionKey(), clip(e.Props.Slot)
	if old {
		session = 0 // an earlier one; which, nobody knows any more
	}
	for i := range p.Holds {
		h := &p.Holds[i]
		if h.Campaign == e.Props.Campaign && !h.Exposed && p.Mine(*h) && (e.Props.DecisionID == "" || e.Props.DecisionID == h.Decision) {
			h.Exposed, session, slot = true, h.Session, h.Place
			break
		}
	}
	p.release(func(Hold) bool { return false })
	delete(p.Due, e.Props.Campaign)
	p.meet(&ingest.Outcome{Campaign: e.Props.Campaign, Variant: e.Props.Variant, Reason: "offered"}, t.Pooled[e.Props.Campaign])
	x := p.shown(e.Props.Campaign)
	x.Count++
	x.Spends = append(x.Spends, Spend{At: e.Time, Session: session, Slot: strings.Clone(slot)})
	if over := len(x.Spends) - maxSpends; over > 0 {
		x.Spends = slices.Delete(x.Spends, 0, over)
	}
	if e.Props.Phase == Invited {
		return // it spent attention, and is no part of the experiment
	}
	// What comes late of an earlier phase takes nothing from the present one.
	if phase, _, _ := strings.Cut(e.Props.Phase, "/"); x.First == 0 || x.Phase != phase && e.Time >= x.First {
		x.First, x.Phase, x.Variant, x.Own = e.Time, strings.Clone(phase), strings.Clone(e.Props.Variant), nil
	}
}

// Kept is the variant of a campaign that the visitor was exposed to first in a
// phase (told without a period), "" if it was not: this browser, or else another
// of the person's.
func (p *Profile) Kept(campaign, phase string) string {
	x := p.Campaigns[campaign]
	if x == nil || x.First == 0 || x.Phase != phase {
		return ""
	}
	if own := x.Own[p.Place]; own != "" {
		return own
	}
	return x.Variant
}

// foldDecision holds what was offered; control holds like any other variant.
func foldDecision(p *Profile, e *ingest.Event, t Terms) {
	path := ""
	if e.Page != nil {
		path = e.Page.Path
	}
	p.Holds = slices.DeleteFunc(p.Holds, func(h Hold) bool { return !h.Exposed && h.At+HoldFor <= e.Time })
	for _, o := range e.Props.Outcomes {
		if o.Reason == "shadow" { // nobody will expose it
			delete(p.Due, o.Campaign)
		}
		p.meet(&o, t.Pooled[o.Campaign])
		if o.Reason != "offered" && o.Reason != "control" || o.Slot == "" && t.Free[o.Campaign] {
			continue
		}
		p.Holds = append(p.Holds, Hold{
			Campaign: strings.Clone(o.Campaign), Decision: strings.Clone(e.Props.DecisionID),
			Slot: strings.Clone(o.Slot), Place: strings.Clone(o.Slot), Page: strings.Clone(path), At: e.Time, Session: p.SessionKey(),
		})
	}
	if over := len(p.Holds) - maxHolds; over > 0 {
		p.Holds = slices.Delete(p.Holds, 0, over)
	}
}

// meet notes that a campaign of a pool was offered, or shown: from then on an empty pool
// does not stop it for this visitor, if it needs no code or has one. Control is
// noted alike.
func (p *Profile) meet(o *ingest.Outcome, pooled map[string]bool) {
	if pooled == nil || o.Reason != "offered" && o.Reason != "control" {
		return
	}
	has, met := p.Coupons[o.Campaign]
	switch {
	case met && (has || !pooled[o.Variant]), !met && len(p.Coupons) >= maxCoupons:
		return
	case p.Coupons == nil:
		p.Coupons = map[string]bool{}
	}
	p.Coupons[strings.Clone(o.Campaign)] = pooled[o.Variant]
}

// Spent counts what the visitor's attention was spent on in a slot ("all" is
// whatever slot, none included): exposures of every campaign, and offers of
// the minute before now whose exposure has not come. Control spends like any
// other variant. It counts moments at or after from, and of one session (its
// SessionKey) only if that is not 0; from 0 and session 0 is ever.
//
// A campaign's exposures are known one by one up to its latest 100: the answer
// is exact up to there and "at least" beyond. Of ever it is exact in all slots
// together; older exposures are taken to be of the oldest known one's slot.
func (p *Profile) Spent(slot string, from int64, session int, now int64) int {
	counts := func(at int64, in int, where string) bool {
		return at >= from && (session == 0 || session == in) && (slot == "all" || slot == where)
	}
	n := 0
	for i := range p.Holds {
		if h := &p.Holds[i]; !h.Exposed && now < h.At+HoldFor && counts(h.At, h.Session, h.Place) {
			n++
		}
	}
	for _, x := range p.Campaigns {
		for _, s := range x.Spends {
			if counts(s.At, s.Session, s.Slot) {
				n++
			}
		}
		if older := x.Count - len(x.Spends); older > 0 && len(x.Spends) > 0 && counts(0, 0, x.Spends[0].Slot) {
			n += older
		}
	}
	return n
}
