package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is how long a folder must rest before it is looked at: an editor
	// writes a file in several steps, and `git pull` many files.
	quiet = 100 * time.Millisecond
	// poll looks without being told, for file systems that tell nothing (network
	// mounts) and folders that are replaced as a whole.
	poll = 30 * time.Second
)

// Watch calls onChange, from this goroutine, each time the content of the .yaml
// files in dir or in its folders is another than before: content, not times, so
// that saving a file unchanged is no change. It calls it once at the beginning,
// too, when it listens: what changed between the caller's own load and that
// moment would be lost otherwise (compare Set.Hash to do nothing). It returns when ctx ends, with nil,
// or at once when the system gives no watcher. A folder that is missing or
// unreadable for a while is waited for.
func Watch(ctx context.Context, dir string, onChange func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	seen := "" // of nothing
	look := func() {
		listen(w, dir) // before reading: folders made since, or made anew
		if now := fingerprint(dir); now != seen {
			seen = now
			onChange()
		}
	}
	listen(w, dir)
	seen = fingerprint(dir)
	onChange()
	settled := time.NewTimer(time.Hour)
	settled.Stop()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			if err := w.Close(); err != nil {
				return fmt.Errorf("watch %s: %w", dir, err)
			}
			return nil
		case _, open := <-w.Events:
			if !open {
				return errors.New("watch " + dir + ": the watcher closed by itself")
			}
			settled.Reset(quiet)
		case <-w.Errors: // events were lost: look instead
			settled.Reset(quiet)
		case <-settled.C:
			look()
		case <-ticker.C:
			look()
		}
	}
}

// listen asks to be told of dir and its folders; asking twice does no harm, and
// what cannot be listened to is found by the poll.
func listen(w *fsnotify.Watcher, dir string) {
	walk(dir, func(path string, d fs.DirEntry) {
		if d.IsDir() {
			_ = w.Add(path)
		}
	})
}

// fingerprint is a hash of names and contents, "" for a folder that is not there.
func fingerprint(dir string) string {
	h := sha256.New()
	files := 0
	walk(dir, func(path string, d fs.DirEntry) {
		if d.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(h, "%q %v %d:%s", path, err, len(text), text)
		files++
	})
	if files == 0 {
		return ""
	}
	return string(h.Sum(nil))
}

// walk visits dir and what it holds two folders deep, without hidden names.
// A link to a folder is followed anew each time.
func walk(dir string, visit func(path string, d fs.DirEntry)) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // gone or locked: the next look will see
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") || strings.Count(strings.TrimPrefix(path, dir), string(filepath.Separator)) > 2 {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		visit(path, d)
		return nil
	})
}
