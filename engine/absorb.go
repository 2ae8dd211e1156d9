package engine

import (
	"errors"
	"fmt"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// count takes one event of the past into before.
func count(before *profile.Profile, missing []profile.Stream, event *ingest.Event) error {
	if err := event.ParseProperties(); err != nil {
		return fmt.Errorf("event %s: %w", event.ID, err)
	}
	if before.Repeats(event) {
		return nil
	}
	for _, s := range missing {
		before.Add(s, event)
	}
	return nil
}

// absorb adds one visitor's past to its profile, once however often it is
// called. Each browser of a person brings its own past to the one they share.
func (e *Engine) absorb(before *profile.Profile, missing []profile.Stream) error {
	s, err := e.sit(before.Visitor, eventsWithin)
	if errors.Is(err, ErrErased) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.leave()
	p := s.p
	p.Elsewhere(before, missing)
	news := false
	for _, stream := range missing {
		news = p.Absorb(stream.Key, stream.Epoch, before.Series[stream.Key]) || news
	}
	if !news {
		s.kept = true
		return nil
	}
	text := newScratch()
	defer text.free()
	raw, err := text.profile(p)
	if err == nil {
		_, err = e.store.Commit(ledger.Visit{Visitor: p.Home(), Profile: raw})
	}
	s.kept = err == nil
	crash.Point("backfill.middle")
	return err
}
