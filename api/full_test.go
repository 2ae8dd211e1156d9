package api_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// brimful takes no visitor's events while it is full.
type brimful struct {
	engine.Store
	full *atomic.Bool
}

func (b brimful) Commit(v ledger.Visit) (uint64, error) {
	if b.full.Load() && v.Visitor != "" && len(v.Events) > 0 {
		return 0, fmt.Errorf("%w: the disk of /srv/shop has no space left", ledger.ErrFull)
	}
	return b.Store.Commit(v)
}

// A full ledger refuses events and says when to come again; decisions are made
// all the same, and say that nothing was kept.
func TestFull(t *testing.T) {
	t.Parallel()
	full := new(atomic.Bool)
	s := open(t, store(func(real engine.Store) engine.Store { return brimful{real, full} }))
	look := list{object{"id": "01936b2e-0000-7000-8000-000000000001", "name": "look"}}
	before := s.browser().decide(object{"visitor": object{"id": "v1"}})
	kept := len(s.names())
	full.Store(true)

	refused := s.browser().post("/v1/events", object{"visitor": object{"id": "v1"}, "events": look})
	refused.says(http.StatusServiceUnavailable, "full", "there is no room for events now; send them again later, with the same ids")
	same(t, "Retry-After", refused.header["Retry-After"], []string{"2"})

	plain := s.browser().decide(object{"visitor": object{"id": "v1"}})
	same(t, "degraded", plain.Degraded, []string{"ledger"})
	if plain.campaigns() == "" || plain.campaigns() != before.campaigns() {
		t.Errorf("decided %q, with room %q", plain.campaigns(), before.campaigns())
	}
	answer := s.browser().answered(object{"visitor": object{"id": "v1"}, "events": append(list{object{"name": "Not A Name"}}, look...)})
	told := answer.decision()
	same(t, "degraded", told.Degraded, []string{"ledger"})
	same(t, "Retry-After", answer.header["Retry-After"], []string{"2"})
	if got := fmt.Sprint(told.Rejected); told.campaigns() != before.campaigns() || len(told.Rejected) != 2 ||
		told.Rejected[0].Code != "bad_name" || told.Rejected[1].Index != 1 || told.Rejected[1].Code != "full" {
		t.Errorf("decided %q, rejected %s", told.campaigns(), got)
	}
	if n := len(s.names()); n != kept {
		t.Errorf("%d events were kept by a full ledger", n-kept)
	}

	full.Store(false)
	if d := s.browser().decide(object{"visitor": object{"id": "v1"}, "events": look}); len(d.Degraded)+len(d.Rejected) > 0 {
		t.Errorf("with room again: %+v", d)
	}
	same(t, "kept", s.names()[kept:], []string{"look", "page_view", "omo_decision"})
}
