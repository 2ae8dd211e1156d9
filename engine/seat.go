package engine

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// seat is one visitor's place at its profile, whose lock is held until leave.
type seat struct {
	p     *profile.Profile // seen from the visitor
	shard *shard           // of p's home
	kept  bool             // what p has folded is committed, or nothing

	// Of a browser that names its person for the first time; see meet.
	person  door             // held too
	came    *shard           // held too, where the browser has another shard than its person
	merge   []ingest.Event   // to commit with it: of the person's home, and of the browser
	pending map[string]int64 // what the person waited for before that
	over    []ledger.Timer   // by which the browser waited
	blank   bool             // before, nothing was known of the browser
	unit    string           // the person's, to adopt
	first   bool             // the browser becomes the person's home
}

// sit locks a visitor's profile: its own, or the one that it shares. Nothing
// is held while the other lock is waited for, each no longer than wait.
func (e *Engine) sit(visitor string, wait time.Duration) (seat, error) {
	s := e.shard(visitor)
	if !s.mu.lockWithin(wait) {
		return seat{}, ErrBusy
	}
	p, home, err := e.load(s, visitor)
	if home == "" {
		if p != nil {
			p.Turn(visitor) // it may be a person's, last seen from another browser
		}
		return taken(s, p, err)
	}
	s.mu.Unlock()
	h := e.shard(home)
	if !h.mu.lockWithin(wait) {
		return seat{}, ErrBusy
	}
	if p, _, err = e.load(h, home); err != nil || p != nil && p.Turn(visitor) {
		return taken(h, p, err)
	}
	h.mu.Unlock()
	// The person is gone: the browser begins anew, under its own id.
	if !s.mu.lockWithin(wait) {
		return seat{}, ErrBusy
	}
	delete(s.homes, visitor)
	if p = s.profiles[visitor]; p == nil {
		var raw []byte
		if raw, err = e.store.Profile(visitor); err == nil {
			p, err = e.read(s, visitor, raw)
		}
	}
	return taken(s, p, err)
}

func taken(s *shard, p *profile.Profile, err error) (seat, error) {
	if err != nil {
		s.mu.Unlock()
		return seat{}, err
	}
	return seat{p: p, shard: s}, nil
}

// leave unlocks. After an error or a panic p may have folded what was not
// committed, and is forgotten.
func (s *seat) leave() {
	if !s.kept {
		delete(s.shard.profiles, s.p.Home())
	}
	s.shard.mu.Unlock()
	if s.came != nil {
		s.came.mu.Unlock()
	}
	if s.person != nil {
		s.person.Unlock()
	}
}
