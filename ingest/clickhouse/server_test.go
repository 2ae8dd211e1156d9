package clickhouse

import (
	"bufio"
	"context"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/crash/crashtest"
)

func TestKilledChildComesBackWithItsRows(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := startTest(t, Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	dsn, first := s.DSN(), s.State()
	c := connectTest(t, dsn)
	execTest(t, c, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	execTest(t, c, "INSERT INTO t SELECT number FROM numbers(100000)")

	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	var says error
	eventually(t, patience, "the server knows that its child is gone", func() bool {
		says = s.Ready()
		return says != nil || s.State().Starts > first.Starts
	})
	knew := time.Since(killed)
	if says != nil && !strings.Contains(says.Error(), "the embedded ClickHouse is ") {
		t.Errorf("Ready says %q", says)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("known to be down after %s, ready again after %s", knew, time.Since(killed))

	var n, sum uint64
	if err := connectTest(t, s.DSN()).QueryRow(ctx, "SELECT count(), sum(n) FROM t").Scan(&n, &sum); err != nil {
		t.Fatal(err)
	}
	if n != 100_000 || sum != 4_999_950_000 {
		t.Errorf("%d rows with sum %d after the restart, want 100000 and 4999950000", n, sum)
	}
	if s.DSN() != dsn {
		t.Errorf("the DSN changed from %s to %s", dsn, s.DSN())
	}
	if st := s.State(); st.Starts != 2 || st.PID == first.PID {
		t.Errorf("after the restart: %+v, want a second start with another process", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"clickhouse is ready", "clickhouse is down", "signal: killed"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &log)
		}
	}
}

func TestNextStartFindsTheRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startTest(t, Options{Dir: dir, leaveGrace: patience})
	c := connectTest(t, s.DSN())
	execTest(t, c, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s")
	execTest(t, c, "INSERT INTO t VALUES ('春'), ('夏')")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	pid, began := s.State().PID, time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took >= patience || alive(pid) {
		t.Errorf("closing took %s, and the child is alive: %v; want it to leave by itself", took, alive(pid))
	}
	if err := s.Ready(); err == nil || err.Error() != "the embedded ClickHouse is closed" {
		t.Errorf("after Close, Ready says %v", err)
	}
	if _, err := Find(dir); err == nil {
		t.Error("Find still finds a server after Close")
	}

	began = time.Now()
	s = startTest(t, Options{Dir: dir})
	t.Logf("started again after %s", time.Since(began))
	if found, err := Find(dir); err != nil || found != s.DSN() {
		t.Errorf("Find: %q, %v, want the DSN", found, err)
	}
	var out strings.Builder
	if err := Query(context.Background(), s.DSN(), "SELECT s FROM t ORDER BY s;", &out, "tsv"); err != nil || out.String() != "s\n夏\n春\n" {
		t.Errorf("rows after the next start: %q, %v", out.String(), err)
	}
}

func TestNobodyElseGetsIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startTest(t, Options{Dir: dir})
	execTest(t, connectTest(t, s.DSN()), "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	// The account of the engine's own session cannot be closed, but it can do nothing.
	for _, try := range []struct{ sql, refused string }{
		{"SELECT * FROM omotenashi.t", "grant SELECT ON omotenashi.t"},
		{"SELECT * FROM file('/etc/hostname', 'LineAsString')", "grant READ ON FILE"},
		{"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", "grant READ ON URL"},
		{"DROP TABLE omotenashi.t", "grant DROP TABLE ON omotenashi.t"},
		{"CREATE TABLE default.u (n UInt64) ENGINE = MergeTree ORDER BY n", "grant CREATE TABLE ON default.u"},
		{"SYSTEM SHUTDOWN", "grant SYSTEM SHUTDOWN"},
	} {
		u, err := url.Parse(s.DSN())
		if err != nil {
			t.Fatal(err)
		}
		u.User, u.Path = url.User("default"), "/default"
		err = connectTest(t, u.String()).Exec(context.Background(), try.sql)
		if err == nil || !strings.Contains(err.Error(), try.refused) {
			t.Errorf("default: %s: %v, want %q", try.sql, err, try.refused)
		}
	}
	if st := s.State(); st.Starts != 1 || st.Phase != Ready {
		t.Errorf("after that the server is %+v, want it untouched", st)
	}
	// A refused handshake ends this engine, and so belongs to supervision.
	for _, user := range []*url.Userinfo{url.User("omo"), url.UserPassword("omo", "omo"), url.User("root")} {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		u, err := url.Parse(s.DSN())
		if err != nil {
			t.Fatal(err)
		}
		u.User = user
		starts := s.State().Starts
		if err := connectTest(t, u.String()).Exec(ctx, "SELECT 1"); err == nil || !strings.Contains(err.Error(), "Authentication failed") {
			t.Errorf("%s: %v, want it refused", user, err)
		}
		eventually(t, patience, "the server is back", func() bool { return s.State().Starts > starts && s.Ready() == nil })
	}
	for _, name := range []string{"dsn", "conf/users.xml"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want it readable by the owner only", name, info.Mode(), err)
		}
	}
}

func TestSecondServerOnTheFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startTest(t, Options{Dir: dir})
	_, err := Open(Options{Dir: dir})
	want := "the ClickHouse folder " + dir + " is in use by another process (pid " + strconv.Itoa(os.Getpid()) +
		"): stop that one, or name another data folder"
	if err == nil || err.Error() != want {
		t.Errorf("second server: %v\nwant: %s", err, want)
	}
	if err := s.Ready(); err != nil {
		t.Errorf("the first server suffered: %v", err)
	}
	if found, err := Find(dir); err != nil || found != s.DSN() {
		t.Errorf("the first server's DSN file suffered: %q, %v", found, err)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"":                          "start ClickHouse: no data folder is named",
		filepath.Join(file, "data"): "start ClickHouse: the data folder cannot be used: mkdir " + file + ": not a directory",
	} {
		if _, err := Open(Options{Dir: dir}); err == nil || err.Error() != want {
			t.Errorf("Open(%q): %v\nwant: %s", dir, err, want)
		}
	}
}

func TestChildDiesWithItsParent(t *testing.T) {
	t.Parallel()
	for _, frozen := range []bool{false, true} {
		t.Run(map[bool]string{false: "running child", true: "stopped child"}[frozen], func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			startTest(t, Options{Dir: t.TempDir()}) // so that the library is there
			parent := exec.Command(os.Args[0])
			parent.Env = append(os.Environ(), parentTestEnv+"="+dir)
			out, err := parent.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = parent.Process.Kill() })
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			child, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil || !alive(child) {
				t.Fatalf("the parent said %q; is that child alive: %v", line, alive(child))
			}
			if frozen { // it can notice nothing by itself
				crashtest.Freeze(t, child)
			}
			if err := parent.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			killed := time.Now()
			_ = parent.Wait()
			eventually(t, patience, "the child is gone", func() bool { return !alive(child) })
			t.Logf("gone after %s", time.Since(killed))
			startTest(t, Options{Dir: dir}) // and nothing is in the way of the next one
		})
	}
}

func TestStoppedChildDoesNotDelayClose(t *testing.T) {
	t.Parallel()
	s := startTest(t, Options{Dir: t.TempDir()})
	pid := s.State().PID
	crashtest.Freeze(t, pid)
	if err := s.Close(); err != nil { // which would never come to an end
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("closed, and the child is alive")
	}
}
