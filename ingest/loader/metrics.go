package loader

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	batches, inserts, recovered        *prometheus.CounterVec
	rows, dead, readErrors, markErrors prometheus.Counter
	insertSeconds                      prometheus.Histogram
}

func newMetrics(l *Loader, to prometheus.Registerer) *metrics {
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		batches:    counters("omo_loader_batches_total", "Batches loaded, by what closed them: rows, bytes, age, flush, or pending from an earlier run.", "closed"),
		inserts:    counters("omo_loader_inserts_total", "Inserts tried, by outcome: ok, refused, unknown.", "outcome"),
		recovered:  counters("omo_loader_recovered_total", "Pending ranges found at start: verified as loaded, or resent.", "how"),
		rows:       counter("omo_loader_rows_total", "Events loaded into the warehouse."),
		dead:       counter("omo_loader_dead_total", "Events that cannot be rows, kept in the ledger as dead."),
		readErrors: counter("omo_loader_read_errors_total", "Failed reads of the ledger."),
		markErrors: counter("omo_loader_mark_errors_total", "Failed writes of the loader's records in the ledger."),
		insertSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "omo_loader_insert_seconds", Help: "Seconds of successful inserts.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
	}
	for _, reason := range []string{"rows", "bytes", "age", "flush", "pending"} {
		m.batches.WithLabelValues(reason)
	}
	for _, outcome := range []string{"ok", "refused", "unknown"} {
		m.inserts.WithLabelValues(outcome)
	}
	if to == nil {
		return m
	}
	to.MustRegister(m.batches, m.inserts, m.recovered, m.rows, m.dead, m.readErrors, m.markErrors, m.insertSeconds,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "omo_loader_position", Help: "Last seq of the ledger that is in the warehouse.",
		}, func() float64 { return float64(l.Position()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "omo_loader_lag_visits", Help: "Durable visits that are not in the warehouse yet.",
		}, func() float64 { return l.lagVisits() }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "omo_loader_lag_seconds", Help: "How long ago the first event of the batch being loaded was received; 0 between batches.",
		}, func() float64 { return l.lagSeconds(time.Now()) }))
	return m
}

func (l *Loader) lagSeconds(now time.Time) float64 {
	since := l.loading.Load()
	if since == 0 {
		return 0
	}
	return now.Sub(time.UnixMilli(since)).Seconds()
}

func (l *Loader) lagVisits() float64 {
	durable, position := l.source.Durable(), l.Position()
	if durable < position {
		return 0
	}
	return float64(durable - position)
}
