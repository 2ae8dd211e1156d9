package replay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Sets are the rule sets that ever were live, with their moments. A set is
// compiled when it is first asked for. Safe for concurrent use once filled.
type Sets struct {
	ledgers map[string][]*went // by seq
	latest  *went

	mu     sync.Mutex
	loaded map[string]*loaded // by hash
}

// went is one moment at which a set went live, other campaigns of it began to
// wait for a back-fill, or something was decided about one beside its file. A
// restart is one too.
type went struct {
	seq       uint64
	idx       uint16
	at        int64 // ms
	recorded  engine.Recorded
	waiting   map[string]bool
	overrides map[string]engine.Override
	live      *engine.Live // once it is asked for
}

type loaded struct {
	live *engine.Live // in whatever circumstances
	err  error
}

// NewSets gives an empty one.
func NewSets() *Sets { return &Sets{ledgers: map[string][]*went{}, loaded: map[string]*loaded{}} }

// Add takes in an omo_rules, omo_waiting or omo_override record of a ledger, each
// ledger's in order; other events are left out, so that a whole tail may be handed in.
func (s *Sets) Add(ledger string, r *ingest.Record) error {
	list := s.ledgers[ledger]
	var last *went
	if n := len(list); n > 0 {
		last = list[n-1]
		if r.Event.Seq < last.seq || r.Event.Seq == last.seq && r.Event.Idx <= last.idx {
			return nil // told before
		}
	}
	w := &went{seq: r.Event.Seq, idx: r.Event.Idx, at: r.Event.Received}
	switch r.Event.Name {
	case ingest.Rules:
		recorded, err := engine.ReadRules(&r.Event)
		if err != nil {
			return err
		}
		if last != nil && last.recorded.Hash == recorded.Hash {
			recorded.Source = last.recorded.Source // one text for all its restarts
		}
		w.recorded = recorded
	case ingest.Waiting:
		hash, waiting, err := engine.ReadWaiting(&r.Event)
		if err != nil {
			return err
		}
		if last == nil || last.recorded.Hash != hash {
			return nil // its rule set is not recorded
		}
		w.recorded, w.waiting, w.overrides = last.recorded, waiting, last.overrides
	case ingest.Override:
		hash, overrides, err := engine.ReadOverrides(&r.Event)
		if err != nil {
			return err
		}
		if last == nil || last.recorded.Hash != hash {
			return nil
		}
		w.recorded, w.waiting, w.overrides = last.recorded, last.waiting, overrides
	default:
		return nil
	}
	s.ledgers[ledger] = append(list, w)
	if s.latest == nil || w.at >= s.latest.at {
		s.latest = w
	}
	return nil
}

// Since gives every set that was live at or after a moment, each once; those
// that cannot be compiled any more are left out.
func (s *Sets) Since(from time.Time) []*rules.Set {
	var out []*rules.Set
	for _, ledger := range slices.Sorted(maps.Keys(s.ledgers)) {
		list := s.ledgers[ledger]
		for i, w := range list {
			if i+1 < len(list) && list[i+1].at < from.UnixMilli() {
				continue
			}
			if live, err := s.open(w); err == nil && !slices.Contains(out, live.Set) {
				out = append(out, live.Set)
			}
		}
	}
	return out
}

// At is the set that was live at a visit.
func (s *Sets) At(ledger string, seq uint64) (*engine.Live, error) {
	list := s.ledgers[ledger]
	i := sort.Search(len(list), func(i int) bool { return list[i].seq >= seq })
	if i == 0 {
		return nil, fmt.Errorf("no rule set is recorded before seq %d of ledger %s", seq, ledger)
	}
	return s.open(list[i-1])
}

// until is the set that was live at the moment that q asks about, behind the
// visitor's last visit before that: what went live since counts too.
func (s *Sets) until(ledger string, last uint64, q Question) (*engine.Live, error) {
	list, at := s.ledgers[ledger], last
	for _, w := range list {
		if w.seq > at && (q.Seq == 0 || w.seq <= q.Seq) && (q.Until.IsZero() || w.at <= q.Until.UnixMilli()) {
			at = w.seq
		}
	}
	return s.At(ledger, at+1)
}

// Named is the set of that hash as it was live at a visit: the same texts live
// again later may be in other phases.
func (s *Sets) Named(ledger, hash string, seq uint64) (*engine.Live, error) {
	list := s.ledgers[ledger]
	for i := sort.Search(len(list), func(i int) bool { return list[i].seq >= seq }); i > 0; i-- {
		if list[i-1].recorded.Hash == hash {
			return s.open(list[i-1])
		}
	}
	return nil, fmt.Errorf("rule set %.12s is not recorded before seq %d of ledger %s", hash, seq, ledger)
}

// LatestHash is the hash of the set that went live last, in any ledger; "" where
// none ever did.
func (s *Sets) LatestHash() string {
	if s.latest == nil {
		return ""
	}
	return s.latest.recorded.Hash
}

// Latest is the set that went live last, in any ledger.
func (s *Sets) Latest() (*engine.Live, error) {
	if s.latest == nil {
		return nil, errors.New("no rule set was ever live here")
	}
	return s.open(s.latest)
}

func (s *Sets) open(w *went) (*engine.Live, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.live != nil {
		return w.live, nil
	}
	l := s.loaded[w.recorded.Hash]
	if l == nil {
		l = &loaded{}
		s.loaded[w.recorded.Hash] = l
		var set *rules.Set
		if set, l.err = w.recorded.Load(); l.err == nil {
			l.live = engine.LiveOf(set, nil, nil, nil)
		}
	}
	if l.err != nil {
		return nil, l.err
	}
	w.live = l.live.With(w.recorded.Phases, w.waiting, w.overrides)
	return w.live, nil
}
