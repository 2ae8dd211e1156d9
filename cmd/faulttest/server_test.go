package faulttest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The keys that a server is started with, so that they outlive it.
const (
	publicKey      = "pk_faulttest"
	secretKey      = "sk_faulttest"
	identifySecret = "faulttest-identify-secret-of-some-length"
)

const campaign = `id: hello
status: live
slot: bar
variants:
  - {id: control, weight: 50}
  - {id: hi, weight: 50, action: {type: banner, title: こんにちは}}
`

// server is one omo on one data folder, over all its lives.
type server struct {
	t      *testing.T
	dir    string // holds rules/, data/ and log
	binary string
	under  []string // a program that runs it, and its arguments
	flags  []string // more of its own

	mu     sync.Mutex
	addr   string // "" while it does not listen
	cmd    *exec.Cmd
	exited chan struct{}
	starts int
}

// newServer makes the folders and starts nothing.
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), binary: binary(t)}
	if err := os.MkdirAll(filepath.Join(s.dir, "rules", "campaigns"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "rules", "campaigns", "hello.yaml"), []byte(campaign), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("the server's last words:\n%s", s.lastWords(4000))
		}
	})
	return s
}

// serve starts a server and waits until it listens.
func serve(t *testing.T, env ...string) *server {
	t.Helper()
	s := newServer(t)
	s.start(env...)
	return s
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

// command is the server's command line, run under another program if one is named.
func (s *server) command(env ...string) *exec.Cmd {
	args := append(append([]string{}, s.under...), s.binary, "serve",
		"--rules", filepath.Join(s.dir, "rules"), "--data", s.data(), "--addr", "127.0.0.1:0")
	args = append(args, s.flags...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(append(os.Environ(), "OMO_PUBLIC_KEY="+publicKey, "OMO_SECRET_KEY="+secretKey, "OMO_IDENTIFY_SECRET="+identifySecret), env...)
	return cmd
}

// launch starts the process and waits for nothing.
func (s *server) launch(env ...string) {
	s.t.Helper()
	cmd := s.command(env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	exited := make(chan struct{})
	s.mu.Lock()
	s.cmd, s.exited, s.addr = cmd, exited, ""
	s.starts++
	s.mu.Unlock()
	go func() {
		defer close(exited)
		defer log.Close()
		s.listenTo(stderr, log)
		_ = cmd.Wait() // how it ended is in cmd.ProcessState
		s.mu.Lock()
		s.addr = ""
		s.mu.Unlock()
	}()
}

// listenTo keeps what the server says and learns its address from it.
func (s *server) listenTo(stderr io.Reader, log io.Writer) {
	lines := bufio.NewReader(stderr)
	for {
		line, err := lines.ReadString('\n')
		_, _ = io.WriteString(log, line)
		if _, after, found := strings.Cut(line, "listens on http://"); found {
			addr, _, _ := strings.Cut(after, " ")
			s.mu.Lock()
			s.addr = addr
			s.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// start launches and waits until it listens.
func (s *server) start(env ...string) {
	s.t.Helper()
	s.launch(env...)
	s.awaitListening()
}

func (s *server) awaitListening() {
	s.t.Helper()
	eventually(s.t, patience, "the server listens", func() bool {
		if !s.running() {
			s.t.Fatalf("the server ended at its start: %s", s.lastWords(2000))
		}
		return s.url() != ""
	})
}

// url is where it listens, "" while it does not.
func (s *server) url() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addr == "" {
		return ""
	}
	return "http://" + s.addr
}

// process is the present one and a channel that is closed when it has ended.
func (s *server) process() (*exec.Cmd, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cmd, s.exited
}

func (s *server) running() bool {
	_, exited := s.process()
	if exited == nil {
		return false
	}
	select {
	case <-exited:
		return false
	default:
		return true
	}
}

// pid is the server's own, and not that of what runs it.
func (s *server) pid() int {
	cmd, _ := s.process()
	if len(s.under) > 0 {
		if found := children(s.t, cmd.Process.Pid); len(found) > 0 {
			return found[0]
		}
	}
	return cmd.Process.Pid
}

// kill is kill -9, and waits for the end: its ClickHouse's too, which is killed a moment
// later and would write into a folder that is being removed. A server that does not run
// is left alone.
func (s *server) kill() {
	if !s.running() {
		return
	}
	_, exited := s.process()
	pid := s.pid()
	left := children(s.t, pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
	<-exited
	for deadline := time.Now().Add(patience); slices.ContainsFunc(left, alive); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Errorf("of the children %v of a server that was killed %s ago some live", left, patience)
			return
		}
	}
}

// stop asks it to end and fails unless it does so in order.
func (s *server) stop() {
	s.t.Helper()
	cmd, exited := s.process()
	if err := syscall.Kill(s.pid(), syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-exited:
		if !cmd.ProcessState.Success() {
			s.t.Errorf("the server stopped with %s", cmd.ProcessState)
		}
	case <-time.After(patience):
		s.t.Errorf("the server did not stop within %s", patience)
		s.kill()
	}
}

// awaitKilled waits for a server that is to kill itself, by SIGKILL.
func (s *server) awaitKilled(within time.Duration, what string) {
	s.t.Helper()
	cmd, exited := s.process()
	select {
	case <-exited:
	case <-time.After(within):
		s.t.Fatalf("not within %s: %s", within, what)
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		s.t.Fatalf("%s: the server ended with %s: %s", what, cmd.ProcessState, s.lastWords(2000))
	}
}

// log is all that the server said in all its lives.
func (s *server) log() []byte {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Error(err)
	}
	return text
}

func (s *server) lastWords(n int) []byte {
	text := s.log()
	return text[max(0, len(text)-n):]
}

// sound fails the test if the server ever panicked.
func (s *server) sound() {
	s.t.Helper()
	for line := range bytes.Lines(s.log()) {
		if bytes.Contains(line, []byte("panic")) || bytes.Contains(line, []byte("fatal error:")) || bytes.Contains(line, []byte("DATA RACE")) {
			s.t.Errorf("the server says: %.500s", line)
		}
	}
}

// children are the process ids whose parent is pid.
func children(t *testing.T, pid int) []int {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,stat=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[1] == strconv.Itoa(pid) && !strings.HasPrefix(fields[2], "Z") {
			child, err := strconv.Atoi(fields[0])
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, child)
		}
	}
	return found
}

// patience is how long a test waits for what must happen: only what hangs takes so long.
const patience = 3 * time.Minute

// eventually polls until f holds.
func eventually(t *testing.T, within time.Duration, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}
