package clickhouse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	native "github.com/ClickHouse/clickhouse-go/v2"
)

// parentTestEnv makes the test program a parent that can be killed: it runs a
// server on the folder named there, prints the child's process id and waits.
const parentTestEnv = "OMO_CLICKHOUSE_TEST_PARENT"

func TestMain(m *testing.M) {
	RunChildIfAsked()
	if dir := os.Getenv(parentTestEnv); dir != "" {
		err := Run(context.Background(), Options{Dir: dir}, func(s *Server) { fmt.Println(s.State().PID) })
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what must happen: only what hangs takes so long.
const patience = 2 * time.Minute

// startTest starts a server that ends with the test. The library may have to be
// fetched first.
func startTest(t *testing.T, opts Options) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s, err := Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func connectTest(t *testing.T, dsn string) native.Conn {
	t.Helper()
	options, err := native.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c, err := native.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func execTest(t *testing.T, c native.Conn, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// eventually polls until f holds.
func eventually(t *testing.T, within time.Duration, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not true: %s", within, what)
		}
	}
}

// alive says whether a process runs; one that waits to be buried does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(pid), "stat"))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}
