package clickhouse

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	native "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/omotenashi-web/omotenashi/ingest/crash/crashtest"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	type exit struct {
		at    time.Duration
		pause time.Duration
		open  bool
	}
	for name, exits := range map[string][]exit{
		"five within two minutes open it, then the count is clean": {
			{0, 100 * time.Millisecond, false}, {time.Second, 200 * time.Millisecond, false},
			{2 * time.Second, 400 * time.Millisecond, false}, {3 * time.Second, 800 * time.Millisecond, false},
			{119 * time.Second, time.Minute, true}, {180 * time.Second, 100 * time.Millisecond, false},
		},
		"an exit two minutes ago is forgotten": {
			{0, 100 * time.Millisecond, false}, {60 * time.Second, 200 * time.Millisecond, false},
			{90 * time.Second, 400 * time.Millisecond, false}, {100 * time.Second, 800 * time.Millisecond, false},
			{120 * time.Second, 800 * time.Millisecond, false}, {121 * time.Second, time.Minute, true},
		},
		"one an hour is always forgiven": {
			{0, 100 * time.Millisecond, false}, {time.Hour, 100 * time.Millisecond, false}, {2 * time.Hour, 100 * time.Millisecond, false},
		},
	} {
		b := breaker{limit: 5, window: 2 * time.Minute, rest: time.Minute}
		start := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		for i, want := range exits {
			if pause, open := b.exit(start.Add(want.at)); pause != want.pause || open != want.open {
				t.Errorf("%s: exit %d at %s: pause %s, open %v; want %s, %v", name, i, want.at, pause, open, want.pause, want.open)
			}
		}
	}
}

// shell is an engine that a line of shell stands in for.
func shell(line string) *engine {
	return &engine{program: "/bin/sh", args: []string{"-c", line, "sh"}}
}

