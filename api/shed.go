package api

import (
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// atOncePerCore is how many decisions may be under way for each core. One takes
// microseconds, and a code's fsync some milliseconds: so many are there only when
// something below holds them up, and one more would wait behind all of them.
const atOncePerCore = 512

// shedder counts the decisions under way and sends the one too many home.
type shedder struct {
	most     int64
	underWay atomic.Int64
	shed     *prometheus.CounterVec
}

func newShedder(most int, metrics *prometheus.Registry) *shedder {
	if most <= 0 {
		most = atOncePerCore * runtime.GOMAXPROCS(0)
	}
	s := &shedder{most: int64(most), shed: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "omo_decide_shed_total", Help: "Decisions answered with nothing at once, since too many were under way (overload) or the visitor's last one was (busy).",
	}, []string{"why"})}
	metrics.MustRegister(s.shed, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_decide_under_way", Help: "Decisions under way.",
	}, func() float64 { return float64(s.underWay.Load()) }))
	for _, why := range []string{overload, busy} {
		s.shed.WithLabelValues(why)
	}
	return s
}

// Words of degraded for a decision that was not made.
const (
	overload = "overload"
	busy     = "busy"
)

// enter says whether there is place for one more; who entered leaves.
func (s *shedder) enter() bool {
	if s.underWay.Add(1) <= s.most {
		return true
	}
	s.underWay.Add(-1)
	return false
}

func (s *shedder) leave() { s.underWay.Add(-1) }

// sendHome answers a decision that was not even begun: no campaigns, and no
// word of the call was kept.
func (s *Server) sendHome(c echo.Context, v engine.Visit, events int, rejected []ingest.Rejection, why string) error {
	s.shed.shed.WithLabelValues(why).Inc()
	s.metrics.degraded.Inc()
	return encode(c, http.StatusOK, decideAnswer{
		DecisionID: v.Decide.ID, Rules: s.engine.Live().Set.Hash, Visitor: visitorAnswer{ID: v.Visitor},
		Decisions: []offer{}, Degraded: []string{why},
		Rejected: s.turnedAway(c, events, rejected, "overloaded", "the server has too much to do; send it again later, with the same id"),
	})
}

// turnedAway refuses the events of a decide that is answered without keeping
// them: the client had better send them again later.
func (s *Server) turnedAway(c echo.Context, events int, rejected []ingest.Rejection, code, message string) []ingest.Rejection {
	if events == 0 {
		return nil
	}
	before := rejected
	for i := range events {
		if !slices.ContainsFunc(before, func(r ingest.Rejection) bool { return r.Index == i }) {
			rejected = append(rejected, ingest.Rejection{Index: i, Code: code, Message: message})
		}
	}
	s.metrics.taken(0, 0, rejected)
	c.Response().Header().Set("Retry-After", seconds(soon))
	return rejected
}
