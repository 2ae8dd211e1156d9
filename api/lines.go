package api

import (
	"cmp"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"
)

// manyConnections is how many may be open at once unless told: each takes about
// 20 KiB, and 16 KiB more while its headers are read.
const manyConnections = 10_000

// lines bounds and counts connections. One more than may be open waits in the
// system's own queue until another closes, which an idle one does after two
// minutes and one that sends no headers after five seconds.
type lines struct {
	most int
	open atomic.Int64
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
func (l *lines) changed(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		l.open.Add(-1)
	}
}
