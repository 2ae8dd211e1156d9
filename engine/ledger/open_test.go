package ledger

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder that cannot be used is refused with the reason and a way out.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	used := filepath.Join(root, "used")
	defer closed(t, opened(t, used))
	for _, c := range []struct{ dir, want string }{
		{filepath.Join(root, "none", "ledger"), "data folder ROOT/none does not exist: create it, or name another with --data"},
		{filepath.Join(file, "ledger"), "data folder ROOT/file does not exist: create it, or name another with --data"},
		{file, "ledger ROOT/file is not a folder; move that file away, or name another data folder with --data"},
		{used, "ledger ROOT/used is in use by another omo (lock held by current process); stop that one, or name another data folder with --data"},
	} {
		_, err := Open(c.dir, Options{Log: quiet, Patience: patience})
		if err == nil {
			t.Errorf("%s was opened", c.dir)
		} else if got := strings.ReplaceAll(err.Error(), root, "ROOT"); got != c.want {
			t.Errorf("error\n%s\nwant\n%s", got, c.want)
		}
	}
}
