package api

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// counted keeps what a screen last counted, so that it is there at once: what is
// older than fresh is shown while it is counted anew, and a count that takes long
// is not waited for.
type counted[T any] struct {
	fresh time.Duration
	log   *slog.Logger
	old   time.Duration // nobody has looked for so long: it is not shown any more

	mu    sync.Mutex
	last  *T
	at    time.Time
	err   error         // of the last count; nil if it came out
	under chan struct{} // closed when the count under way ends; nil: none is
}

const (
	countTime = 2 * time.Minute        // bounds a count
	countWait = 150 * time.Millisecond // and the wait of a screen for one
)

// standing is of what was counted: when, and whether a newer count is under way. One
// that follows a failed count does not count as such: whoever waits for it may wait
// for ever.
type standing struct {
	at    time.Time
	newer bool
}

// get gives what was counted and still fits; nil without an error: it is being
// counted.
func (k *counted[T]) get(now func() time.Time, fits func(*T) bool, count func(context.Context) (*T, error)) (*T, standing, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	good := func() bool { return k.last != nil && now().Sub(k.at) < k.old && fits(k.last) }
	if k.under == nil && (!good() || now().Sub(k.at) >= k.fresh) {
		k.under = make(chan struct{})
		go k.renew(now(), k.under, count)
	}
	if under := k.under; under != nil && !good() {
		k.mu.Unlock()
		select {
		case <-under:
		case <-time.After(countWait):
		}
		k.mu.Lock()
	}
	if good() {
		return k.last, standing{at: k.at, newer: k.under != nil && k.err == nil}, nil
	}
	return nil, standing{}, k.err
}

func (k *counted[T]) renew(at time.Time, under chan struct{}, count func(context.Context) (*T, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), countTime)
	defer cancel()
	next, err := safely(k.log, func() (*T, error) { return count(ctx) })
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err = err; err == nil {
		k.last, k.at = next, at
	}
	k.under = nil
	close(under)
}

// safely does what no request's handler stands around, so that a panic in it would
// end the server.
func safely[T any](log *slog.Logger, do func() (T, error)) (out T, err error) {
	defer func() {
		if r := recover(); r != nil {
			log.Error("a count panicked", "error", r, "stack", string(debug.Stack()))
			err = problem("internal", "something went wrong on the server; its log says what").in("サーバーの内部で問題が起きました。ログに理由があります。")
		}
	}()
	return do()
}
