package ledger

import (
	"errors"
	"sync"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/cockroachdb/pebble/v2"
)

// Bounds of an idFilter: how many ids it is made for, and how many of the ids
// that it does not hold are looked for all the same while it holds no more. The
// largest takes 60 MB, and two of them while one is filled anew; past that more and more are looked for, and nothing else
// changes.
const (
	fewestIDs     = 1 << 20
	mostIDs       = 50 << 20
	falsePositive = 0.01
)

// idFilter knows of most new ids that they are new, without a look into the
// store. It holds every id that is kept, or is not used.
type idFilter struct {
	mu     sync.RWMutex
	bits   *bloom.BloomFilter // nil: not used
	next   *bloom.BloomFilter // is being filled, and takes its place then
	room   int                // ids that next, or else bits, was made for
	held   int                // ids in it
	refill chan struct{}      // has a value when ids were dropped, or it is full
}

// mayHold says of each id whether it has to be looked for.
func (f *idFilter) mayHold(ids []ID) (some bool, each []bool) {
	each = make([]bool, len(ids))
	f.mu.RLock()
	defer f.mu.RUnlock()
	for i := range ids {
		each[i] = f.bits == nil || f.bits.Test(ids[i][:])
		some = some || each[i]
	}
	return some, each
}

// add comes before the commit that keeps the ids.
func (f *idFilter) add(ids []ID) {
	if len(ids) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, filter := range [...]*bloom.BloomFilter{f.bits, f.next} {
		if filter == nil {
			continue
		}
		for i := range ids {
			filter.Add(ids[i][:])
		}
	}
	if f.held += len(ids); f.held > f.room && f.room < mostIDs {
		f.ask()
	}
}

// ask has it filled anew.
func (f *idFilter) ask() {
	select {
	case f.refill <- struct{}{}:
	default:
	}
}

var errClosing = errors.New("the ledger is being closed")

// fillFilter fills the filter at the start, and again when it must grow or what
// it holds is no longer kept, until the ledger is closed.
func (l *Ledger) fillFilter() {
	for {
		select {
		case <-l.stop:
			return
		case <-l.ids.filter.refill:
		}
		if err := l.fill(); err != nil && !errors.Is(err, errClosing) {
			l.log.Warn("ids of events will be looked for one by one", "error", err)
		}
	}
}

// fill makes a filter of the ids that are kept. Commits go on meanwhile.
func (l *Ledger) fill() error {
	f := &l.ids.filter
	var none ID
	now := l.ids.now.Load()
	bytes, err := l.db.EstimateDiskUsage(idKey(now-1, none), idKey(now+1, none))
	if err != nil {
		return err
	}
	const each = 20 // bytes on disk, about: the front that a key shares with the one before is not written
	l.order.Lock()  // every commit is either in the store by now or will find next
	f.mu.Lock()
	room := min(max(fewestIDs, 2*int(bytes)/each, 2*f.held), mostIDs)
	f.next = bloom.NewWithEstimates(uint(room), falsePositive)
	f.room, f.held = room, 0
	f.mu.Unlock()
	l.order.Unlock()
	n, err := l.eachID(now, f)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.bits = f.next
		f.held += n
	}
	f.next = nil
	return err
}

// eachID puts the ids of a period, of the one before and of any that has begun
// since into f.next.
func (l *Ledger) eachID(now uint32, f *idFilter) (n int, err error) {
	var none ID
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: idKey(now-1, none), UpperBound: []byte{'i' + 1}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	const atOnce = 1024 // visits wait no longer than these take
	valid := it.First()
	for valid {
		select {
		case <-l.stop:
			return n, errClosing
		default:
		}
		f.mu.Lock()
		for range atOnce {
			f.next.Add(it.Key()[idAt:])
			n++
			if valid = it.Next(); !valid {
				break
			}
		}
		f.mu.Unlock()
	}
	return n, it.Error()
}
