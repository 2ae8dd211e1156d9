package ledger

import (
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// sealing is a file system that holds up each write of the seal while it is told to.
type sealing struct {
	vfs.FS
	held          atomic.Bool
	writes, letGo chan struct{}
}

func (s *sealing) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := s.FS.OpenReadWrite(name, c, opts...)
	if kindOf(name) != "seal" {
		return f, err
	}
	return &sealFile{f, s}, err
}

type sealFile struct {
	vfs.File
	of *sealing
}

func (f *sealFile) WriteAt(b []byte, at int64) (int, error) {
	if f.of.held.Load() {
		f.of.writes <- struct{}{}
		<-f.of.letGo
	}
	return f.File.WriteAt(b, at)
}

// Who hears that a visit is durable can rely on the seal: a ledger that is killed at
// that very moment and has lost the visit is refused.
func TestTheSealKnowsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	fs := &sealing{FS: vfs.NewMem(), writes: make(chan struct{}), letGo: make(chan struct{})}
	l := openedOn(t, fs)
	defer closed(t, l)
	fs.held.Store(true)
	seq := commit(t, l, visit(t, "v", "a"))
	<-fs.writes
	if was, err := readSeal(fs, "ledger.seal"); err != nil || was.Seq >= seq {
		t.Errorf("before it is written it says %+v, %v", was, err)
	}
	if l.Durable() >= seq {
		t.Errorf("visit %d is said to be durable, and the seal does not know", seq)
	}
	fs.held.Store(false)
	close(fs.letGo)
	if err := l.Sync(); err != nil || l.Durable() != seq {
		t.Errorf("durable is %d, %v", l.Durable(), err)
	}
	if was, err := readSeal(fs, "ledger.seal"); err != nil || was.Seq != seq {
		t.Errorf("then it says %+v, %v", was, err)
	}
}
