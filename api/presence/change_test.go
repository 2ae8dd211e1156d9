package presence

import (
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Who looks anew only where a change is told of misses nothing by that: a change
// is told once it can be seen.
func TestAChangeIsToldOnceItIsSeen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for what, change := range map[string]func(*Table){
		"comes": func(w *Table) {
			w.See("v1", &engine.Standing{Events: []ingest.Event{{Name: ingest.PageView, Time: now.UnixMilli()}}}, nil, now)
		},
		"leaves":  func(w *Table) { w.Leave("v1") },
		"is gone": func(w *Table) { w.Forget([]string{"v1"}, now) },
	} {
		w := New()
		h := w.shard("v1")
		h.mu.Lock() // so that nothing can be seen
		var changing sync.WaitGroup
		changing.Go(func() { change(w) })
		for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end) && !t.Failed(); time.Sleep(time.Millisecond) {
			if w.Changes() > 0 {
				t.Errorf("%s: told before it can be seen", what)
			}
		}
		h.mu.Unlock()
		changing.Wait()
		if n := w.Changes(); n != 1 {
			t.Errorf("%s: %d changes are told, want one", what, n)
		}
	}
}
