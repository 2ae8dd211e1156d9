package ledger

import (
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is a file system in memory that has so much space and no more. What is
// deleted does not come back: a test says what is free.
type disk struct {
	vfs.FS
	total uint64
	free  atomic.Int64
}

func newDisk(size int64) *disk {
	d := &disk{FS: vfs.NewMem(), total: uint64(size)}
	d.free.Store(size)
	return d
}

// eatUpTo leaves so many bytes.
func (d *disk) eatUpTo(left int64) { d.free.Store(left) }

func (d *disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	free := uint64(max(0, d.free.Load()))
	return vfs.DiskUsage{AvailBytes: free, TotalBytes: d.total, UsedBytes: d.total - free}, nil
}

func (d *disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	return &diskFile{f, d}, err
}

func (d *disk) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(oldname, newname, c)
	return &diskFile{f, d}, err
}

type diskFile struct {
	vfs.File
	disk *disk
}

// Write writes what there is space for, as a disk does.
func (f *diskFile) Write(b []byte) (int, error) {
	left := f.disk.free.Add(-int64(len(b)))
	if left >= 0 {
		return f.File.Write(b)
	}
	part := max(0, int64(len(b))+left)
	f.disk.free.Store(0)
	n, err := f.File.Write(b[:part])
	if err == nil {
		err = syscall.ENOSPC
	}
	return n, err
}

// eventually waits until ok, for a generous while.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come about")
		}
	}
}
