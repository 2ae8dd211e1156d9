package engine

import (
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Segments are the names of those that a visitor is in at a moment, on the page
// with the device that context tells, in order; nil for one whom nobody knows.
// Nothing of it decides anything.
func (e *Engine) Segments(visitor string, context *ingest.Event, now time.Time) ([]string, error) {
	set := e.live.Load().Set
	if !set.HasSegments() {
		return nil, nil
	}
	p, err := e.Profile(visitor)
	if err != nil || p == nil {
		return nil, err
	}
	m := set.Matcher()
	defer set.Release(m)
	return set.Segments(m, environment(set, p, Request{Context: context}, now), now), nil
}
