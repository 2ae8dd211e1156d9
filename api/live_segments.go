package api

import (
	"sync"
	"time"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/api/presence"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// belongings remember which segments the visitors of the live screen's rows are in,
// so that a profile is read again only once its visitor has done something, the
// rules are others, or half a minute has passed: windows move by themselves.
type belongings struct {
	mu  sync.Mutex
	all map[uint64]belonging // by row
}

type belonging struct {
	seen     int64
	rules    string
	at       time.Time
	segments dashboard.Segments
}

const (
	belongFor  = 30 * time.Second
	maxBelongs = 1000 // rows; then it begins anew
)

// segmentsOf are a row's segments; none where they cannot be read, which the
// visitor's own screen says.
func (s *Server) segmentsOf(v *presence.Visitor, now time.Time) dashboard.Segments {
	x := s.lively.belongings
	rules := s.engine.Live().Set.Hash
	x.mu.Lock()
	kept, ok := x.all[v.Row]
	x.mu.Unlock()
	if ok && kept.seen == v.Seen && kept.rules == rules && now.Sub(kept.at) < belongFor {
		return kept.segments
	}
	names, err := s.engine.Segments(v.ID, &ingest.Event{
		Name: ingest.PageView, Visitor: v.ID, Page: &ingest.Page{Path: v.Path, Title: v.Title}, Device: &ingest.Device{Type: v.Device},
	}, now)
	if err != nil {
		s.log.Error("a visitor's segments cannot be read", "error", err)
	}
	kept = belonging{v.Seen, rules, now, dashboard.SegmentsOf(names)}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.all == nil || len(x.all) >= maxBelongs {
		x.all = map[uint64]belonging{}
	}
	x.all[v.Row] = kept
	return kept.segments
}
