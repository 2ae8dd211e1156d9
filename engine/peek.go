package engine

import (
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Peek gives the decision that Visit would make of v at now, and leaves no
// trace: nothing is recorded, held or spent, and what v tells of its visitor
// holds for this answer alone. With a page and without a trigger it is a page
// view's. v.Events are not looked at.
func (e *Engine) Peek(v Visit, now time.Time) (Decision, error) {
	now = now.Truncate(time.Millisecond)
	live := e.live.Load()
	p, unit, err := e.glance(live, v)
	if err != nil {
		return Decision{}, err
	}
	event := *v.Decide.Context
	event.Visitor, event.Traits = v.Visitor, live.believed(v.Traits, v.Signed)
	if v.Signed && v.User != p.User {
		event.User = v.User
	}
	event.Unit = unit
	viewed := v.Decide.Trigger == "" && event.Page != nil
	if !viewed {
		event.Name = ingest.Identify
	}
	if viewed || event.User != "" || unit != "" || len(event.Traits) > 0 {
		profile.Fold(p, &event, live.terms)
	}
	d := Decide(live, p, *v.Decide, now)
	e.furnish(&d, live, p, v.Decide, now)
	return d, nil
}

// glance is a copy of the visitor's profile, which is a new one's where nothing
// is known or may be, and the unit that it would adopt.
func (e *Engine) glance(live *Live, v Visit) (p *profile.Profile, unit string, err error) {
	if v.Visitor == "" || !v.Decide.Consent {
		return profile.New(""), "", nil
	}
	p, err = e.Profile(v.Visitor)
	if err == nil && p != nil && v.Signed && v.User != "" && p.User != "" && p.User != v.User {
		if v.Visitor, err = e.instead(v.Visitor, v.User); err == nil {
			p, err = e.Profile(v.Visitor)
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("visitor %s: %w", v.Visitor, err)
	}
	if p == nil {
		p = profile.New(v.Visitor)
	}
	if v.meets(p) {
		return e.foresee(live, v, p)
	}
	return p, "", nil
}

// foresee is what meet would make of p, which is used up.
func (e *Engine) foresee(live *Live, v Visit, p *profile.Profile) (*profile.Profile, string, error) {
	home, err := e.store.Unit(v.User)
	if err != nil || home == "" || home == v.Visitor {
		return p, "", err
	}
	of, err := e.Profile(home)
	if err != nil || of == nil || of.User != v.User {
		return p, "", err
	}
	unit := adopted(p, home)
	if len(of.Browsers) < profile.MaxBrowsers {
		profile.Merge(of, p, live.terms)
		of.Turn(v.Visitor)
		p = of
	}
	return p, unit, nil
}
