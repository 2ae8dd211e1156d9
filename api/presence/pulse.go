package presence

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	slotTime  = 10_000 // ms
	slots     = 60     // that are shown: ten minutes
	perMinute = 60_000 / slotTime
)

// Pulse is how busy the shop is: the last ten minutes in slots of ten seconds. The
// zero value is one of a shop that nobody came to.
type Pulse struct {
	mu   sync.Mutex
	ring [slots + 1]slot
	upTo atomic.Int64 // the slot before which everything is sampled
}

// slot is one of them. Numbers say which: a slot of the ring is used again.
type slot struct {
	number  int64
	events  int
	decided int
	online  int
	carts   int
	waits   [steps]uint32
}

// Waits are counted in steps of a twelfth more each, from a 50th of a millisecond
// to five seconds.
const (
	steps     = 216
	perOctave = 12
	least     = 0.02 // ms
)

// of gives the slot of a moment, empty where it was another one's.
func (p *Pulse) of(ms int64) *slot { return p.numbered(ms / slotTime) }

func (p *Pulse) numbered(n int64) *slot {
	s := &p.ring[n%int64(len(p.ring))]
	if s.number != n {
		*s = slot{number: n}
	}
	return s
}

func (p *Pulse) events(ms int64, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(ms).events += n
}

// Decided counts a decision and how long its page waited for it.
func (p *Pulse) Decided(now time.Time, wait time.Duration) {
	step := 0
	if ms := wait.Seconds() * 1000; ms > least {
		step = min(steps-1, int(math.Ceil(perOctave*math.Log2(ms/least))))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(now.UnixMilli())
	s.decided++
	s.waits[step]++
}

// Beat is what Pulse shows: of the last minute, and of the slots of the last ten
// minutes that are over, the oldest first.
type Beat struct {
	Actions   int     // events in the last minute
	Decisions int     // in the last minute
	P99       float64 // of their waits, in ms, too long by a seventeenth at most; 0 without any

	OnlineThen, CartsThen, ActionsThen, P99Then []float64
	Until, Each                                 int64 // when the last of these slots ended, in ms since 1970; ms of a slot
}

// Beat gives it as of now.
func (t *Table) Beat(now time.Time) Beat {
	ms := now.UnixMilli()
	t.sample(ms)
	p := &t.Pulse
	p.mu.Lock()
	defer p.mu.Unlock()
	var out Beat
	var waits [steps]uint32
	current := ms / slotTime
	part := float64(ms%slotTime) / slotTime // of the slot under way; the rest of the minute is in the one a minute ago
	actions, decisions := 0.0, 0.0
	for n := current - perMinute; n <= current; n++ {
		s, share := p.numbered(n), 1.0
		if n == current-perMinute {
			share = 1 - part
		}
		actions += share * float64(s.events)
		decisions += share * float64(s.decided)
		if share > 0 {
			for i, count := range s.waits {
				waits[i] += count
			}
		}
	}
	out.Actions, out.Decisions, out.P99 = int(math.Round(actions)), int(math.Round(decisions)), p99(&waits)
	out.Until, out.Each = current*slotTime, slotTime
	for n := current - slots; n < current; n++ {
		s := p.numbered(n)
		out.OnlineThen = append(out.OnlineThen, float64(s.online))
		out.CartsThen = append(out.CartsThen, float64(s.carts))
		out.ActionsThen = append(out.ActionsThen, float64(s.events*perMinute))
		out.P99Then = append(out.P99Then, p99(&s.waits))
	}
	return out
}

// p99 is the wait, in ms, that 99 of 100 did not exceed.
func p99(waits *[steps]uint32) float64 {
	all := uint64(0)
	for _, n := range waits {
		all += uint64(n)
	}
	if all == 0 {
		return 0
	}
	at, over := 0, all/100 // so many may be longer
	for i := steps - 1; i >= 0; i-- {
		if over < uint64(waits[i]) {
			at = i
			break
		}
		over -= uint64(waits[i])
	}
	return least * math.Exp2(float64(at)/perOctave)
}

// sample notes how many were on the shop at the end of each slot that is over.
// Nothing has changed since the last one ended: whoever comes first in a new slot
// does it before anything else.
func (t *Table) sample(ms int64) {
	current := ms / slotTime
	was := t.Pulse.upTo.Load()
	if was >= current || !t.Pulse.upTo.CompareAndSwap(was, current) {
		return
	}
	first := max(was, current-slots)
	online, carts := make([]int, current-first), make([]int, current-first)
	for i := range t.shards {
		h := &t.shards[i]
		h.mu.Lock()
		for _, v := range h.visitors {
			if v.Staff || v.Bot {
				continue
			}
			for at := range online {
				if end := (first + int64(at) + 1) * slotTime; v.last() <= end-Stay.Milliseconds() {
					break // nor later
				}
				online[at]++
				if v.Pieces > 0 || v.Cart > 0 {
					carts[at]++
				}
			}
		}
		h.prune(ms) // after they were counted: nobody may be looking
		h.mu.Unlock()
	}
	t.Pulse.mu.Lock()
	defer t.Pulse.mu.Unlock()
	for at := range online {
		s := t.Pulse.numbered(first + int64(at))
		s.online, s.carts = online[at], carts[at]
	}
}
