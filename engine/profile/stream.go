package profile

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Stream is one sequence of events of which a profile keeps what counters need.
type Stream struct {
	Key   string // names the series in every profile; the same key means the same events, field and kind
	Epoch uint64 // ledger position from which live folding counts; a series of another epoch is forgotten

	Event  string                   // its name
	Field  string                   // "" where only the moments count
	Kind   string                   // times | values | latest
	Where  func(*ingest.Event) bool // nil: every event of that name
	Window time.Duration            // the longest that is asked for, by event time; 0 none

	Session, Lifetime bool // asked for those too
}

// Kinds of streams.
const (
	Times  = "times"  // when; and what the field added up to, if there is one
	Values = "values" // which values the field had, and when each was last seen
	Latest = "latest" // the field's last text
)

// Streams are the streams of one rule set, found by their event's name.
type Streams struct {
	byEvent map[string][]Stream
	epochs  map[string]uint64 // by key
	sum     uint64            // of the epochs
}

// NewStreams is made once for a rule set.
func NewStreams(list []Stream) *Streams {
	s := &Streams{byEvent: map[string][]Stream{}, epochs: map[string]uint64{}}
	h := fnv.New64a()
	for _, one := range list {
		s.byEvent[one.Event] = append(s.byEvent[one.Event], one)
		s.epochs[one.Key] = one.Epoch
		h.Write([]byte(one.Key + "\x00" + strconv.FormatUint(one.Epoch, 10) + "\n"))
	}
	s.sum = h.Sum64()
	return s
}

// count takes e into every series that asks for it.
func (s *Streams) count(p *Profile, e *ingest.Event) {
	p.settle(s)
	if s == nil {
		return
	}
	of := s.byEvent[e.Name]
	for i := range of {
		p.add(&of[i], e)
	}
}

// settle forgets the series that no stream asks for any more, or that a stream
// of another epoch began: what they missed meanwhile nobody knows.
func (p *Profile) settle(s *Streams) {
	if len(p.Series) == 0 {
		return
	}
	if s == nil {
		p.Series = nil
		return
	}
	if p.under == s.sum {
		return
	}
	for key, x := range p.Series {
		if epoch, asked := s.epochs[key]; !asked || epoch != x.Epoch {
			delete(p.Series, key)
		}
	}
	p.under = s.sum
}
