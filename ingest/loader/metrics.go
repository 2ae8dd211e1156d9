package loader

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	batches, inserts, recovered        *prometheus.CounterVec
	rows, dead, readErrors, markErrors prometheus.Counter
	views, replayed, audits, restored  prometheus.Counter
	insertSeconds                      prometheus.Histogram
	balance                            *prometheus.GaugeVec
	difference                         prometheus.Gauge
}

func newMetrics(l *Loader, to prometheus.Registerer) *metrics {
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		batches:   counters("omo_loader_batches_total", "Batches loaded, by what closed them: rows, bytes, age, flush, or pending from an earlier run.", "closed"),
		inserts:   counters("omo_loader_inserts_total", "Inserts tried, by outcome: ok, refused, data (refused for what is in the rows), unknown.", "outcome"),
		recovered: counters("omo_loader_recovered_total", "Pending ranges found at start: verified as loaded, or resent.", "how"),
		rows:      counter("omo_loader_rows_total", "Events loaded into the warehouse."),
		dead:      counter("omo_loader_dead_total", "Events that the warehouse cannot take, put into the dead letter."),
		views:     counter("omo_loader_view_refused_rows_total", "Events loaded although a view of the shop's own refused them: the view lacks them."),
		replayed:  counter("omo_loader_replayed_total", "Dead events sent again with success."),
		audits:    counter("omo_loader_audits_total", "Comparisons with the warehouse after the machine went down."),
		restored:  counter("omo_loader_restored_total", "Events that such a comparison found missing, and that were sent again."),
		balance: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "omo_balance_events", Help: "Events over the ledger's life, as of the last minute: accepted = loaded + duplicate + dead + erased + in_ledger.",
		}, []string{"of"}),
		difference: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "omo_balance_difference_events", Help: "Accepted events that are not accounted for; anything but 0 is a fault.",
		}),
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
	for _, outcome := range []string{"ok", "refused", "data", "unknown"} {
		m.inserts.WithLabelValues(outcome)
	}
	if to == nil {
		return m
	}
	to.MustRegister(m.batches, m.inserts, m.recovered, m.rows, m.dead, m.readErrors, m.markErrors, m.insertSeconds,
		m.views, m.replayed, m.audits, m.restored, m.balance, m.difference,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "omo_dead_events", Help: "Events in the dead letter.",
		}, func() float64 { return float64(l.source.Tally().Dead) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "omo_dead_bytes", Help: "Bytes of the dead letter.",
		}, func() float64 { return float64(l.source.Tally().DeadBytes) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "omo_dead_max_bytes", Help: "Bound of the dead letter; at it the loader stops.",
		}, func() float64 { return float64(l.config.DeadBytes) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "omo_loader_stuck", Help: "1 while nothing is loaded because the dead letter is full.",
		}, func() float64 {
			if l.Stuck() != nil {
				return 1
			}
			return 0
		}),
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

func (m *metrics) checked(b Balance) {
	for of, n := range map[string]uint64{
		"accepted": b.Accepted, "loaded": b.Loaded, "duplicate": b.Duplicate, "dead": b.Dead, "erased": b.Erased, "in_ledger": b.InLedger,
	} {
		m.balance.WithLabelValues(of).Set(float64(n))
	}
	m.difference.Set(float64(b.Difference()))
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
