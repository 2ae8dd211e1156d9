package replay

import "github.com/omotenashi-web/omotenashi/engine"

// Before is the moment of a decision that the visitor would get with rules that
// need never have been in use, on the page of q. All that those rules count is
// counted, from the first event on. The past is used up; ErrNobody.
func (p *Past) Before(live *engine.Live, q Question) (*Moment, error) {
	visits, err := p.upTo(Question{Until: q.Until})
	if err != nil {
		return nil, err
	}
	player := NewPlayer(p.Sets, live.Set)
	player.Begin(p.Ledger, p.Visitor)
	for _, v := range visits {
		if err := player.Visit(v, func(*Moment) error { return nil }); err != nil {
			return nil, err
		}
	}
	player.turn(p.Visitor)
	return player.before(live, q), nil
}

// Explain takes the decision of a moment that nobody logged apart: of one campaign,
// or of all for "".
func (m *Moment) Explain(campaign string) *Answer {
	m.Request.Explain = true
	return answer(m.Profile.Visitor, m, Question{Campaign: campaign})
}
