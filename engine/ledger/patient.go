package ledger

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// patientFS lets writes wait for space where the disk has none left. The store
// cannot bear that word: a log it could not write, it ends the process for. The
// reserve keeps it from coming so far, unless something else eats the disk.
// Then no event is taken until what waits could be written. Only a merge is told
// in the end: what it has written goes away with it, and it is begun again. An
// fsync that fails is told as it is: what it was to cover may be lost.
//
// It is patient with visitors too: flushes and merges, which work for a tenth of
// a second at a time, let whoever waits for a processor go first after each
// block. What they leave undone the store itself bounds, by making writes wait.
type patientFS struct {
	vfs.FS
	waiting atomic.Int32
	stop    <-chan struct{} // closed: the ledger gives up waiting
	first   func(error)     // called when something begins to wait
	over    func()          // called when nothing waits any more
}

const (
	tryAgain = 100 * time.Millisecond // how often a write that waits is tried
	merging  = vfs.DiskWriteCategory("pebble-compaction")
	flushing = vfs.DiskWriteCategory("pebble-memtable-flush")
	forMerge = 10 // tries
)

func (p *patientFS) stuck() bool { return p.waiting.Load() > 0 }

// until does what may find no space, so many times at most (0: always), or
// until the ledger stops.
func (p *patientFS) until(do func() error, times int) error {
	err := do()
	if !noSpace(err) {
		return err
	}
	if p.waiting.Add(1) == 1 {
		p.first(err)
	}
	defer func() {
		if p.waiting.Add(-1) == 0 {
			p.over()
		}
	}()
	for n := 1; noSpace(err) && n != times; n++ {
		select {
		case <-p.stop:
			return err
		case <-time.After(tryAgain):
			err = do()
		}
	}
	return err
}

func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func (p *patientFS) file(c vfs.DiskWriteCategory, open func() (vfs.File, error)) (out vfs.File, err error) {
	times := 0
	if c == merging {
		times = forMerge
	}
	err = p.until(func() error { out, err = open(); return err }, times)
	if err != nil {
		return nil, err
	}
	return &patientFile{out, p, times, c == merging || c == flushing}, nil
}

// Create, ReuseForWrite, OpenReadWrite, Link, Rename and MkdirAll are those of
// vfs.FS, and wait.
func (p *patientFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return p.file(c, func() (vfs.File, error) { return p.FS.Create(name, c) })
}

func (p *patientFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return p.file(c, func() (vfs.File, error) { return p.FS.ReuseForWrite(oldname, newname, c) })
}

func (p *patientFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return p.file(c, func() (vfs.File, error) { return p.FS.OpenReadWrite(name, c, opts...) })
}

func (p *patientFS) Link(oldname, newname string) error {
	return p.until(func() error { return p.FS.Link(oldname, newname) }, 0)
}

func (p *patientFS) Rename(oldname, newname string) error {
	return p.until(func() error { return p.FS.Rename(oldname, newname) }, 0)
}

func (p *patientFS) MkdirAll(dir string, perm os.FileMode) error {
	return p.until(func() error { return p.FS.MkdirAll(dir, perm) }, 0)
}

// Unwrap gives the file system beneath; see vfs.Root.
func (p *patientFS) Unwrap() vfs.FS { return p.FS }

type patientFile struct {
	vfs.File
	fs    *patientFS
	times int
	gives bool // way to others, after each write
}

// Write writes all of b, the rest of it where the disk took only a part.
func (f *patientFile) Write(b []byte) (n int, err error) {
	err = f.fs.until(func() error {
		more, err := f.File.Write(b[n:])
		n += more
		return err
	}, f.times)
	if f.gives {
		runtime.Gosched()
	}
	return n, err
}

// WriteAt is Write at a place.
func (f *patientFile) WriteAt(b []byte, at int64) (n int, err error) {
	err = f.fs.until(func() error {
		more, err := f.File.WriteAt(b[n:], at+int64(n))
		n += more
		return err
	}, f.times)
	return n, err
}

// wait is what the ledger does when its disk has no space left at all.
func (l *Ledger) wait(cause error) {
	err := fmt.Errorf("%w: the disk of %s has no space left (%w); make room there", ErrFull, l.dir, cause)
	l.room.full.Store(&err)
	l.log.Error("the ledger waits for space on its disk", "error", err)
	l.changed.notify() // those who wait for an fsync need not
}
