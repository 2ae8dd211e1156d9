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

// old is a letter that was given up.
type old struct {
	id    string
	since int64 // when it was written, or last tried by hand, ms; 0 of one that cannot be read
	bytes int64
}

// givenUp are all of them, the oldest first.
func (b *Outbox) givenUp() (all []old, err error) {
	err = b.store.EachGivenUp(func(o ledger.Outgoing) error {
		one := old{id: o.ID, bytes: int64(len(o.Body))}
		var l engine.Letter
		if json.Unmarshal(o.Body, &l) == nil {
			one.since = max(l.At, l.Since)
		}
		all = append(all, one)
		return nil
	})
	slices.SortStableFunc(all, func(a, b old) int { return cmp.Compare(a.since, b.since) })
	return all, err
}

// forget forgets letters that were given up, and counts them.
func (b *Outbox) forget(why string, letters []old) (n int, err error) {
	out := make([]ledger.Outgoing, len(letters))
	for i := range letters {
		out[i] = ledger.Outgoing{Due: ledger.Never, ID: letters[i].id}
	}
	for some := range slices.Chunk(out, forgottenAtOnce) {
		gone, err := b.store.Sent(some...)
		n += gone
		b.gone.WithLabelValues(why).Add(float64(gone))
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// forgottenAtOnce bounds one commit.
const forgottenAtOnce = 10_000

// forgetOld forgets what was given up long ago.
func (b *Outbox) forgetOld() error {
	b.turn.Lock()
	defer b.turn.Unlock()
	all, err := b.givenUp()
	if err != nil {
		return err
	}
	from, n := b.now().Add(-keptFor).UnixMilli(), 0
	for n < len(all) && all[n].since <= from {
		n++
	}
	_, err = b.forget("age", all[:n])
	return err
}

// over says whether letters are more than so many sixteenths of what there is
// room for.
func over(sixteenths int, l ledger.Letters) bool {
	return l.Count > l.Most/16*sixteenths || l.Bytes > l.MostBytes/16*int64(sixteenths)
}

// makeRoom forgets, from seven eighths on, what was given up longest ago: it keeps
// out what is yet to be sent, and people were told of it when it was given up. It
// makes room for some more, since it looks at all that was given up.
func (b *Outbox) makeRoom() error {
	now := b.store.Letters()
	if now.GivenUp == 0 || !over(14, now) {
		return nil
	}
	b.turn.Lock()
	defer b.turn.Unlock()
	all, err := b.givenUp()
	if err != nil {
		return err
	}
	n := 0
	for ; n < len(all) && over(13, now); n++ {
		now.Count--
		now.Bytes -= all[n].bytes
	}
	n, err = b.forget("room", all[:n])
	b.log.Warn("what was given up longest ago is forgotten: the outbox needs the room", "letters", n)
	return err
}
