package loader

import (
	"math/rand/v2"
	"testing"
	"time"
)

// However loads come, few are kept, and a question about the last half hour or
// the last day is answered nearly as if all were: never too high.
func TestFewLoadsAreKeptAndNoneThatIsAskedForIsMissing(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, pause := range []time.Duration{time.Second, 40 * time.Second, 10 * time.Minute, 5 * time.Hour} {
		var s state
		var all []load
		at, to := int64(1_790_000_000_000), uint64(0)
		for range 4000 {
			at += random.Int64N(2 * pause.Milliseconds())
			to += random.Uint64N(3)
			s.Loads = noted(s.Loads, load{at, to})
			all = append(all, load{at, to})
		}
		if n := len(s.Loads); n > 2*(35+25) {
			t.Errorf("pauses of %s: %d kept", pause, n)
		}
		whole := state{Loads: all}
		for _, c := range []struct{ back, late time.Duration }{{0, 0}, {lately, time.Minute}, {lastDay - time.Hour, time.Hour}, {lastDay, 0}, {3 * lastDay, 3 * lastDay}} {
			moment := at - c.back.Milliseconds()
			got, exact := s.loadedBy(moment), whole.loadedBy(moment)
			// The answer is that of some moment not later, and not much earlier.
			least := whole.loadedBy(moment - c.late.Milliseconds() - 2*pause.Milliseconds())
			if c.back == lastDay {
				least = 0 // the only one as old may be any older
			}
			if got > exact || got < least && c.back < lastDay {
				t.Errorf("pauses of %s: loaded %s ago: %d, exactly %d, at least %d", pause, c.back, got, exact, least)
			}
		}
		if s.loadedBy(at-lastDay.Milliseconds()) == 0 && pause > time.Minute {
			t.Errorf("pauses of %s: nothing known of a day ago", pause)
		}
	}
}

func TestAClockSetBackKeepsTheRecordSmall(t *testing.T) {
	t.Parallel()
	var s state
	for i := range 1000 {
		s.Loads = noted(s.Loads, load{At: int64(1_790_000_000_000 - i*3_600_000), To: uint64(i)})
	}
	if len(s.Loads) > 3 {
		t.Errorf("%d kept", len(s.Loads))
	}
}
