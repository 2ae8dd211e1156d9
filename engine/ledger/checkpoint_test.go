package ledger

import (
	"path/filepath"
	"strings"
	"testing"
)

// A copy has what was committed before it and nothing of what came after, and
// is a ledger of the same id that can be opened beside the first.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := opened(t, filepath.Join(dir, "ledger"))
	commit(t, l, visit(t, "v", "a", "b"))
	if err := l.Mark("position", []byte("one")); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy")
	if err := l.Checkpoint(copied); err != nil {
		t.Fatal(err)
	}
	commit(t, l, visit(t, "v", "c"))
	second := opened(t, copied)
	if got := read(t, second, 0, second.Last(), 9); got != "1.0 a, 1.1 b" || second.Last() != 1 || second.ID() != l.ID() {
		t.Errorf("the copy has %s, last %d, id %s", got, second.Last(), second.ID())
	}
	if mark, err := second.Marked("position"); string(mark) != "one" || err != nil {
		t.Errorf("the copy's mark is %q, %v", mark, err)
	}
	commit(t, second, visit(t, "v", "d"))
	if got := read(t, l, 0, l.Last(), 9); got != "1.0 a, 1.1 b, 2.0 c" {
		t.Errorf("the first ledger has %s after the copy went its own way", got)
	}
	if err := l.Checkpoint(copied); err == nil || !strings.Contains(err.Error(), "cannot be copied") {
		t.Errorf("over an existing folder: %v", err)
	}
	closed(t, second)
	closed(t, l)
}
