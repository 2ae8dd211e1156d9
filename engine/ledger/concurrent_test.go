package ledger

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// Many commit at once; a reader that follows Durable meets every visit once,
// in order, and never one that is not durable.
func TestReaderFollowsManyWriters(t *testing.T) {
	t.Parallel()
	const writers, each = 32, 40
	l := fresh(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			visitor := fmt.Sprint("v", w)
			for i := range each {
				seq, err := l.Commit(visit(t, visitor, fmt.Sprint("n", i), "more"))
				if err == nil && i%8 == 0 {
					err = l.Sync()
					if l.Durable() < seq {
						t.Errorf("synced, and visit %d is not durable (%d)", seq, l.Durable())
					}
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	next := map[string]int{} // visitor → its next visit
	position := uint64(0)
	for position < writers*each {
		changed, durable := l.Changed(), l.Durable()
		records, err := l.Read(ctx, position, durable, 64)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				t.Fatalf("stuck after visit %d", position)
			}
		}
		for i, r := range records {
			e := r.Event
			if i%2 == 1 {
				if e.Seq != position || e.Idx != 1 || e.Name != "more" {
					t.Fatalf("event %d.%d %s inside visit %d", e.Seq, e.Idx, e.Name, position)
				}
				continue
			}
			if position++; e.Seq != position || e.Idx != 0 || e.Seq > durable {
				t.Fatalf("event %d.%d after visit %d, durable up to %d", e.Seq, e.Idx, position-1, durable)
			}
			if want := fmt.Sprint("n", next[e.Visitor]); e.Name != want {
				t.Fatalf("%s did %s, want %s", e.Visitor, e.Name, want)
			}
			next[e.Visitor]++
		}
	}
	writing.Wait()
	for visitor, n := range next {
		if n != each {
			t.Errorf("%s has %d visits, want %d", visitor, n, each)
		}
	}
}
