package ledger

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// SyncEvery is the longest a commit that nobody waits for stays unsynced.
const SyncEvery = 50 * time.Millisecond

// syncWithin is the longest Sync waits unless told: what a disk has not taken by
// then, the client had better send again.
const syncWithin = 5 * time.Second

// Options of Open.
type Options struct {
	Log *slog.Logger     // required
	Now func() time.Time // of event ids' periods; time.Now unless told

	Cap int64 // bytes of events that are held at most; DefaultCap unless told
	// AcceptLoss goes on where acknowledged visits at the end are lost.
	AcceptLoss bool

	Reserve int64 // bytes to keep free on the disk; 2 % of it, 64 to 512 MiB, unless told

	Patience time.Duration // for which Sync waits; 5 s unless told

	Letters     int   // to be sent, or given up, that are held at most; DefaultLetters unless told
	LetterBytes int64 // of them; DefaultLetterBytes unless told
}

// Ledger is the embedded implementation. Safe for concurrent use.
type Ledger struct {
	db   *pebble.DB
	dir  string
	fs   *patientFS
	lock *pebble.Lock
	log  *slog.Logger
	now  func() time.Time
	id   string
	room room
	seal sealer

	patience time.Duration // of Sync

	damage atomic.Pointer[error]

	order  sync.Mutex // a sequence number is taken and its commit applied as one step
	last   uint64     // guarded by order
	counts counts     // guarded by order
	letter letter
	mail   mail

	durable atomic.Uint64
	changed notifier
	asked   chan struct{} // has a value while somebody waits for a sync
	failed  atomic.Pointer[error]
	ids     idPeriods
	stop    chan struct{}
	done    sync.WaitGroup

	entombed atomic.Bool // whether any tombstone stands

	coupons  pools
	stocking sync.Mutex  // one pool is taken in at a time
	setAside atomic.Bool // codes that come in may have been told before a restore
}

// Open opens the ledger in dir, which is created if its parent is there. A
// second process on the same folder is refused.
func Open(dir string, o Options) (*Ledger, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if parent := filepath.Dir(dir); !isDir(parent) {
		return nil, fmt.Errorf("data folder %s does not exist: create it, or name another with --data", parent)
	}
	return open(dir, o, vfs.Default)
}

// open is Open on any file system: one that loses what was not fsynced stands
// for a power cut.
func open(dir string, o Options, fs vfs.FS) (*Ledger, error) {
	lock, err := lockFolder(dir, fs)
	if err != nil {
		return nil, err
	}
	l := &Ledger{dir: dir, lock: lock, log: o.Log, now: o.Now, patience: cmp.Or(o.Patience, syncWithin), coupons: pools{of: map[string]*pool{}}, stop: make(chan struct{}), asked: make(chan struct{}, 1)}
	l.fs = &patientFS{FS: fs, stop: l.stop, first: l.wait, over: l.look}
	l.mail.Most, l.mail.MostBytes = cmp.Or(o.Letters, DefaultLetters), cmp.Or(o.LetterBytes, DefaultLetterBytes)
	l.room.cap, l.room.reserve, l.room.grown = cmp.Or(o.Cap, DefaultCap), o.Reserve, make(chan struct{}, 1)
	l.look()
	if err := l.start(o.AcceptLoss); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	l.done.Go(l.syncNowAndThen)
	l.done.Go(l.watch)
	l.done.Go(l.fillFilter)
	return l, nil
}

// start opens the store and makes sure that it is the one that was here.
func (l *Ledger) start(acceptLoss bool) (err error) {
	path := l.dir + ".seal"
	was, err := readSeal(l.fs.FS, path)
	known := err == nil
	if err != nil && !errors.Is(err, errNoSeal) {
		l.log.Warn("the ledger's seal cannot be read: a loss at its end would not be seen", "seal", path, "error", err)
	}
	unusable := func(why error) error {
		return fmt.Errorf("ledger %s cannot be used: %w; restore a backup, or move the folder and %s away to begin with what ClickHouse has", l.dir, why, path)
	}
	if err := examine(l.fs.FS, l.dir, was, known); err != nil {
		return unusable(err)
	}
	tuning := tuned(l.log)
	tuning.FS, tuning.Lock = l.fs, l.lock
	l.listen(tuning)
	if l.db, err = pebble.Open(l.dir, tuning); err != nil {
		return unusable(err)
	}
	if err = l.recover(); err == nil && known {
		err = l.compare(was, acceptLoss)
	}
	if err == nil {
		err = errors.Join(l.identify(), l.openSeal(path))
	}
	if err != nil {
		return errors.Join(unusable(err), l.db.Close())
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// recover finds the last sequence number and what else is counted.
func (l *Ledger) recover() error {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: []byte{'e'}, UpperBound: []byte{'e' + 1}})
	if err != nil {
		return err
	}
	defer it.Close()
	// Trimming may have taken the last event; the floor keeps numbers growing.
	floor, counted, err := l.floor()
	if err != nil {
		return err
	}
	l.last, l.counts = floor, counted
	if it.Last() && binary.BigEndian.Uint64(it.Key()[1:]) > floor {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		l.last = binary.BigEndian.Uint64(it.Key()[1:])
		if l.counts, _, err = cutCounts(value); err != nil {
			return fmt.Errorf("visit %d: %w", l.last, err)
		}
	}
	if err := it.Error(); err != nil {
		return err
	}
	l.durable.Store(l.last)
	if err := l.recoverDead(); err != nil {
		return err
	}
	if err := errors.Join(l.recoverMail(), l.recoverAside()); err != nil {
		return err
	}
	return l.recoverRoom(floor)
}

