package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Progress is told how far an installation is: the stage ("wait" for another
// process that installs, "download", "verify", "unpack"), and done of total
// bytes. A total of 0 means that it is not known. It is called from one goroutine
// at a time, several times a second.
type Progress func(stage string, done, total int64)

// errNoNPM is the reason to look for a clickhouse binary instead.
var errNoNPM = errors.New("npm is not on PATH")

// Install makes sure that there is a ClickHouse to run and returns its path: the
// library in the user's cache, fetched if need be, or where that cannot be had a
// clickhouse binary on PATH. It is quick when the library is there already. The
// cache is OMO_CACHE, or omotenashi in [os.UserCacheDir]. Parallel callers, in
// this process or others, wait for the first one.
func Install(ctx context.Context, progress Progress) (path string, err error) {
	path, _, err = locate(ctx, progress)
	return path, err
}

// locate is Install, and says whether the path is that of a library.
func locate(ctx context.Context, progress Progress) (path string, library bool, err error) {
	in, err := newInstaller(progress)
	if err == nil {
		path, err = in.install(ctx)
		if err == nil {
			return path, true, nil
		}
		if !errors.Is(err, errNoNPM) {
			return "", false, err // a broken download is to be mended, not hidden
		}
	}
	binary, lookErr := exec.LookPath("clickhouse")
	if lookErr != nil {
		return "", false, err
	}
	if versionErr := checkVersion(ctx, binary); versionErr != nil {
		return "", false, errors.Join(err, versionErr)
	}
	return binary, false, nil
}

// installer gets one package into one cache folder.
type installer struct {
	cache    string // folder of the cache
	pkg      libraryPackage
	npm      func() (string, error) // finds the npm client
	progress Progress
}

func newInstaller(progress Progress) (*installer, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	pkg, err := thisPackage()
	if err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	return &installer{cache: cache, pkg: pkg, npm: func() (string, error) { return exec.LookPath("npm") }, progress: progress}, nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv("OMO_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to keep the ClickHouse library in: %w; name one in OMO_CACHE", err)
	}
	return filepath.Join(dir, "omotenashi"), nil
}

// home is the folder that the finished library lies in.
func (in *installer) home() string {
	name := in.pkg.name[strings.LastIndex(in.pkg.name, "/")+1:]
	return filepath.Join(in.cache, "chdb", name+"-"+in.pkg.version)
}

// installed returns the library's path, or "" if it is missing or not whole.
func (in *installer) installed() string {
	path := filepath.Join(in.home(), libraryFile)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || in.pkg.unpacked > 0 && info.Size() != in.pkg.unpacked {
		return ""
	}
	return path
}

func (in *installer) install(ctx context.Context) (string, error) {
	if path := in.installed(); path != "" {
		return path, nil
	}
	sum, err := in.pkg.sum()
	if err != nil {
		return "", err
	}
	folder := filepath.Dir(in.home())
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("the cache folder cannot be made: %w; name another one in OMO_CACHE", err)
	}
	unlock, err := in.lock(ctx, filepath.Join(folder, "install.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if path := in.installed(); path != "" { // another process was first
		return path, nil
	}
	if err := removeLeftovers(folder); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(folder, leftover)
	if err != nil {
		return "", fmt.Errorf("install ClickHouse: %w", err)
	}
	defer os.RemoveAll(temp)

	tarball, err := in.download(ctx, temp)
	if err != nil {
		return "", err
	}
	if err := verify(ctx, tarball, sum, in.progress); err != nil {
		return "", fmt.Errorf("install ClickHouse: %s: %w; nothing was installed, try again", in.pkg.spec(), err)
	}
	ready := filepath.Join(temp, "ready")
	if err := unpack(ctx, tarball, ready, in.pkg.unpacked, in.progress); err != nil {
		return "", fmt.Errorf("install ClickHouse: unpack %s: %w", in.pkg.spec(), err)
	}
	// A folder that is not whole has to make way; it holds nothing but a broken library.
	if err := os.RemoveAll(in.home()); err != nil {
		return "", fmt.Errorf("install ClickHouse: %w", err)
	}
	if err := os.Rename(ready, in.home()); err != nil {
		return "", fmt.Errorf("install ClickHouse: %w", err)
	}
	if path := in.installed(); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("install ClickHouse: %s does not hold the library that was expected", in.pkg.spec())
}

// leftover begins the name of each temporary folder of an installation.
const leftover = "installing-"

// removeLeftovers clears what a killed installation left. The caller holds the lock.
func removeLeftovers(folder string) error {
	old, err := filepath.Glob(filepath.Join(folder, leftover+"*"))
	for _, dir := range old {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return fmt.Errorf("install ClickHouse: clear an interrupted installation: %w", err)
	}
	return nil
}

// lock keeps others from installing at the same time.
func (in *installer) lock(ctx context.Context, path string) (unlock func(), err error) {
	l := flock.New(path)
	for {
		got, err := l.TryLock()
		switch {
		case err != nil:
			return nil, fmt.Errorf("install ClickHouse: lock the cache: %w", err)
		case got:
			return func() { _ = l.Unlock() }, nil
		}
		in.progress("wait", 0, 0)
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("install ClickHouse: another process is installing it (it holds %s): %w", path, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// download fetches the tarball with the npm client, which knows the user's
// registry, proxy and certificates.
func (in *installer) download(ctx context.Context, temp string) (tarball string, err error) {
	npm, err := in.npm()
	if err != nil {
		return "", fmt.Errorf("install ClickHouse: %w: install Node.js with npm, put a clickhouse binary on PATH, or use --clickhouse DSN", errNoNPM)
	}
	// A cache of its own keeps 178 MB out of the user's, and its growth is the
	// only progress that npm lets one see.
	cache := filepath.Join(temp, "npm")
	cmd := exec.CommandContext(ctx, npm, "pack", in.pkg.spec(), "--pack-destination", temp, "--cache", cache,
		"--loglevel", "error", "--ignore-scripts", "--no-update-notifier")
	cmd.Dir = temp
	cmd.WaitDelay = 2 * time.Second
	var said tail
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("install ClickHouse: start npm: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for running := true; running; {
		in.progress("download", min(folderSize(cache), in.pkg.packed), in.pkg.packed)
		select {
		case err = <-done:
			running = false
		case <-tick.C:
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", fmt.Errorf("install ClickHouse: npm pack %s: %w: %s; check the network and npm's registry setting, or use --clickhouse DSN",
			in.pkg.spec(), err, said.String())
	}
	found, err := filepath.Glob(filepath.Join(temp, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("install ClickHouse: npm pack %s left %d tarballs, not one: %s", in.pkg.spec(), len(found), said.String())
	}
	in.progress("download", in.pkg.packed, in.pkg.packed)
	return found[0], nil
}

// folderSize adds up the files under a folder that is being written.
func folderSize(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // npm renames as it goes; what is gone counts elsewhere
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
