package faulttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// causes counts why requests had no 200.
type causes struct {
	mu sync.Mutex
	of map[string]int
}

func (c *causes) add(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[why]++
}

// String is " (12 connection refused, 3 503 unavailable)", and nothing where
// there is none.
func (c *causes) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(c.of)) {
		parts = append(parts, fmt.Sprintf("%d %s", c.of[why], why))
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// count is how often it was for one of them.
func (c *causes) count(why string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[why]
}

// givenUp is the cause where the load itself did not wait for an answer.
const givenUp = "not waited for any longer"

// errNotRunning is why nothing was sent.
var errNotRunning = errors.New("the server does not run")

// cause is why a request had no 200: the server's word, or how the connection
// failed.
func cause(status int, answer []byte, err error) string {
	var broken *url.Error
	switch {
	case err == nil:
		var said struct{ Error struct{ Code string } }
		_ = json.Unmarshal(answer, &said) // a foreign answer has no code
		return strings.TrimSpace(fmt.Sprint(status, " ", said.Error.Code))
	case errors.Is(err, errNotRunning):
		return "not running"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return givenUp
	case errors.As(err, &broken):
		return broken.Err.Error()
	}
	return err.Error()
}

func TestCauses(t *testing.T) {
	t.Parallel()
	var r causes
	if got := r.String(); got != "" {
		t.Errorf("of none: %q", got)
	}
	wrapped := func(err error) error { return &url.Error{Op: "Post", URL: "http://a", Err: err} }
	for _, c := range []struct {
		status int
		answer string
		err    error
	}{
		{503, `{"error": {"code": "unavailable", "message": "m"}}`, nil}, {503, `{"error": {"code": "unavailable"}}`, nil},
		{502, "<html>", nil}, {0, "", wrapped(fmt.Errorf("write: %w", syscall.ECONNRESET))}, {0, "", wrapped(io.EOF)},
		{0, "", wrapped(context.DeadlineExceeded)}, {0, "", wrapped(errors.New("odd"))}, {0, "", fmt.Errorf("/v1/events: %w", errNotRunning)},
	} {
		r.add(cause(c.status, []byte(c.answer), c.err))
	}
	const want = " (1 502, 2 503 unavailable, 1 connection closed, 1 connection reset, 1 not running, 1 not waited for any longer, 1 odd)"
	if got := r.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
