package ruletest

import (
	"errors"
	"fmt"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Scene is a test up to its decision, for whoever wants to look at more than
// whether it passes.
type Scene struct {
	Live    *engine.Live
	Profile *profile.Profile
	Request engine.Request
}

// Scene sets a test up. The error says in the test's words why that cannot be: no
// visitor draws what is expected, or an event would be refused.
func (r *Runner) Scene(t *rules.Test) (*Scene, error) {
	visitor, found := r.visitor(t)
	if !found {
		return nil, fmt.Errorf("no visitor of %d draws all that is expected at once", tries)
	}
	m := moment{Runner: r, test: t, visitor: visitor}
	if refused := m.gather(); refused != nil {
		return nil, errors.New(refused.why)
	}
	s := &Scene{Live: r.live}
	s.Profile, s.Request = m.fold()
	return s, nil
}

// Outcome is what became of a campaign in a decision, in the words that tests are
// written in: any, armed or {none: reason}.
func Outcome(d *engine.Decision, c *rules.Campaign) string {
	switch o := outcomeOf(d, c); o.reason {
	case engine.Offered, engine.Control:
		return "any"
	case engine.Armed:
		return "armed"
	default:
		return "{none: " + o.reason + "}"
	}
}
