package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing/fstest"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Recorded is a rule set as its omo_rules event tells it: enough to run it again.
type Recorded struct {
	Hash   string
	Source map[string]string // file name → text
	Phases map[string]string // campaign → the phase it was in
}

// ReadRules reads an omo_rules event.
func ReadRules(e *ingest.Event) (Recorded, error) {
	var props struct {
		Rules     string            `json:"rules"`
		Source    map[string]string `json:"source"`
		Campaigns []struct {
			ID    string `json:"id"`
			Phase string `json:"phase"`
		} `json:"campaigns"`
	}
	if err := json.Unmarshal(e.Properties, &props); err != nil {
		return Recorded{}, fmt.Errorf("the record of a rule set (event %s) cannot be read: %w", e.ID, err)
	}
	out := Recorded{Hash: props.Rules, Source: props.Source, Phases: make(map[string]string, len(props.Campaigns))}
	for _, c := range props.Campaigns {
		out.Phases[c.ID] = c.Phase
	}
	return out, nil
}

// Load compiles the recorded texts. A text that this version refuses, or that
// compiles into a set of another hash, is an error: it would decide otherwise.
func (r Recorded) Load() (*rules.Set, error) {
	folder := fstest.MapFS{}
	for name, text := range r.Source {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, found := rules.Load(folder)
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("rule set %.12s was good when it was live, and this version refuses it: %w", r.Hash, err)
	}
	if set.Hash != r.Hash {
		return nil, fmt.Errorf("rule set %.12s is recorded with texts that make up %.12s", r.Hash, set.Hash)
	}
	return set, nil
}

// ReadWaiting reads an omo_waiting event: of which rule set which campaigns wait
// for a back-fill from then on.
func ReadWaiting(e *ingest.Event) (hash string, waiting map[string]bool, err error) {
	var props struct {
		Rules     string   `json:"rules"`
		Campaigns []string `json:"campaigns"`
	}
	if err := json.Unmarshal(e.Properties, &props); err != nil {
		return "", nil, fmt.Errorf("the record of what waits (event %s) cannot be read: %w", e.ID, err)
	}
	waiting = make(map[string]bool, len(props.Campaigns))
	for _, c := range props.Campaigns {
		waiting[c] = true
	}
	return props.Rules, waiting, nil
}

// ReadOverrides reads an omo_override event: of which rule set which overrides
// hold from then on.
func ReadOverrides(e *ingest.Event) (hash string, overrides map[string]Override, err error) {
	var props overrideTold
	if err := json.Unmarshal(e.Properties, &props); err != nil {
		return "", nil, fmt.Errorf("the record of overrides (event %s) cannot be read: %w", e.ID, err)
	}
	return props.Rules, props.Overrides, nil
}

// LiveOf is a rule set as replay runs it: with the phases that its campaigns
// were in, or would be in, those that waited for a back-fill, and the overrides.
func LiveOf(set *rules.Set, phases map[string]string, waiting map[string]bool, overrides map[string]Override) *Live {
	l := &Live{Set: set, terms: terms(set), layers: layers(set), sends: sends(set)}
	return l.With(phases, waiting, overrides)
}

// With is the same rule set in other circumstances.
func (l *Live) With(phases map[string]string, waiting map[string]bool, overrides map[string]Override) *Live {
	own := *l
	own.Phases, own.Waiting, own.Overrides = phases, waiting, overrides
	return &own
}

// ReplayTerms are what folding a whole past needs to know of the rule set. Its
// counters and those of the other sets that will be asked about the same
// profile count from the first event on.
func (l *Live) ReplayTerms(others []*rules.Set) profile.Terms {
	streams := map[string]profile.Stream{}
	for _, set := range append([]*rules.Set{l.Set}, others...) {
		for _, s := range streamTerms(set, nil) {
			if have, twice := streams[s.Key]; twice {
				s.Window = max(s.Window, have.Window)
				s.Session, s.Lifetime = s.Session || have.Session, s.Lifetime || have.Lifetime
			}
			streams[s.Key] = s
		}
	}
	t := l.terms
	list := make([]profile.Stream, 0, len(streams))
	for _, key := range slices.Sorted(maps.Keys(streams)) {
		list = append(list, streams[key])
	}
	t.Streams = profile.NewStreams(list)
	return t
}
