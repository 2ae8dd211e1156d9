package presence

import (
	"cmp"
	"container/heap"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
)

const (
	Stay = 5 * time.Minute // for which a visitor counts as on the shop without a sign of life
	Most = 10_000          // visitors in a table

	shards   = 16
	perShard = Most / shards
)

// Table is who is on the shop. Safe for concurrent use.
type Table struct {
	Pulse   Pulse
	seed    maphash.Seed
	rows    atomic.Uint64
	changes atomic.Uint64
	pushed  atomic.Uint64
	shards  [shards]shard
}

// shard holds those whose id hashes to it: whoever looks at all keeps no visit
// waiting for longer than a sixteenth of that.
type shard struct {
	mu       sync.Mutex
	visitors map[string]*guest
	silent   silence
	erased   map[string]int64 // when; until a visit that was under way then is over
}

// New makes an empty one.
func New() *Table {
	t := &Table{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].visitors = map[string]*guest{}
	}
	return t
}

// See takes in a visit: how its visitor stands after it, and what was decided, if
// anything was. Nothing of either is kept. Visits without an event of the last
// five minutes, such as an import's, change nothing.
func (t *Table) See(visitor string, s *engine.Standing, d *engine.Decision, now time.Time) {
	ms := now.UnixMilli()
	t.sample(ms)
	latest, people := int64(0), 0
	if d != nil {
		latest = ms
	}
	for i := range s.Events {
		if e := &s.Events[i]; e.Time > ms-Stay.Milliseconds() {
			latest = max(latest, e.Time)
			if !e.Bot {
				people++
			}
		}
	}
	if visitor == "" || latest <= ms-Stay.Milliseconds() {
		return
	}
	t.Pulse.events(ms, people)
	h := t.shard(visitor)
	h.mu.Lock()
	defer h.mu.Unlock()
	defer t.changes.Add(1) // once its row stands: who hears of a change looks only then
	if _, gone := h.erased[visitor]; gone {
		return
	}
	v := h.at(visitor, ms)
	if v == nil {
		if len(h.visitors) >= perShard {
			t.pushed.Add(1)
			h.push()
		}
		v = &guest{Visitor: Visitor{Row: t.rows.Add(1)}}
		keep(&v.ID, visitor)
		h.visitors[v.ID] = v
		defer func() { // where it belongs is known when it stands
			v.since = v.last()
			heap.Push(&h.silent, v)
		}()
	}
	v.stands(s)
	for i := range s.Events {
		v.happened(&s.Events[i])
	}
	if d != nil {
		v.Seen = max(v.Seen, ms)
		v.offered(d)
	}
	v.Seen = min(v.Seen, ms) // a clock that is ahead is not the future
}

// Heard notes that a page is still looked at; false for a visitor who is not on the
// shop, as far as events tell.
func (t *Table) Heard(visitor string, now time.Time) bool {
	ms := now.UnixMilli()
	t.sample(ms)
	h := t.shard(visitor)
	h.mu.Lock()
	defer h.mu.Unlock()
	v := h.at(visitor, ms)
	if v == nil {
		return false
	}
	v.Heard, v.Away = ms, false
	t.changes.Add(1)
	return true
}

// Of gives a visitor's row.
func (t *Table) Of(visitor string, now time.Time) (Visitor, bool) {
	h := t.shard(visitor)
	h.mu.Lock()
	defer h.mu.Unlock()
	if v := h.at(visitor, now.UnixMilli()); v != nil {
		return v.Visitor, true
	}
	return Visitor{}, false
}

// Leave takes a visitor's row out, who may come again: consent was withdrawn.
func (t *Table) Leave(visitor string) {
	h := t.shard(visitor)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leaves(visitor)
	t.changes.Add(1)
}

// Forget takes erased visitors out, and those of their visits that end just now.
func (t *Table) Forget(visitors []string, now time.Time) {
	for _, id := range visitors {
		h := t.shard(id)
		h.mu.Lock()
		h.leaves(id)
		if h.erased == nil {
			h.erased = map[string]int64{}
		}
		h.erased[id] = now.UnixMilli()
		h.mu.Unlock()
	}
	t.changes.Add(1)
}

// Changes goes up with each change of a row, once that can be seen.
func (t *Table) Changes() uint64 { return t.changes.Load() }

// Touch says that rows look other than they did, for a reason of somebody else's.
func (t *Table) Touch() { t.changes.Add(1) }

// Pushed is how many visitors had to go before their time, since there were Most.
func (t *Table) Pushed() uint64 { return t.pushed.Load() }

