package api

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"
)

// hearing is how long is waited between looks for connections that have to be heard:
// net/http drops what it reads once its own Shutdown has begun.
const hearing = 200 * time.Millisecond

// manyConnections is how many may be open at once unless told: each takes about
// 20 KiB, and 16 KiB more while its headers are read.
const manyConnections = 10_000

// lines bounds and counts connections. One more than may be open waits in the
// system's own queue until another closes, which an idle one does after two
// minutes and one that sends no headers after five seconds.
type lines struct {
	most   int
	open   atomic.Int64
	silent sync.Map // connections of which no question has come in yet
}

// lineOf is where a request's context has its connection.
type lineOf struct{}

// known puts a connection into the context of its requests; it is a server's
// ConnContext.
func (*lines) known(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, lineOf{}, c)
}

// hear notes that a question has come in: from then on Shutdown waits for its answer.
// (StateActive is too early: whoever has that and no more is dropped by Shutdown.)
func (l *lines) hear(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.silent.Delete(r.Context().Value(lineOf{}))
		next.ServeHTTP(w, r)
	})
}

func newLines(most int, metrics *prometheus.Registry) *lines {
	l := &lines{most: cmp.Or(most, manyConnections)}
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_connections", Help: "Connections open now.",
	}, func() float64 { return float64(l.open.Load()) }), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_connections_max", Help: "Connections that may be open at once (--max-connections); one more waits.",
	}, func() float64 { return float64(l.most) }))
	return l
}

func (l *lines) bounded(inner net.Listener) net.Listener { return netutil.LimitListener(inner, l.most) }

// changed counts; it is a server's ConnState.
func (l *lines) changed(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.silent.Store(c, nil)
		l.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		l.silent.Delete(c)
		l.open.Add(-1)
	}
}

// drain waits a moment for connections that the system has handed over just now, and
// until of every one a question has come in.
func (l *lines) drain(ctx context.Context) {
	for {
		select {
		case <-time.After(hearing):
		case <-ctx.Done():
			return
		}
		all := true
		l.silent.Range(func(any, any) bool { all = false; return false })
		if all {
			return
		}
	}
}
