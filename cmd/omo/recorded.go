package main

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// recorded is all traffic as back-tests from the playground read it: on a
// connection of its own, whose questions ClickHouse works on with one thread, so
// that inserts and the screens' questions go first.
type recorded struct {
	questions
	dsn string

	mu     sync.Mutex
	gently *warehouse.Warehouse // nil until the first is asked
}

// pastPart is how many rows ClickHouse sorts at a time.
const pastPart = 50_000

// Traffic is that of a time, of a sample of so many persons in 10,000.
func (r *recorded) Traffic(ctx context.Context, from, to time.Time, sample int) (*replay.Traffic, error) {
	if err := r.childReady(); err != nil {
		return nil, err
	}
	w, err := r.warehouse(ctx)
	if err != nil {
		return nil, err
	}
	return trafficOf(ctx, w, warehouse.Span{From: from, To: to, Sample: sample, Part: pastPart})
}

func (r *recorded) warehouse(ctx context.Context) (*warehouse.Warehouse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gently != nil {
		return r.gently, nil
	}
	dsn, err := gentle(r.dsn)
	if err != nil {
		return nil, err
	}
	if r.gently, err = warehouse.Open(ctx, dsn); err != nil {
		r.gently = nil
		return nil, err
	}
	return r.gently, nil
}

func (r *recorded) close(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gently == nil {
		return nil
	}
	return r.gently.Close()
}

// gentle is a ClickHouse's address with a setting for all that is asked there.
func gentle(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("max_threads", "1")
	u.RawQuery = q.Encode()
	return u.String(), nil
}
