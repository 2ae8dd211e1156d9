package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

const (
	dialTimeout = 2 * time.Second
	readTimeout = 60 * time.Second
)

// Warehouse is a pool of connections to one database of one ClickHouse server.
// It is safe for concurrent use.
type Warehouse struct {
	conn driver.Conn
	addr string // for people

	migrating sync.Mutex
	migrated  atomic.Bool

	settled settled
}

// Open makes a Warehouse of a DSN (clickhouse://user:password@host:9000/database)
// and brings its schema up to date if the server is there. A server that cannot
// be reached is no error, so that events are taken while it is away: the first
// operation that reaches it does what Open could not. A DSN that cannot be read
// and a server that says no (unknown user or database) are errors.
func Open(ctx context.Context, dsn string) (*Warehouse, error) {
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("the ClickHouse address cannot be read: %w; write it as clickhouse://user:password@host:9000/database", err)
	}
	options.DialTimeout = dialTimeout
	options.ReadTimeout = readTimeout
	options.MaxOpenConns = 8
	options.MaxIdleConns = 4
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("the ClickHouse address cannot be used: %w", err)
	}
	w := &Warehouse{conn: conn, addr: strings.Join(options.Addr, ",")}
	if err := w.Migrate(ctx); err != nil && !Away(err) {
		return nil, errors.Join(err, conn.Close())
	}
	return w, nil
}

// Close closes the connections. Operations under way fail.
func (w *Warehouse) Close() error { return w.conn.Close() }

// Ping asks whether the server is there with an up-to-date schema; the error
// says what is wrong and what to do.
func (w *Warehouse) Ping(ctx context.Context) error {
	if err := w.conn.Ping(ctx); err != nil {
		return w.explain(err)
	}
	return w.Migrate(ctx)
}

// bounded gives every question a limit on the server too: a report may fail,
// it may not take the server's memory away from the inserts.
func bounded(ctx context.Context, options ...clickhouse.QueryOption) context.Context {
	return clickhouse.Context(ctx, append(options, clickhouse.WithSettings(clickhouse.Settings{
		"max_execution_time": 60,
		"max_memory_usage":   int64(4 << 30),
	}))...)
}
