package replay

import (
	"context"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// mostBehind bounds how many visits that the warehouse does not have yet are
// looked through for one visitor.
const mostBehind = 100_000

// Lately gives what some visitors did that the warehouse does not have yet, in the
// order of the ledger. Of a warehouse that is far behind only the last visits are
// looked through: whole is false then.
func (h *History) Lately(ctx context.Context, visitors []string) (out []ingest.Record, whole bool, err error) {
	after, last := h.Loaded(), h.Ledger.Last()
	whole = last < mostBehind || after >= last-mostBehind
	if !whole {
		after = last - mostBehind
	}
	for after < last {
		tail, err := h.Ledger.Read(ctx, after, last, readAtOnce)
		if err != nil {
			return nil, false, err
		}
		if len(tail) == 0 {
			break // visits without events are left
		}
		for i := range tail {
			if slices.Contains(visitors, tail[i].Event.Visitor) {
				out = append(out, tail[i])
			}
		}
		after = tail[len(tail)-1].Event.Seq
	}
	return out, whole, nil
}

// State is a visitor as one moment left it.
type State struct {
	Profile *profile.Profile
	Live    *engine.Live // the rules of then
	At      time.Time    // of the last visit folded
	Consent string       // as the visitor last told it; "" never
}

// At folds the visitor's past up to a moment; zero: to its end. The past is used
// up. Its errors are ErrNobody, ErrTooEarly, and rules that cannot be read.
func (p *Past) At(until time.Time) (*State, error) {
	visits, err := p.upTo(Question{Until: until})
	if err != nil {
		return nil, err
	}
	last := &visits[len(visits)-1][0].Event
	live, err := p.Sets.until(p.Ledger, last.Seq, Question{Until: until})
	if err != nil {
		return nil, err
	}
	player := NewPlayer(p.Sets, live.Set)
	player.Begin(p.Ledger, p.Visitor)
	out := &State{Live: live, At: time.UnixMilli(last.Received)}
	for _, v := range visits {
		for i := range v {
			if e := &v[i].Event; e.Visitor == p.Visitor && e.Consent != "" {
				out.Consent = e.Consent
			}
		}
		if err := player.Visit(v, func(*Moment) error { return nil }); err != nil {
			return nil, err
		}
	}
	player.turn(p.Visitor)
	out.Profile = player.Profile()
	return out, nil
}
