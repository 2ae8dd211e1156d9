package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// begin watches a fresh folder with one campaign in it.
func begin(t *testing.T) (dir string, changes <-chan struct{}, stop func() error) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "campaigns", "a.yaml"), "id: a")
	ctx, cancel := context.WithCancel(context.Background())
	told := make(chan struct{}, 100)
	ended := make(chan error, 1)
	go func() { ended <- Watch(ctx, dir, func() { told <- struct{}{} }) }()
	defer tell(t, told, "the beginning")
	stop = func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Minute):
			t.Fatal("the watch does not end with its context")
			return nil
		}
	}
	return dir, told, stop
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func tell(t *testing.T, changes <-chan struct{}, of string) {
	t.Helper()
	select {
	case <-changes:
	case <-time.After(20 * time.Second): // below the poll: it is the event that must tell
		t.Fatalf("not told of %s", of)
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	dir, changes, stop := begin(t)
	write(t, filepath.Join(dir, "campaigns", "a.yaml"), "id: a2")
	tell(t, changes, "a changed file")
	write(t, filepath.Join(dir, "site.yaml"), "currency: JPY")
	tell(t, changes, "a new file beside the folder of campaigns")

	// editors save by renaming a new file over the old one
	write(t, filepath.Join(dir, "campaigns", "new"), "id: a3")
	if err := os.Rename(filepath.Join(dir, "campaigns", "new"), filepath.Join(dir, "campaigns", "a.yaml")); err != nil {
		t.Fatal(err)
	}
	tell(t, changes, "a file replaced by a rename")

	if err := os.Remove(filepath.Join(dir, "site.yaml")); err != nil {
		t.Fatal(err)
	}
	tell(t, changes, "a removed file")

	// a folder that goes and comes back is listened to again
	if err := os.RemoveAll(filepath.Join(dir, "campaigns")); err != nil {
		t.Fatal(err)
	}
	tell(t, changes, "a removed folder")
	write(t, filepath.Join(dir, "campaigns", "b.yaml"), "id: b")
	tell(t, changes, "a folder that came back")
	write(t, filepath.Join(dir, "campaigns", "b.yaml"), "id: b2")
	tell(t, changes, "a file in the folder that came back")
	if err := stop(); err != nil {
		t.Errorf("ends with %v", err)
	}
}

// What changes no content is no change, and many writes at once are one.
func TestWatchTellsContent(t *testing.T) {
	t.Parallel()
	dir, changes, stop := begin(t)
	write := func(t *testing.T, path, text string) { // at once: a file that is empty for a moment is another content
		t.Helper()
		whole := filepath.Join(t.TempDir(), "whole")
		write(t, whole, text)
		if err := os.Rename(whole, path); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "campaigns", "a.yaml"), "id: a")
	write(t, filepath.Join(dir, "campaigns", ".a.yaml.swp"), "junk")
	write(t, filepath.Join(dir, "notes.txt"), "x")
	for range 20 {
		write(t, filepath.Join(dir, "campaigns", "b.yaml"), "id: b")
	}
	tell(t, changes, "a new file") // the one change, and the only one told
	write(t, filepath.Join(dir, "campaigns", "c.yaml"), "id: c")
	tell(t, changes, "a second new file")
	if err := stop(); err != nil {
		t.Errorf("ends with %v", err)
	}
	if n := len(changes); n != 0 {
		t.Errorf("told of %d changes that were none", n)
	}
}
