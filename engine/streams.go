package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// streamsMark is where the ledger keeps which streams are counted.
const streamsMark = "streams"

// counted is a stream that profiles are counting. Visits after Epoch are
// counted as they come; those up to it by the back-fill, and until that is
// done the campaigns that need the stream wait.
type counted struct {
	Epoch    uint64        `json:"epoch"`
	Filled   bool          `json:"filled"`
	Window   time.Duration `json:"window,omitempty"`
	Session  bool          `json:"session,omitempty"`
	Lifetime bool          `json:"lifetime,omitempty"`
}

// covers says whether what is counted is enough for s: a longer window needs
// what was thrown away, and is counted anew.
func (c counted) covers(s *rules.Stream) bool {
	return c.Window >= s.Window && (c.Session || !s.Session) && (c.Lifetime || !s.Lifetime)
}

// registry is every stream that is counted, by key.
type registry map[string]counted

func (e *Engine) streams() (registry, error) {
	r := registry{}
	raw, err := e.store.Marked(streamsMark)
	if err != nil || raw == nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("the counted streams kept in the ledger cannot be read: %w", err)
	}
	return r, nil
}

func (e *Engine) keepStreams(r registry) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return e.store.Mark(streamsMark, raw)
}

// still is what was counted and goes on, no further back than set asks.
func (r registry) still(set *rules.Set) registry {
	next := registry{}
	for i := range set.Streams {
		s := &set.Streams[i]
		if c, known := r[s.Key]; known && c.covers(s) {
			c.Window, c.Session, c.Lifetime = s.Window, s.Session, s.Lifetime
			next[s.Key] = c
		}
	}
	return next
}

// forSet is what is counted once set is in use with the cut at last: what was
// counted and still is, and what begins. In an empty ledger nothing is missing.
func (r registry) forSet(set *rules.Set, last uint64) registry {
	next := r.still(set)
	for i := range set.Streams {
		s := &set.Streams[i]
		if _, known := next[s.Key]; !known {
			next[s.Key] = counted{Epoch: last, Filled: last == 0, Window: s.Window, Session: s.Session, Lifetime: s.Lifetime}
		}
	}
	return next
}

// waiting are the campaigns whose counters are not filled yet.
func (r registry) waiting(set *rules.Set) map[string]bool {
	waits := map[string]bool{}
	for _, c := range set.Campaigns {
		for _, i := range c.Needs {
			if !r[set.Streams[i].Key].Filled {
				waits[c.ID] = true
			}
		}
	}
	return waits
}

// streamTerms is what the fold counts.
func streamTerms(set *rules.Set, counting registry) []profile.Stream {
	out := make([]profile.Stream, len(set.Streams))
	for i := range set.Streams {
		s := &set.Streams[i]
		out[i] = profile.Stream{
			Key: s.Key, Epoch: counting[s.Key].Epoch, Event: s.Event, Field: s.Field, Kind: s.Kind,
			Window: s.Window, Session: s.Session, Lifetime: s.Lifetime,
		}
		if s.Derived() {
			out[i].Where = func(e *ingest.Event) bool { return counts(set, i, e) }
		}
	}
	return out
}

func counts(set *rules.Set, stream int, e *ingest.Event) bool {
	m := set.Matcher()
	defer set.Release(m)
	return set.Counts(m, stream, event(e))
}
