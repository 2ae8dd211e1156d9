package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// smallDisk names the folder of the test's own small disk to its child.
const smallDisk = "OMO_TEST_SMALL_DISK"

// Fault test 7: the disk fills up. Events are refused within two seconds, with
// 503, and none is answered 200 and dropped; decisions go on, even when nothing
// at all is left; and within 15 s of there being space events are taken again.
func TestFaultDiskFull(t *testing.T) {
	if dir := os.Getenv(smallDisk); dir != "" {
		fillDisk(t, dir)
		return
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	child := exec.Command(self, "-test.run=^TestFaultDiskFull$", "-test.v", "-test.timeout=20m")
	child.Env = append(os.Environ(), smallDisk+"="+dir, "TMPDIR="+dir)
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	// A mount of its own needs a mount namespace, and that needs root: the
	// machine's, or that of a user namespace.
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := child.Run(); err != nil {
		t.Fatalf("on a disk of its own (which needs root, or user namespaces): %v\n%s", err, out.String())
	}
	for line := range strings.Lines(out.String()) {
		if _, figures, found := strings.Cut(line, "fault 7"); found {
			t.Log("fault 7" + strings.TrimSuffix(figures, "\n"))
		}
	}
}

const (
	diskSize    = 256 << 20
	diskReserve = 48 << 20
	spareSize   = 40 << 20 // what is deleted when space is to come back
)

func fillDisk(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize)); err != nil {
		t.Fatalf("no small disk could be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	spare, rest := filepath.Join(dir, "spare"), filepath.Join(dir, "rest")
	if err := os.WriteFile(spare, make([]byte, spareSize), 0o600); err != nil {
		t.Fatal(err)
	}
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), ClickHouse: "clickhouse://127.0.0.1:1/away", Reserve: diskReserve})
	o := newFiller(t, c)
	stop := make(chan struct{})
	var load sync.WaitGroup
	halt := sync.OnceFunc(func() { close(stop); load.Wait() })
	defer halt()
	for w := range 4 {
		load.Go(func() { o.fill(fmt.Sprint("v", w), stop) })
	}

	load.Go(func() {
		o.watch(func() bool {
			var disk syscall.Statfs_t
			return syscall.Statfs(dir, &disk) == nil && int64(disk.Bavail)*disk.Bsize < diskReserve
		}, stop)
	})
	// The store deletes logs that it has done with, so room comes and goes for a
	// while. Then nothing is taken for a second of load.
	eventually(t, "events are refused", func() bool {
		return o.refused.Load() > 100 && time.Since(time.Unix(0, o.taken.Load())) > time.Second
	})
	left := free(t, dir)
	if left < diskReserve/2 {
		t.Errorf("%d MiB of %d are left although events are refused", left>>20, diskReserve>>20)
	}
	o.decides("while the reserve stands")
	if text := readyText(t, c); !strings.Contains(text, "--disk-reserve") || !strings.Contains(text, `"ready":true`) {
		t.Errorf("readiness says %s", text)
	}

	eventually(t, "nothing is left", func() bool { // the store may delete a log behind what has eaten
		eat(t, rest)
		return free(t, dir) == 0
	})
	o.decides("while nothing is left")
	if status := o.post("late"); status != http.StatusServiceUnavailable {
		t.Errorf("events are answered %d", status)
	}
	late := time.Duration(o.late.Load())
	if late > 30*time.Second {
		t.Errorf("events were still taken %s after the reserve was touched", late)
	}
	if err := errors.Join(os.Remove(rest), os.Remove(spare)); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	eventually(t, "events are taken again", func() bool { return o.post("again") == http.StatusOK })
	back := time.Since(freed)
	if back > 50*time.Second {
		t.Errorf("events were taken again only %s after there was space", back)
	}
	halt()
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	kept := eventIDs(t, ledgerFolder(t, dir))
	lost, twice, unexpected := 0, 0, 0
	for id := range o.acked {
		if kept[id] == 0 {
			lost++
		}
	}
	for id, n := range kept {
		if n > 1 {
			twice++
		}
		if !o.sent[id] {
			unexpected++
		}
	}
	t.Logf("fault 7 disk full: sent %d, acked %d, refused %d, lost %d, duplicates %d, unexpected %d, last taken %s after the reserve was touched, taken again after %s",
		len(o.sent), len(o.acked), o.refused.Load(), lost, twice, unexpected, late.Round(time.Millisecond), back.Round(time.Millisecond))
	if lost+twice+unexpected > 0 || len(o.acked) < 10_000 {
		t.Error("that is not as promised")
	}
}

func free(t *testing.T, dir string) int64 {
	t.Helper()
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		t.Fatal(err)
	}
	return int64(disk.Bavail) * disk.Bsize
}

// eat writes on at a file until the disk takes no more.
func eat(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for part := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(part)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// ledgerFolder finds the one ledger on the disk.
func ledgerFolder(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*", "ledger"))
	if err != nil || len(found) != 1 {
		t.Fatalf("ledgers %v, %v", found, err)
	}
	return found[0]
}
