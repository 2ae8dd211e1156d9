package api

import (
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// metrics count what the door lets in and turns away.
type metrics struct {
	seconds  *prometheus.HistogramVec
	events   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	degraded prometheus.Counter
	redeemed *prometheus.CounterVec
	failed   *prometheus.CounterVec

	accepted, duplicate prometheus.Counter // of events, looked up once
	lines               sync.Map           // answered → prometheus.Observer
}

func newMetrics(r *prometheus.Registry) *metrics {
	m := &metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "omo_http_request_seconds", Help: "Time to answer a request, by route and status.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 2},
		}, []string{"route", "status"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "omo_events_total", Help: "Events taken, page views included; a duplicate had been taken before and changed nothing.",
		}, []string{"outcome"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "omo_events_rejected_total", Help: "Events refused, by the reason's code.",
		}, []string{"code"}),
		degraded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "omo_decide_degraded_total", Help: "Decisions that could not be made.",
		}),
	}
	m.redeemed = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "omo_coupon_redemptions_total", Help: "Coupon codes that the shop asked to redeem: ok, again (the same order), used (before), unknown.",
	}, []string{"outcome"})
	m.failed = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "omo_rule_failures_total", Help: "Decisions for which a campaign was switched off, since its rule failed or panicked.",
	}, []string{"campaign"})
	m.accepted, m.duplicate = m.events.WithLabelValues("accepted"), m.events.WithLabelValues("duplicate")
	r.MustRegister(m.seconds, m.events, m.refused, m.degraded, m.redeemed, m.failed)
	return m
}

// countMerges tells what became of browsers that named a person who was known.
func countMerges(r *prometheus.Registry, merges func() (done, refused uint64)) {
	count := func(outcome, help string, of func() uint64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "omo_merges_" + outcome + "_total", Help: help,
		}, func() float64 { return float64(of()) }))
	}
	count("done", "Browsers that came to their person's profile.", func() uint64 { done, _ := merges(); return done })
	count("refused", "Browsers that stayed alone, since their person had 20 already.", func() uint64 { _, refused := merges(); return refused })
}

func (m *metrics) taken(accepted, duplicate int, rejected []ingest.Rejection) {
	m.accepted.Add(float64(accepted))
	m.duplicate.Add(float64(duplicate))
	for _, r := range rejected {
		m.refused.WithLabelValues(r.Code).Inc()
	}
}

// measure times requests by route and status.
func (m *metrics) measure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err) // answers it here, so that its status is known
		}
		route := c.Path()
		if route == "" {
			route = "none"
		}
		m.of(route, c.Response().Status).Observe(time.Since(start).Seconds())
		return nil
	}
}

// answered is one line of the histogram.
type answered struct {
	route  string
	status int
}

// of finds a line without building its labels each time. Routes and statuses
// are few: the server's own.
func (m *metrics) of(route string, status int) prometheus.Observer {
	key := answered{route, status}
	if known, ok := m.lines.Load(key); ok {
		return known.(prometheus.Observer)
	}
	line := m.seconds.WithLabelValues(route, strconv.Itoa(status))
	m.lines.Store(key, line)
	return line
}

func metricsOf(r *prometheus.Registry) echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
}
