package profile

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// await begins the waits that e begins, anew if they ran already, and ends
// those that it ends. They run on the clock of receipt; what is told of a past
// that lies further back than the wait neither begins nor ends one.
func await(p *Profile, e *ingest.Event, t Terms) {
	for i := range t.Absences {
		a := &t.Absences[i]
		within := a.Within.Milliseconds()
		if e.Time+within <= e.Received {
			continue
		}
		if t.Kinds.is(e, a.Event) {
			delete(p.Pending, a.Campaign)
			delete(p.Due, a.Campaign)
		}
		if !t.Kinds.is(e, a.After) {
			continue
		}
		if p.Pending == nil {
			p.Pending = map[string]int64{}
		}
		p.Pending[a.Campaign] = e.Received + within
	}
}

// foldAbsence remembers that what a campaign waited for did not come in time.
// What the server then does by itself is done with that.
func foldAbsence(p *Profile, e *ingest.Event, t Terms) {
	delete(p.Pending, e.Props.Campaign)
	if !t.Sends[e.Props.Campaign] {
		p.due(e.Props.Campaign, e.Time)
	}
}

// due remembers that a campaign may open when the visitor is next there.
func (p *Profile) due(campaign string, at int64) {
	if p.Due == nil {
		p.Due = map[string]int64{}
	}
	p.Due[strings.Clone(campaign)] = at
	if len(p.Due) > maxDue {
		names := slices.Sorted(maps.Keys(p.Due)) // of equal times always the same one goes
		delete(p.Due, slices.MinFunc(names, func(a, b string) int { return cmp.Compare(p.Due[a], p.Due[b]) }))
	}
}
