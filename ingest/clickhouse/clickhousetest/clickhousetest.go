// Package clickhousetest gives tests a real ClickHouse: the same child, from the
// same library, that the product runs.
//
//	func TestMain(m *testing.M) { clickhousetest.Main(m) }
//
//	func TestInsert(t *testing.T) {
//		dsn := clickhousetest.DSN(t) // a database of this test's own
//
// One child serves all tests of a process. It starts on first use, fetches the
// library if the user's cache lacks it, and is gone when the process ends, however
// it ends. Nothing is skipped: without a ClickHouse the test fails.
package clickhousetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	native "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// startTimeout allows for fetching the library.
const startTimeout = 5 * time.Minute

// shared is the process's one child. TestMain has no way to hand a value to tests
// but a variable of a package.
var shared struct {
	sync.Mutex
	dir    string
	server *clickhouse.Server
	err    error
}

// Main runs a package's tests and ends the process. Call it from TestMain.
func Main(m *testing.M) {
	clickhouse.RunChildIfAsked()
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "clickhousetest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// DSN returns the address of an empty database, which is dropped after the test.
func DSN(t testing.TB) string {
	t.Helper()
	s := Server(t)
	name := "test_" + strings.ToLower(rand.Text()[:16])
	run(t, s, "CREATE DATABASE "+name+" ENGINE = Atomic")
	t.Cleanup(func() { run(t, s, "DROP DATABASE IF EXISTS "+name+" SYNC") })
	u, err := url.Parse(s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Server returns the process's child, for tests that stop or kill it. They must
// not run in parallel with others.
func Server(t testing.TB) *clickhouse.Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start()
	}
	if shared.err != nil {
		t.Fatalf("clickhousetest: %v", shared.err)
	}
	return shared.server
}

func start() (*clickhouse.Server, error) {
	dir, err := os.MkdirTemp("", "clickhousetest-")
	if err != nil {
		return nil, err
	}
	shared.dir = dir
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return clickhouse.Start(ctx, clickhouse.Options{Dir: dir})
}

func stop() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			return err
		}
		shared.server = nil
	}
	if shared.dir == "" {
		return nil
	}
	return os.RemoveAll(shared.dir)
}

func run(t testing.TB, s *clickhouse.Server, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		t.Fatalf("clickhousetest: %v", err)
	}
	options, err := native.ParseDSN(s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := native.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("clickhousetest: %s: %v", sql, err)
	}
}
