package faulttest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
	"github.com/omotenashi-web/omotenashi/ingest/crash/crashtest"
)

// ClickHouse is killed every few seconds, often enough for the breaker to open:
// nothing is lost, and it comes back by itself.
func TestFault2ClickHouseKilled(t *testing.T) {
	t.Parallel()
	s := serve(t, "OMO_SHORT=clickhouse.rest=2s")
	l := newLoad(t, s)
	times := rounds(6, 30)
	for range times {
		l.flow(50 + rand.Int64N(200))
		child := s.clickHouse()
		if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, patience, "ClickHouse is back", func() bool { return s.clickHouse() != child && s.warehouse().OK })
	}
	opened := func() int { return strings.Count(string(s.log()), `"phase":"broken"`) }
	eventually(t, patience, "killed again and again, the breaker opens", func() bool { // where the machine is slow, that was not often enough
		if found := children(t, s.pid()); opened() == 0 && len(found) == 1 {
			_ = syscall.Kill(found[0], syscall.SIGKILL) // or it has ended by itself
		}
		return opened() > 0
	})
	eventually(t, patience, "ClickHouse is back for good", func() bool { return s.warehouse().OK })
	audit(t, l, 2, fmt.Sprintf("kill -9 of ClickHouse, %d times", times), fmt.Sprintf("the breaker opened %d times", opened()))
}

// ClickHouse does not move for longer than an insert may take: what was under way
// has an unknown outcome, is sent again and counts once.
func TestFault2ClickHouseStopped(t *testing.T) {
	t.Parallel()
	s := serve(t, "OMO_SHORT=loader.insert=2s")
	l := newLoad(t, s)
	slowest := time.Duration(0)
	times := rounds(1, 8)
	for range times {
		l.flow(50 + rand.Int64N(400))
		child := 0
		eventually(t, patience, "ClickHouse is stopped in good health", func() bool {
			child = s.clickHouse()
			return s.warehouse().OK
		})
		crashtest.Freeze(t, child)
		stopped := time.Now() // its supervisor looks every five seconds, for five
		status, answer := s.ask("/v1/campaigns/hello/results")
		took := time.Since(stopped)
		if slowest = max(slowest, took); long() && took > time.Minute {
			t.Errorf("a report said after %s that ClickHouse is away", took)
		}
		if status != http.StatusServiceUnavailable || !strings.Contains(answer, "ClickHouse") {
			t.Errorf("a report while ClickHouse is stopped: %d %s", status, answer)
		}
		time.Sleep(time.Until(stopped.Add(6 * time.Second))) // three insert timeouts
		if err := syscall.Kill(child, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	ended := strings.Count(string(s.log()), "clickhouse is down")
	audit(t, l, 2, fmt.Sprintf("SIGSTOP of ClickHouse, %d times, three insert timeouts long", times), fmt.Sprintf("slowest 503 of a report %s", slowest.Round(time.Millisecond)),
		fmt.Sprintf("ended over connections given up meanwhile, and started again, %d times", ended))
}

// A ClickHouse that ends at once opens the breaker. The server goes on, says why,
// touches nothing, and has it back without a restart once it can run.
func TestFault2ClickHouseEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	precious := filepath.Join(s.data(), "clickhouse", "data", "precious")
	if err := os.MkdirAll(filepath.Dir(precious), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(precious, []byte("rows"), 0o644); err != nil {
		t.Fatal(err)
	}
	well, env := s.ailing()
	s.start(env...)
	l := newLoad(t, s)
	eventually(t, patience, "readiness tells that the breaker is open", func() bool { return strings.Contains(s.warehouse().Detail, "broken") })
	for _, path := range []string{"/v1/campaigns/hello/results", "/readyz"} {
		if status, answer := s.ask(path); !strings.Contains(answer, "no space left on the moon") || status != map[string]int{"/readyz": 200}[path] && status != 503 {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	l.flow(500) // decisions and events without ClickHouse
	if err := os.WriteFile(well, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	eventually(t, patience, "ClickHouse is back", func() bool { return s.warehouse().OK })
	back := time.Since(began)
	if text, err := os.ReadFile(precious); err != nil || string(text) != "rows" {
		t.Errorf("ClickHouse's folder was touched: %q, %v", text, err)
	}
	audit(t, l, 2, "ClickHouse that ends at once", fmt.Sprintf("back %s after it could run (the breaker rests 2s here, a minute usually)", back.Round(time.Millisecond)))
}

// ailing makes a ClickHouse that ends at once for as long as the file well is not
// there, and gives what to start the server with.
func (s *server) ailing() (well string, env []string) {
	s.t.Helper()
	library, err := clickhouse.Install(s.t.Context(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	well = filepath.Join(s.dir, "well")
	bin := filepath.Join(s.dir, "bin")
	script := fmt.Sprintf(`#!/bin/sh
case "$*" in *"SELECT version()"*) echo 99.1; exit;; esac
[ -e %q ] || { echo no space left on the moon >&2; exit 7; }
shift
OMO_CLICKHOUSE_LIBRARY=%q OMO_CLICKHOUSE_PARENT=$PPID exec %q "$@"
`, well, library, s.binary)
	if err := os.MkdirAll(bin, 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "clickhouse"), []byte(script), 0o755); err != nil {
		s.t.Fatal(err)
	}
	return well, []string{"PATH=" + bin, "OMO_CACHE=" + filepath.Join(s.dir, "empty"), "OMO_SHORT=clickhouse.rest=2s"}
}

// clickHouse is the process id of the server's ClickHouse, once it runs.
func (s *server) clickHouse() (pid int) {
	s.t.Helper()
	eventually(s.t, patience, "ClickHouse runs", func() bool {
		found := children(s.t, s.pid())
		if len(found) == 1 {
			pid = found[0]
		}
		return len(found) == 1
	})
	return pid
}

// check is one part of /readyz.
type check struct {
	Part, Detail string
	OK           bool
}

// warehouse is what /readyz says of it.
func (s *server) warehouse() check {
	s.t.Helper()
	status, answer := s.ask("/readyz")
	var got struct{ Checks []check }
	if err := json.Unmarshal([]byte(answer), &got); status != http.StatusOK || err != nil {
		s.t.Errorf("/readyz: %d %s", status, answer)
	}
	for _, c := range got.Checks {
		if c.Part == "warehouse" {
			return c
		}
	}
	s.t.Errorf("/readyz does not tell of the warehouse: %s", answer)
	return check{}
}

// ask asks with the secret key.
func (s *server) ask(path string) (status int, answer string) {
	s.t.Helper()
	c := newClient(97)
	c.http.Timeout = patience
	defer c.http.CloseIdleConnections()
	status, _, raw, err := c.do(s.t.Context(), http.MethodGet, s.url(), path, nil, secretKey)
	if err != nil {
		s.t.Errorf("%s: %v", path, err)
	}
	return status, string(raw)
}
