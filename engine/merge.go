package engine

import (
	"encoding/json"
	"errors"
	"maps"
	"sync/atomic"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// merges counts what became of browsers that named a person who was known.
type merges struct{ done, refused atomic.Uint64 }

// Merges says how many browsers came to their person's profile since the
// start, and how many stayed alone because the person has too many.
func (e *Engine) Merges() (done, refused uint64) {
	return e.merges.done.Load(), e.merges.refused.Load()
}

// meets says whether the visit names the person of p's browser for the first time.
func (v *Visit) meets(p *profile.Profile) bool { return v.Signed && v.User != "" && p.User == "" }

// meet opens the profile of a browser that names its person for the first
// time. The person's first browser gives the profile and the bucketing unit;
// each further one brings its own profile along, and shares that one from this
// visit on. One browser of a person comes at a time: two that name it at once
// find each other.
func (e *Engine) meet(live *Live, v Visit, wait time.Duration, now time.Time) (seat, error) {
	person := e.people[e.place(v.User)]
	if !person.lockWithin(wait) {
		return seat{}, ErrBusy
	}
	met := false
	defer func() {
		if !met {
			person.Unlock()
		}
	}()
	s, err := e.join(live, v, wait, now)
	if met = err == nil; met {
		s.person = person
	}
	return s, err
}

func (e *Engine) join(live *Live, v Visit, wait time.Duration, now time.Time) (seat, error) {
	home, err := e.store.Unit(v.User)
	if err != nil {
		return seat{}, err
	}
	if home == "" || home == v.Visitor {
		s, err := e.sit(v.Visitor, wait)
		s.first = true
		return s, err
	}
	own, h := e.shard(v.Visitor), e.shard(home)
	unlock := both(own, h, wait)
	if unlock == nil {
		return seat{}, ErrBusy
	}
	seated := false
	defer func() {
		if !seated { // an error or a panic
			delete(own.profiles, v.Visitor)
			delete(h.profiles, home)
			unlock()
		}
	}()
	p, shares, err := e.load(own, v.Visitor)
	if err != nil {
		return seat{}, err
	}
	if shares != "" || !v.meets(p) { // another call was faster
		seated = true
		unlock()
		return e.sit(v.Visitor, wait)
	}
	of, _, err := e.load(h, home)
	if err != nil && !errors.Is(err, ErrErased) {
		return seat{}, err
	}
	s := seat{p: p, shard: own, blank: p.First == 0, unit: adopted(p, home)}
	full := of != nil && len(of.Browsers) >= profile.MaxBrowsers
	if s.first = of == nil || of.User != v.User; s.first || full { // the person is gone, or a crowd
		seated = true
		if h != own {
			h.mu.Unlock()
		}
		if full && !s.first {
			e.merges.refused.Add(1)
		}
		return s, nil
	}
	if s.merge, err = e.merged(home, v.Visitor, s.unit, now); err != nil {
		return seat{}, err
	}
	delete(own.profiles, v.Visitor) // Merge uses it up
	s.pending = maps.Clone(of.Pending)
	_, s.over = timers(v.Visitor, p.Pending, nil) // they go on as the home's
	profile.Merge(of, p, live.terms)
	of.Turn(v.Visitor)
	s.p, s.shard = of, h
	if h != own {
		s.came = own
	}
	crash.Point("merge.middle")
	seated = true
	return s, nil
}

// adopted is the unit that a browser takes over from its person's home: a
// person gets the same variants in every browser, but for one that has been
// offered something already.
func adopted(p *profile.Profile, home string) string {
	if len(p.Campaigns) > 0 || len(p.Holds) > 0 {
		return ""
	}
	return home
}

// both locks two shards, always in the same order; nil where one was not had in
// time.
func both(a, b *shard, wait time.Duration) (unlock func()) {
	if a.number > b.number {
		a, b = b, a
	}
	if !a.mu.lockWithin(wait) {
		return nil
	}
	if a == b {
		return a.mu.Unlock
	}
	if !b.mu.lockWithin(wait) {
		a.mu.Unlock()
		return nil
	}
	return func() {
		a.mu.Unlock()
		b.mu.Unlock()
	}
}

// merged are the events that tell of a merge: one in the history of each browser.
func (e *Engine) merged(home, visitor, unit string, now time.Time) ([]ingest.Event, error) {
	props, err := json.Marshal(ingest.Merged{Home: home, Visitor: visitor})
	if err != nil {
		return nil, err
	}
	tell := func(whose, unit string) ingest.Event {
		return ingest.Event{
			ID: e.newID(), Visitor: whose, Name: ingest.Merge, Time: clock(now), Received: clock(now), Unit: unit, Properties: props,
		}
	}
	return []ingest.Event{tell(home, ""), tell(visitor, unit)}, nil
}

// tell adds what a merge commits.
func (s *seat) tell(keep *ledger.Visit, add func(*ingest.Event) error) error {
	if len(s.merge) == 0 {
		return nil
	}
	keep.Alias = ledger.Alias{Visitor: s.p.Visitor, Home: s.p.Home()}
	keep.Over = s.over
	for i := range s.merge {
		if err := add(&s.merge[i]); err != nil {
			return err
		}
	}
	return nil
}
