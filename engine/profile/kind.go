package profile

import (
	"slices"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Kinds are the derived events of a rule set.
type Kinds struct {
	Of map[string]string            // name → the event that it is some of
	Is func(*ingest.Event) []string // those that an event is, by name
}

// stamp notes on e which derived events it is. An order that is told again is
// none: it counted where it came first.
func (k *Kinds) stamp(e *ingest.Event, repeats bool) {
	e.Kinds = nil
	if k != nil && !repeats {
		e.Kinds = k.Is(e)
	}
}

// is says whether e is an event of that name, which may be a derived one's. e
// is stamped.
func (k *Kinds) is(e *ingest.Event, name string) bool {
	if k != nil && k.Of[name] != "" {
		return slices.Contains(e.Kinds, name)
	}
	return e.Name == name
}

// source is the event that those of a name are some of, or are.
func (k *Kinds) source(name string) string {
	if k != nil && k.Of[name] != "" {
		return k.Of[name]
	}
	return name
}