// identify gives a new ledger its id.
func (l *Ledger) identify() error {
	id, err := l.Marked("ledger-id")
	if err != nil {
		return err
	}
	if id == nil {
		id = []byte(uuid.NewString()[:8])
		if err := l.Mark("ledger-id", id); err != nil {
			return err
		}
	}
	l.id = string(id)
	if err := l.recoverTombs(); err != nil {
		return err
	}
	return l.recoverPeriods()
}

// ID names this ledger for as long as its folder lives.
func (l *Ledger) ID() string { return l.id }

// Close syncs what is committed and closes the store.
func (l *Ledger) Close() error {
	close(l.stop)
	l.done.Wait()
	err := errors.Join(l.sync(), l.db.Close())
	l.seal.listed.Store(true)
	return errors.Join(err, l.sealUp(l.durable.Load()), l.seal.file.Close(), l.lock.Close())
}

// Sync returns once everything committed before the call is fsynced. An error
// means that nobody knows: the disk has no space, or took longer than Options.Patience.
func (l *Ledger) Sync() error {
	upTo := l.Last()
	if upTo <= l.durable.Load() {
		return nil
	}
	patience := time.NewTimer(l.patience)
	defer patience.Stop()
	for {
		changed := l.changed.wait()
		if upTo <= l.durable.Load() {
			return nil
		}
		if failed := l.failed.Load(); failed != nil {
			return *failed
		}
		if full := l.room.full.Load(); full != nil && l.fs.stuck() {
			return *full
		}
		select {
		case l.asked <- struct{}{}:
		default: // somebody has asked already
		}
		select {
		case <-changed:
		case <-patience.C:
			if upTo <= l.durable.Load() { // a busy machine told both at once
				return nil
			}
			return fmt.Errorf("ledger could not be synced within %s: its disk is slow", l.patience)
		}
	}
}

// sync makes everything committed so far durable. One at a time; those who wait
// for it share its fsync.
func (l *Ledger) sync() error {
	upTo := l.Last()
	if upTo <= l.durable.Load() {
		return nil
	}
	// An empty record behind the others: its fsync covers them.
	if err := l.db.LogData(nil, pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not be synced: %w", err)
	}
	// Before anybody hears that it is durable: a kill in between would leave a seal
	// that does not know of what was acknowledged.
	if err := l.sealUp(upTo); err != nil {
		l.log.Error("the ledger's seal cannot be written", "error", err)
	}
	l.durable.Store(upTo)
	l.changed.notify()
	return nil
}

// Last is the last sequence number that was committed.
func (l *Ledger) Last() uint64 {
	l.order.Lock()
	defer l.order.Unlock()
	return l.last
}

// Durable is the last sequence number that is fsynced.
func (l *Ledger) Durable() uint64 { return l.durable.Load() }

// Changed is closed when Durable has moved since the call.
func (l *Ledger) Changed() <-chan struct{} { return l.changed.wait() }

// syncNowAndThen syncs when somebody waits for it, and otherwise often enough.
func (l *Ledger) syncNowAndThen() {
	tick := time.NewTicker(SyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-l.asked:
		case <-tick.C:
		}
		if err := l.sync(); err != nil {
			l.log.Error("ledger sync failed", "error", err)
			l.failed.Store(&err)
			l.changed.notify()
			return
		}
	}
}

// notifier hands out a channel that the next notify closes.
type notifier struct {
	mu sync.Mutex
	ch chan struct{}
}

func (n *notifier) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}

func (n *notifier) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
}