func (t *Table) shard(visitor string) *shard {
	return &t.shards[maphash.String(t.seed, visitor)%shards]
}

// guest is a visitor in its shard.
type guest struct {
	Visitor
	since int64 // a sign of life, not always the latest: by it the shard knows where to look
	place int   // in silence
}

// silence is a heap of a shard's visitors. Signs of life only move a visitor back,
// so none is silent longer than the first, once that one's time is the latest.
type silence []*guest

func (q silence) Len() int { return len(q) }
func (q silence) Less(i, j int) bool {
	return q[i].since < q[j].since || q[i].since == q[j].since && q[i].Row < q[j].Row
}
func (q silence) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push is the heap's.
func (q *silence) Push(v any) {
	v.(*guest).place = len(*q)
	*q = append(*q, v.(*guest))
}

// Pop is the heap's.
func (q *silence) Pop() any {
	end := len(*q) - 1
	v := (*q)[end]
	(*q)[end] = nil
	*q = (*q)[:end]
	return v
}

// push takes out the visitor that was silent longest.
func (h *shard) push() {
	for first := h.silent[0]; first.since != first.last(); first = h.silent[0] {
		first.since = first.last()
		heap.Fix(&h.silent, 0)
	}
	h.leaves(h.silent[0].ID)
}

// leaves takes a visitor out, if it is there.
func (h *shard) leaves(visitor string) {
	if v := h.visitors[visitor]; v != nil {
		delete(h.visitors, visitor)
		heap.Remove(&h.silent, v.place)
	}
}

// Here is what Look finds.
type Here struct {
	Rows     []Visitor // the hottest first; of the same heat the one that came first
	Matching int       // visitors that the filter lets through, Rows among them
	Online   int       // visitors: no staff, no bots
	Carts    int       // of these, with something in the cart
	Staff    int
	Bots     int
}

// Look gives the hottest rows that a filter lets through, at most so many, and
// counts all. Half is Heat's.
func (t *Table) Look(f Filter, most int, half float64, now time.Time) Here {
	ms := now.UnixMilli()
	t.sample(ms)
	top := make([]warm, 0, most+1)
	rooms := make([]Visitor, 0, most)
	var out Here
	t.each(ms, func(v *Visitor) {
		out.count(v)
		if !f.lets(v, ms) {
			return
		}
		out.Matching++
		one := warm{heat: v.Heat(ms, half), row: v.Row, room: len(rooms)}
		switch {
		case len(rooms) < most:
			rooms = append(rooms, *v)
		case most == 0 || one.order(top[most-1]) > 0:
			return
		default:
			one.room = top[most-1].room
			rooms[one.room] = *v
			top = top[:most-1]
		}
		at, _ := slices.BinarySearchFunc(top, one, warm.order)
		top = slices.Insert(top, at, one)
	})
	for _, one := range top {
		out.Rows = append(out.Rows, rooms[one.room])
	}
	return out
}

// warm is a row in the order of heat; room is where it was copied to.
type warm struct {
	heat float64
	row  uint64
	room int
}

func (w warm) order(other warm) int {
	return cmp.Or(cmp.Compare(other.heat, w.heat), cmp.Compare(w.row, other.row))
}

func (h *Here) count(v *Visitor) {
	switch {
	case v.Bot:
		h.Bots++
	case v.Staff:
		h.Staff++
	default:
		h.Online++
		if v.Pieces > 0 || v.Cart > 0 {
			h.Carts++
		}
	}
}

// each goes over those who are on the shop, a shard at a time.
func (t *Table) each(ms int64, do func(*Visitor)) {
	for i := range t.shards {
		h := &t.shards[i]
		h.mu.Lock()
		h.prune(ms)
		for _, v := range h.visitors {
			do(&v.Visitor)
		}
		h.mu.Unlock()
	}
}

// at is a visitor's row; nil for one who is no longer on the shop, and whose row goes.
func (h *shard) at(visitor string, ms int64) *guest {
	v := h.visitors[visitor]
	if v != nil && v.last() <= ms-Stay.Milliseconds() {
		h.leaves(visitor)
		return nil
	}
	return v
}

// prune lets go who is no longer on the shop.
func (h *shard) prune(ms int64) {
	for id, v := range h.visitors {
		if v.last() <= ms-Stay.Milliseconds() {
			h.leaves(id)
		}
	}
	for id, at := range h.erased {
		if at <= ms-Stay.Milliseconds() {
			delete(h.erased, id)
		}
	}
}
