package engine

import (
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
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
	p, err := e.glance(v)
	if err != nil {
		return Decision{}, err
	}
	event := *v.Decide.Context
	event.Visitor, event.Traits = v.Visitor, live.believed(v.Traits, v.Signed)
	if v.Signed && v.User != p.User {
		if event.Unit, err = e.unitOf(p, v.User, &ledger.Visit{}); err != nil {
			return Decision{}, err
		}
		event.User = v.User
	}
	viewed := v.Decide.Trigger == "" && event.Page != nil
	if !viewed {
		event.Name = ingest.Identify
	}
	if viewed || event.User != "" || len(event.Traits) > 0 {
		profile.Fold(p, &event, live.terms)
	}
	return Decide(live, p, *v.Decide, now), nil
}

// glance is a copy of the visitor's profile, which is a new one's where nothing
// is known or may be.
func (e *Engine) glance(v Visit) (*profile.Profile, error) {
	if v.Visitor == "" || !v.Decide.Consent {
		return profile.New(""), nil
	}
	p, err := e.Profile(v.Visitor)
	if err == nil && p != nil && v.Signed && v.User != "" && p.User != "" && p.User != v.User {
		v.Visitor = e.another(v.Visitor, v.User)
		p, err = e.Profile(v.Visitor)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("visitor %s: %w", v.Visitor, err)
	case p == nil:
		return profile.New(v.Visitor), nil
	default:
		return p, nil
	}
}
