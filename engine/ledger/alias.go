package ledger

import "github.com/cockroachdb/pebble/v2"

// Alias says that a visitor has no profile of its own any more: it shares the
// one that is kept under Home.
type Alias struct{ Visitor, Home string }

// write lets the visitor's own profile go in the same batch.
func (a Alias) write(batch *pebble.Batch) error {
	if a.Visitor == "" {
		return nil
	}
	if err := batch.Delete(profileKey(a.Visitor), nil); err != nil {
		return err
	}
	return batch.Set(aliasKey(a.Visitor), []byte(a.Home), nil)
}

// Home gives the visitor whose profile this one shares, "" where it shares none.
func (l *Ledger) Home(visitor string) (string, error) {
	home, err := l.get(aliasKey(visitor))
	return string(home), err
}

func aliasKey(visitor string) []byte { return append([]byte{'a'}, visitor...) }
