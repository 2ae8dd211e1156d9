package ledger

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrInUse is wrapped where another process has the folder.
var ErrInUse = errors.New("is in use by another omo")

// lockFolder makes the folder and keeps every other process out of it.
func lockFolder(dir string, fs vfs.FS) (*pebble.Lock, error) {
	var lock *pebble.Lock
	err := fs.MkdirAll(dir, 0o755)
	if err == nil {
		lock, err = pebble.LockDirectory(dir, fs)
	}
	switch {
	case err == nil:
		return lock, nil
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("ledger %s cannot be written: %w; give this user the folder, or name another with --data", dir, err)
	case errors.Is(err, syscall.ENOTDIR):
		return nil, fmt.Errorf("ledger %s is not a folder; move that file away, or name another data folder with --data", dir)
	default:
		return nil, fmt.Errorf("ledger %s %w (%w); stop that one, or name another data folder with --data", dir, ErrInUse, err)
	}
}

func tuned(log *slog.Logger) *pebble.Options {
	o := &pebble.Options{
		Logger:       pebbleLog{log},
		MemTableSize: 8 << 20, // a second of busy ingest: twice as much is no faster, and each flush keeps answers waiting longer
		// Pebble takes its memtables, two at a time, out of the cache: a third
		// stays for the blocks by which Seen knows that an id is new.
		CacheSize: 24 << 20,
	}
	// What is young is soon overwritten (profiles) or forgotten (events): it is
	// not worth compressing, and merged in fewer, larger steps.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	o.L0CompactionThreshold, o.LBaseMaxBytes = 8, 256<<20
	o.EnsureDefaults()
	// Most looks are for ids that were never seen: the filter answers them without a read.
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize = 32 << 10 // a visit is a kilobyte or two: blocks of a few would cost as much as they hold
	}
	return o
}

// pebbleLog lets Pebble speak through slog; its chatter is debug.
type pebbleLog struct{ log *slog.Logger }

func (p pebbleLog) Infof(format string, args ...any) { p.log.Debug(fmt.Sprintf(format, args...)) }
func (p pebbleLog) Errorf(format string, args ...any) {
	p.log.Error("ledger: " + fmt.Sprintf(format, args...))
}

// Fatalf is called when the log on disk can no longer be trusted (a failed
// fsync): going on would acknowledge what may be lost.
func (p pebbleLog) Fatalf(format string, args ...any) {
	p.log.Error("ledger: " + fmt.Sprintf(format, args...))
	os.Exit(1)
}

// listen hears what the store tells of its files.
func (l *Ledger) listen(o *pebble.Options) {
	o.EventListener = &pebble.EventListener{
		FlushEnd:        func(pebble.FlushInfo) { l.seal.listed.Store(true) },
		CompactionEnd:   func(pebble.CompactionInfo) { l.seal.listed.Store(true) },
		ManifestCreated: func(pebble.ManifestCreateInfo) { l.seal.listed.Store(true) },
		BackgroundError: func(err error) { l.log.Error("ledger: work in the background failed", "error", err) },
		// What is read of a damaged file is an error; what else there is goes on.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			err := fmt.Errorf("ledger %s is damaged: %s does not hold what was written (%w); stop, and restore a backup", l.dir, info.Path, info.Details)
			if l.damage.CompareAndSwap(nil, &err) {
				l.log.Error("ledger is damaged", "error", err)
			}
		},
	}
}

// Damage is what was found to be damaged since the start, nil where nothing was.
func (l *Ledger) Damage() error {
	if damage := l.damage.Load(); damage != nil {
		return *damage
	}
	return nil
}
