package loader_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// patience is how long a test waits for what must happen: only what hangs takes so long.
const patience = 3 * time.Minute

func openWarehouse(t testing.TB, dsn string) *warehouse.Warehouse {
	t.Helper()
	w, err := warehouse.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func connect(t testing.TB, dsn string) driver.Conn {
	t.Helper()
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// run starts a loader and gives its stop, which waits for the end.
func run(t testing.TB, l *loader.Loader) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(patience):
			t.Error("run did not stop")
		}
	})
	t.Cleanup(stop)
	return stop
}

func flush(t testing.TB, l *loader.Loader) {
	t.Helper()
	wait(t, l, patience)
}

// wait is flush with another patience.
func wait(t testing.TB, l *loader.Loader, patience time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := l.Flush(ctx); err != nil {
		t.Fatalf("flush: %v, position %d", err, l.Position())
	}
}

// exact checks that the warehouse holds events 0..n-1, each once.
func exact(t testing.TB, conn driver.Conn, n int) {
	t.Helper()
	var count, distinct, expected uint64
	err := conn.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(), uniqExact(event_id),
		uniqExactIf(event_id, toUInt64(substring(toString(event_id), 25)) < %d AND startsWith(toString(event_id), '018f0000-')) FROM events`, n)).
		Scan(&count, &distinct, &expected)
	if err != nil {
		t.Fatal(err)
	}
	if want := uint64(n); count != want || distinct != want || expected != want {
		t.Errorf("%d events, %d distinct, %d expected; want %d of each", count, distinct, expected, want)
	}
}

// noon is the loader's clock in most tests.
const noon = 1_790_000_000_000

func quick() loader.Config {
	return loader.Config{MaxRows: 1000, MaxAge: 20 * time.Millisecond, MinWait: 5 * time.Millisecond, MaxWait: 50 * time.Millisecond,
		Boot: "monday", Now: func() time.Time { return time.UnixMilli(noon) }}
}

// recorder is a Sink that keeps what was tried and fails as told.
type recorder struct {
	mu    sync.Mutex
	tries []try
	fail  func(attempt int) error
	on    func() // called in each Insert
}

type try struct {
	token string
	rows  string
}

func (r *recorder) Insert(ctx context.Context, token string, rows []warehouse.Row) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on != nil {
		r.on()
	}
	r.tries = append(r.tries, try{token, fmt.Sprintf("%+v", rows)})
	if r.fail != nil {
		return r.fail(len(r.tries))
	}
	return nil
}

func (r *recorder) Loaded(context.Context, string, uint64, uint64) (uint64, error) {
	return 0, errors.New("not asked in these tests")
}

func (r *recorder) Places(context.Context, string, []ingest.Place) (map[ingest.Place]bool, error) {
	return nil, nil
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

// through is the same database by way of a proxy.
func through(t *testing.T, dsn string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	p := startProxy(t, u.Host)
	u.Host = p.listener.Addr().String()
	return p, u.String()
}

// balanced takes the balance and holds it to the text, "" for any that is right.
func balanced(t testing.TB, l *loader.Loader, want string) {
	t.Helper()
	b, err := l.Balance()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Err(); err != nil {
		t.Error(err)
	}
	if want != "" && b.String() != want {
		t.Errorf("balance: %s, want %s", b, want)
	}
}
