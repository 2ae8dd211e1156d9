package outbox

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// measure tells how much the outbox holds.
func (b *Outbox) measure(metrics *prometheus.Registry) {
	gauge := func(name, help string, value func(ledger.Letters) float64) {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(b.store.Letters()) }))
	}
	gauge("omo_outbox_waiting", "Webhooks and e-mails that are to be sent.", func(l ledger.Letters) float64 { return float64(l.Count - l.GivenUp) })
	gauge("omo_outbox_given_up", "Webhooks and e-mails that were given up and are kept to be looked at.", func(l ledger.Letters) float64 { return float64(l.GivenUp) })
	gauge("omo_outbox_max", "Bound of both together; at it events that send something are refused.", func(l ledger.Letters) float64 { return float64(l.Most) })
	gauge("omo_outbox_bytes", "Bytes of both together.", func(l ledger.Letters) float64 { return float64(l.Bytes) })
	gauge("omo_outbox_max_bytes", "Bound of these bytes (--outbox-cap).", func(l ledger.Letters) float64 { return float64(l.MostBytes) })
	metrics.MustRegister(b.tries, b.gone, prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "omo_outbox_refused_total", Help: "Visits that were refused, since the outbox had no room for what they send.",
	}, func() float64 { return float64(b.store.Letters().Refused) }))
}

// keptFor is how long what was given up is kept to be looked at: it names people.
const keptFor = 30 * 24 * time.Hour

// forgetOld forgets what was given up long ago.
func (b *Outbox) forgetOld() error {
	b.turn.Lock()
	defer b.turn.Unlock()
	dead, err := b.store.Outgoing(ledger.Never, ledger.Never, maxForgotten)
	if err != nil {
		return err
	}
	dead = slices.DeleteFunc(dead, func(o ledger.Outgoing) bool { return given(o) > b.now().Add(-keptFor).UnixMilli() })
	n, err := b.store.Sent(dead...)
	b.gone.WithLabelValues("age").Add(float64(n))
	return err
}

// crowded says whether so many letters of so many bytes are more than seven
// eighths of what there is room for.
func crowded(l ledger.Letters) bool { return l.Count > l.Most/8*7 || l.Bytes > l.MostBytes/8*7 }

// makeRoom forgets what was given up longest ago where it keeps out what is yet to
// be sent: people were told of it when it was given up.
func (b *Outbox) makeRoom() error {
	now := b.store.Letters()
	if now.GivenUp == 0 || !crowded(now) {
		return nil
	}
	b.turn.Lock()
	defer b.turn.Unlock()
	dead, err := b.store.Outgoing(ledger.Never, ledger.Never, maxForgotten)
	if err != nil {
		return err
	}
	slices.SortStableFunc(dead, func(a, b ledger.Outgoing) int { return cmp.Compare(given(a), given(b)) })
	n := 0
	for ; n < len(dead) && crowded(now); n++ {
		now.Count--
		now.Bytes -= int64(len(dead[n].Body))
	}
	n, err = b.store.Sent(dead[:n]...)
	b.gone.WithLabelValues("room").Add(float64(n))
	b.log.Warn("what was given up longest ago is forgotten: the outbox needs the room", "letters", n)
	return err
}

// given is when a letter was written, or last tried by hand; 0 of one that cannot
// be read.
func given(o ledger.Outgoing) int64 {
	var l engine.Letter
	if json.Unmarshal(o.Body, &l) != nil {
		return 0
	}
	return max(l.At, l.Since)
}
