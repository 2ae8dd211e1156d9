package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// clientFiles are the clients' own folder: what to install, and scripts that use it.
const clientFiles = "testdata/clients"

// clients gives a folder of node_modules with the clients, installed once for
// the user. Without npm or node a test is skipped, and says so; where browsers
// are required, as in CI, it fails.
func clients(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			without(t, "no "+program+" on the PATH: install Node 20 or later with npm")
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	sum := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		if files[name], err = os.ReadFile(filepath.Join(clientFiles, name)); err != nil {
			t.Fatal(err)
		}
		sum.Write(files[name])
	}
	dir := filepath.Join(cacheOr(filepath.Join(cache, "omotenashi")), "clients-"+hex.EncodeToString(sum.Sum(nil)[:6]))
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(dir + ".lock")
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	if _, err := os.Stat(dir); err == nil {
		return filepath.Join(dir, "node_modules")
	}
	made, err := os.MkdirTemp(filepath.Dir(dir), "clients-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(made)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(made, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Not npm ci: it refuses a lock file whose optional parts for other systems
	// the registry of the one who wrote it did not have.
	install := exec.CommandContext(t.Context(), "npm", "install", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")
	install.Dir = made
	if out, err := install.CombinedOutput(); err != nil {
		without(t, fmt.Sprintf("npm cannot install the clients of %s: %v: %s", clientFiles, err, out))
	}
	if err := os.Rename(made, dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "node_modules")
}

func without(t *testing.T, say string) {
	t.Helper()
	if os.Getenv("OMO_REQUIRE_BROWSER") == "1" {
		t.Fatal(say)
	}
	t.Skip("NOT TESTED with real clients: " + say)
}

// runNode runs one of the scripts to its end and gives what it printed.
func runNode(t *testing.T, modules, script string, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(clientFiles, script))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, script), text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out, complaint.String())
	}
	return string(out)
}

// patiently is eventually for clients that wait longer from try to try.
func patiently(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

// pages serves the clients to a browser: a test's page, its modules, and
// whatever else the test answers.
func pages(t *testing.T, modules string, more map[string]http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/node_modules/", http.StripPrefix("/node_modules/", http.FileServer(http.Dir(modules))))
	mux.Handle("/", http.FileServer(http.Dir(clientFiles)))
	for path, h := range more {
		mux.HandleFunc(path, h)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// What becomes of one request on a bad line.
type fault int

const (
	passes fault = iota
	refuses
	losesAnswer
)

// rough is a bad line's plan: the first request is refused, the answer to the
// second is lost, and later it is neither rare.
func rough(n int) fault {
	switch {
	case n == 1 || n > 3 && n%5 == 0:
		return refuses
	case n == 2 || n > 3 && n%7 == 0:
		return losesAnswer
	default:
		return passes
	}
}

// A line is the way from a client to the server, which goes wrong as planned.
type line struct {
	*httptest.Server
	plan func(n int) fault

	mu       sync.Mutex
	tally    tally
	statuses map[int]int // of answers that arrived
}

// tally is what went over a line.
type tally struct {
	requests, refused, lost int
	taken                   int // messages in requests whose 200 was lost: they will come again
	delivered               int // messages in requests whose 200 arrived
}

func openLine(t *testing.T, a *app, plan func(int) fault) *line {
	t.Helper()
	l := &line{plan: plan, statuses: map[int]int{}}
	server := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: a.addr})
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			server.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		switch l.next() {
		case refuses:
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		case losesAnswer:
			answer := httptest.NewRecorder()
			server.ServeHTTP(answer, r)
			if answer.Code != http.StatusOK {
				t.Errorf("a request was answered %d: %s", answer.Code, answer.Body)
			}
			l.repeats(messages(t, body))
			panic(http.ErrAbortHandler)
		default:
			answer := httptest.NewRecorder()
			server.ServeHTTP(answer, r)
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.Code)
			if _, err := w.Write(answer.Body.Bytes()); err == nil {
				l.arrived(answer.Code, messages(t, body))
			}
		}
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *line) next() fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.requests++
	f := l.plan(l.tally.requests)
	switch f {
	case refuses:
		l.tally.refused++
	case losesAnswer:
		l.tally.lost++
	}
	return f
}

func (l *line) repeats(messages int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.taken += messages
}

func (l *line) arrived(status, messages int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statuses[status]++
	if status == http.StatusOK {
		l.tally.delivered += messages
	}
}

// messages is how many of Segment's messages a body holds.
func messages(t *testing.T, body []byte) int {
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(z)
		}
		if err != nil {
			t.Error(err)
		}
	}
	var whole struct{ Batch []json.RawMessage }
	if err := json.Unmarshal(body, &whole); err != nil {
		t.Errorf("%v: %s", err, body)
	}
	return max(1, len(whole.Batch))
}

// soFar is what went over it so far.
func (l *line) soFar() tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tally
}

// answered is how many answers of that status arrived.
func (l *line) answered(status int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.statuses[status]
}