func TestChildThatExitsAtOnceOpensTheBreaker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs := filepath.Join(t.TempDir(), "runs")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := Open(Options{Dir: dir, engine: shell("echo run >> " + runs + "; echo no space left on the moon >&2; exit 7")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.WriteFile(filepath.Join(dir, "data", "precious"), []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = s.Wait(ctx)
	if err == nil {
		t.Fatal("a child that exits at once is ready")
	}
	for _, want := range []string{"the embedded ClickHouse is broken: ", "exit status 7", "no space left on the moon"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	if st := s.State(); st.Phase != Broken || st.Starts != 5 || st.PID != 0 {
		t.Errorf("state %+v, want broken after 5 starts, without a child", st)
	}
	if out, err := os.ReadFile(runs); err != nil || strings.Count(string(out), "run\n") != 5 {
		t.Errorf("the child ran %d times, %v; want 5", strings.Count(string(out), "run\n"), err)
	}
	if out, err := os.ReadFile(filepath.Join(dir, "data", "precious")); err != nil || string(out) != "rows" {
		t.Errorf("data were touched: %q, %v", out, err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log", "clickhouse.log"))
	if err != nil || strings.Count(string(log), "no space left on the moon") != 5 {
		t.Errorf("the log file: %q, %v", log, err)
	}
}

func TestBrokenServerTriesAgainAfterItsRest(t *testing.T) {
	t.Parallel()
	startTest(t, Options{Dir: t.TempDir()}) // so that the library is there
	library, err := Install(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := libraryEngine(library)
	if err != nil {
		t.Fatal(err)
	}
	well := filepath.Join(t.TempDir(), "well")
	patient := *shell("test -e " + well + " || exit 1; exec " + e.program + ` "$@"`)
	patient.env = e.env
	s, err := Open(Options{Dir: t.TempDir(), engine: &patient,
		breaker: &breaker{limit: 2, window: time.Minute, rest: 300 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	eventually(t, patience, "the breaker is open", func() bool { return s.State().Phase == Broken })
	if err := os.WriteFile(well, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "the server is ready", func() bool { return s.Ready() == nil })
}

// awaitProbe waits until the server's own connection has been answered: a child
// that is frozen in the middle of its handshake ends over that.
func awaitProbe(t *testing.T, s *Server) {
	t.Helper()
	c := connectTest(t, s.DSN())
	queries := func() (n uint64) {
		if err := c.QueryRow(t.Context(), "SELECT sum(value) FROM system.events WHERE event = 'Query'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	first, own := queries(), uint64(0)
	eventually(t, patience, "the server asks whether its child answers", func() bool {
		own++
		return queries()-first > own
	})
}

func TestChildThatNoLongerAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stuckAfter time.Duration
		wakes      bool
	}{
		"is waited for, and recovers":     {time.Minute, true},
		"is killed and started once more": {15 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startTest(t, Options{Dir: t.TempDir(), probeEvery: 3 * time.Second, stuckAfter: c.stuckAfter})
			awaitProbe(t, s)
			before := s.State()
			pid := before.PID
			crashtest.Freeze(t, pid)
			eventually(t, patience, "the server says that its child is stuck", func() bool {
				err := s.Ready()
				return err != nil && strings.HasPrefix(err.Error(), "the embedded ClickHouse is stuck: ") || s.State().Starts > before.Starts // it was, for a while
			})
			if c.wakes {
				if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, patience, "the server is ready", func() bool { return s.Ready() == nil })
			if same := s.State().PID == pid; same != c.wakes {
				t.Errorf("the same child as before: %v, want %v", same, c.wakes)
			}
		})
	}
}

// The driver gives up a handshake that ClickHouse does not answer in two seconds,
// and closes the connection when an answer may have come. ClickHouse ends over
// that, and is started again.
func TestChildWhoseHandshakeWasGivenUp(t *testing.T) {
	t.Parallel()
	s := startTest(t, Options{Dir: t.TempDir(), probeEvery: time.Minute})
	before := s.State()
	crashtest.Freeze(t, before.PID)
	options, err := native.ParseDSN(s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	var dialled net.Conn
	options.DialTimeout = 500 * time.Millisecond
	options.DialContext = func(ctx context.Context, addr string) (conn net.Conn, err error) {
		dialled, err = (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		return dialled, err
	}
	c, err := native.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "handshake") {
		t.Errorf("a stopped ClickHouse: %v, want a handshake that takes too long", err)
	}
	if err := syscall.Kill(before.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := dialled.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := dialled.Read(make([]byte, 1)); err != nil { // and leaves the rest of the answer unread
		t.Fatal(err)
	}
	if err := dialled.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, patience, "ClickHouse has ended and is started again", func() bool {
		return s.State().Starts > before.Starts && s.Ready() == nil
	})
	if err := connectTest(t, s.DSN()).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// late is a connection whose client is kept from reading for a while, as by a busy
// machine: the answer is there, and longer than the handshake once had.
type late struct {
	net.Conn
	once sync.Once
}

func (l *late) Read(b []byte) (int, error) {
	l.once.Do(func() { time.Sleep(3 * time.Second) })
	return l.Conn.Read(b)
}

// The server's own questions end no child, however late it reads their answers.
func TestAnAnswerThatIsReadLateEndsNoChild(t *testing.T) {
	t.Parallel()
	s := startTest(t, Options{Dir: t.TempDir(), dial: func(ctx context.Context, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		return &late{Conn: conn}, err
	}})
	if st := s.State(); st.Starts != 1 {
		t.Errorf("it is ready after %d starts: %+v", st.Starts, st)
	}
}

func TestLibraryThatCannotBeLoaded(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), libraryFile)
	if err := os.WriteFile(broken, []byte("not a library"), 0o755); err != nil {
		t.Fatal(err)
	}
	e, err := libraryEngine(broken)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = Start(ctx, Options{Dir: t.TempDir(), engine: &e})
	if err == nil || !strings.Contains(err.Error(), "the ClickHouse library cannot be loaded") {
		t.Errorf("Start: %v, want it to say that the library cannot be loaded", err)
	}
}

func TestOpenReturnsBeforeTheChildAnswers(t *testing.T) {
	t.Parallel()
	s, err := Open(Options{Dir: t.TempDir(), engine: shell("cat >/dev/null")}) // lives, listens to nobody
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := s.Wait(ctx); err == nil || err.Error() != "the embedded ClickHouse is starting: context deadline exceeded" {
		t.Errorf("Wait: %v", err)
	}
	pid := s.State().PID
	if err := s.Close(); err != nil || alive(pid) {
		t.Errorf("Close: %v, child alive: %v", err, alive(pid))
	}
}

// What the parent holds of secrets does not reach the child.
func TestChildDoesNotInheritSecrets(t *testing.T) {
	t.Setenv("OMO_SECRET_KEY", "sk_secret")
	s := startTest(t, Options{Dir: t.TempDir()})
	env, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.State().PID), "environ"))
	if err != nil || strings.Contains(string(env), "sk_secret") || !strings.Contains(string(env), libraryEnv) {
		t.Errorf("environment of the child: %q, %v", env, err)
	}
	group, err := syscall.Getpgid(s.State().PID)
	if err != nil || group != s.State().PID {
		t.Errorf("process group %d, %v; want one of its own", group, err)
	}
}
