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

// hearing is how long a connection that is just asking has to be heard: net/http drops
// what it reads once its own Shutdown has begun.
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
	silent sync.Map // connections that have asked nothing yet
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
	case http.StateActive:
		l.silent.Delete(c)
	case http.StateClosed, http.StateHijacked:
		l.silent.Delete(c)
		l.open.Add(-1)
	}
}

// drain waits until every connection has asked something, and a moment more.
func (l *lines) drain(ctx context.Context) {
	for l.open.Load() > 0 {
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
