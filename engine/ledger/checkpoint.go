package ledger

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Checkpoint makes a ledger of its own in dir, which must not exist, with all
// that was committed before the call. Commits go on meanwhile. Files that never
// change again are linked rather than copied where dir is on the same disk.
func (l *Ledger) Checkpoint(dir string) error {
	if err := errors.Join(l.Sync(), l.db.Checkpoint(dir, pebble.WithFlushedWAL())); err != nil {
		return fmt.Errorf("ledger cannot be copied to %s: %w", dir, err)
	}
	return nil
}
