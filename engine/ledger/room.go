package ledger

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// ErrFull is why a visit's events were not taken: nothing of the visit was
// kept. Its text says what is full and what helps.
var ErrFull = errors.New("ledger is full")

const (
	// DefaultCap bounds the events that the ledger holds, in bytes.
	DefaultCap = 10 << 30
	// The reserve is 2 % of the disk within these, in bytes: what the store
	// needs to write what it has taken, to merge and to trim.
	leastReserve, mostReserve = 64 << 20, 512 << 20

	watchEvery = 250 * time.Millisecond // how often the disk is asked for its free space,
	watchBytes = 4 << 20                // and after how many bytes of events at the latest
	milestone  = 1 << 20                // bytes of events between two notes of how many there are
)

// Room is how much the ledger holds and may hold. All sizes are in bytes.
type Room struct {
	Events, Cap   int64  // events that are held, and the most that are taken
	Free, Reserve int64  // of the disk; below the reserve no events are taken. Free is -1 where the disk does not tell
	Full          string // why no events are taken; "" while they are
	Refused       int64  // visits refused since the start
}

// Tight says that what is in the warehouse already had better be trimmed.
func (r Room) Tight() bool {
	return r.Full != "" || r.Events > r.Cap/5*4 || r.Free >= 0 && r.Free < 2*r.Reserve
}

// room keeps the ledger within its bounds. Events are refused before the disk
// is full, so that decisions' marks, the loader's position and the store's own
// merging always find space, and space can come back.
type room struct {
	cap     int64
	reserve int64 // 0 until the disk's size is known
	events  atomic.Int64
	free    atomic.Int64
	full    atomic.Pointer[error] // of the disk; nil: it has room
	brimful atomic.Bool           // a visit met the cap, and nothing was trimmed since
	refused atomic.Int64
	grown   chan struct{} // has a value when watchBytes have come

	// Guarded by the ledger's order:
	older span   // visits of before the start: their bytes are spread evenly
	past  []note // of what was committed since, the oldest first
	total int64  // bytes committed since the start
	gone  int64  // of those, trimmed
}

// span is how many bytes of events the visits (after, upTo] hold.
type span struct {
	after, upTo uint64
	bytes       int64
}

// note says that the first bytes committed since the start are of visits up to seq.
type note struct {
	seq   uint64
	bytes int64
}

// recoverRoom asks the store how much it holds.
func (l *Ledger) recoverRoom(floor uint64) error {
	held, err := l.db.EstimateDiskUsage([]byte{'e'}, []byte{'e' + 1})
	if err != nil {
		return err
	}
	l.room.older = span{after: floor, upTo: l.last, bytes: int64(held)}
	l.room.events.Store(int64(held))
	return nil
}

// Room tells how much there is. Cheap: nothing is read from the disk.
func (l *Ledger) Room() Room {
	r := &l.room
	out := Room{Events: r.events.Load(), Cap: r.cap, Free: r.free.Load(), Reserve: r.reserve, Refused: r.refused.Load()}
	if full := r.full.Load(); full != nil {
		out.Full = (*full).Error()
	} else if r.brimful.Load() {
		out.Full = r.capped().Error()
	}
	return out
}

// admit says whether size more bytes of events may come.
func (r *room) admit(size int) error {
	full := r.full.Load()
	switch {
	case full != nil:
		r.refused.Add(1)
		return *full
	case r.brimful.Load() || r.events.Load()+int64(size) > r.cap:
		r.brimful.Store(true)
		r.refused.Add(1)
		return r.capped()
	}
	return nil
}

func (r *room) capped() error {
	return fmt.Errorf("%w: %s of events wait for the warehouse, as many as --ledger-cap allows; they go once ClickHouse takes them", ErrFull, sized(r.cap))
}

// add notes that seq was committed. Called in the order of seq.
func (r *room) add(seq uint64, size int) {
	r.events.Add(int64(size))
	if (r.total+int64(size))/watchBytes > r.total/watchBytes {
		select {
		case r.grown <- struct{}{}:
		default:
		}
	}
	r.total += int64(size)
	before := r.gone
	n := len(r.past)
	if n > 1 {
		before = r.past[n-2].bytes
	}
	if n > 0 && r.past[n-1].bytes-before < milestone {
		r.past[n-1] = note{seq, r.total}
	} else {
		r.past = append(r.past, note{seq, r.total})
	}
}

// trimmed notes that the visits up to seq are gone. Called under order.
func (r *room) trimmed(seq uint64) {
	if o := &r.older; seq >= o.upTo {
		*o = span{}
	} else if seq > o.after {
		o.bytes = int64(float64(o.bytes) * float64(o.upTo-seq) / float64(o.upTo-o.after))
		o.after = seq
	}
	passed := 0
	for passed < len(r.past) && r.past[passed].seq <= seq {
		r.gone = r.past[passed].bytes
		passed++
	}
	r.past = slices.Delete(r.past, 0, passed)
	held := r.older.bytes + r.total - r.gone
	r.events.Store(held)
	if held < r.cap-r.cap/16 {
		r.brimful.Store(false)
	}
}

// watch looks at the disk, now and then, until stop is closed.
func (l *Ledger) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			l.look()
		case <-l.room.grown:
			l.look()
		}
	}
}

// look compares the disk's free space with the reserve. It takes a little more
// than the reserve for events to come again, so that they do not go to and fro.
func (l *Ledger) look() {
	r := &l.room
	usage, err := l.fs.GetDiskUsage(l.dir)
	if err != nil {
		r.free.Store(-1)
		return
	}
	free := int64(usage.AvailBytes)
	r.free.Store(free)
	if r.reserve == 0 {
		r.reserve = min(max(int64(usage.TotalBytes/50), leastReserve), mostReserve)
	}
	was := r.full.Load()
	switch {
	case l.fs.stuck():
		return // the patient file system has said so, and says when it is over
	case was == nil && free < r.reserve:
		err := fmt.Errorf("%w: %s are free on the disk of %s, less than the %s that --disk-reserve keeps; make room there", ErrFull, sized(free), l.dir, sized(r.reserve))
		r.full.Store(&err)
		l.log.Error("no more events are taken", "error", err)
	case was != nil && free > r.reserve+r.reserve/16:
		r.full.Store(nil)
		l.log.Info("events are taken again", "free", sized(free))
	}
}

// sized is a number of bytes for people.
func sized(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%d KiB", n>>10)
	}
}
