package replay_test

import (
	"errors"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
)

// What somebody did that the warehouse does not have yet, and how a moment of the
// past left the profile.
func TestStateOfAMoment(t *testing.T) {
	t.Parallel()
	s, p := scene(t, "id: bar\nstatus: live\nwhen: count(\"page_view\", \"30d\") >= 1\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	s.open(p, "/") // 00:01
	first := s.now
	s.open(p, "/cart")
	s.open(p, "/cart")
	loaded := uint64(0)
	h := replay.History{Warehouse: nothing{}, Ledger: s.ledger, Loaded: func() uint64 { return loaded }}
	for _, c := range []struct {
		until time.Time
		views int
		err   error
	}{{first, 1, nil}, {time.Time{}, 3, nil}, {dawn, 0, replay.ErrTooEarly}} {
		past, err := h.Of(t.Context(), p.id)
		if err != nil {
			t.Fatal(err)
		}
		state, err := past.At(c.until)
		if !errors.Is(err, c.err) {
			t.Errorf("at %s: %v", c.until, err)
		}
		if err == nil && (state.Profile.Pageviews != c.views || state.Profile.Count(state.Live.Set.Streams[0].Key, 0) != float64(c.views)) {
			t.Errorf("at %s: %d page views, counted %v", c.until, state.Profile.Pageviews, state.Profile.Count(state.Live.Set.Streams[0].Key, 0))
		}
	}
	all, whole, err := h.Lately(t.Context(), []string{p.id, "another"})
	if err != nil || !whole || len(all) < 6 {
		t.Errorf("%d events, %v, %v", len(all), whole, err)
	}
	loaded = all[len(all)-1].Event.Seq - 1
	late, whole, err := h.Lately(t.Context(), []string{p.id})
	if err != nil || !whole || len(late) == 0 || len(late) >= len(all) || late[0].Event.Seq != loaded+1 {
		t.Errorf("behind seq %d: %d events of %d, %v, %v", loaded, len(late), len(all), whole, err)
	}
	if none, _, err := h.Lately(t.Context(), []string{"another"}); err != nil || len(none) != 0 {
		t.Errorf("of another %d, %v", len(none), err)
	}
}
