package guard

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type counters struct {
	looks   *prometheus.CounterVec
	seconds prometheus.Counter
}

// measure counts, and tells of the stops that the engine keeps: also those of an
// earlier run, and where nothing is watched any more.
func (g *Guard) measure() {
	g.counters = counters{
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "omo_guard_looks_total", Help: "Looks at how a live campaign does, by what came of it: nothing, stopped (for harm), moved (a bandit's weights), failed.",
		}, []string{"outcome"}),
		seconds: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "omo_guard_seconds_total", Help: "Seconds that the warehouse was asked for these looks, a fifth of the time at most.",
		}),
	}
	for _, outcome := range []string{"nothing", "stopped", "moved", "failed"} {
		g.counters.looks.WithLabelValues(outcome)
	}
	if g.Metrics == nil {
		return
	}
	g.Metrics.MustRegister(g.counters.looks, g.counters.seconds, stopped{g}, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_guard_oldest_look_seconds", Help: "How long ago the live campaign that has waited longest was looked at; 0 where none is watched (--guard-every 0).",
	}, func() float64 { return g.oldest().Seconds() }))
}

// oldest is how long the campaign that has waited longest has not been looked at.
func (g *Guard) oldest() time.Duration {
	if g.Every <= 0 {
		return 0
	}
	live, now := g.Live(), g.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	longest := time.Duration(0)
	for _, c := range live.Set.Campaigns {
		if !isWatched(live, c) {
			continue
		}
		at := g.looked[c.ID]
		if at.IsZero() {
			at = g.began // it came since
		}
		longest = max(longest, now.Sub(at))
	}
	return longest
}

// stopped tells which campaigns are stopped or paused, one line each.
type stopped struct{ guard *Guard }

var (
	stoppedMetric = prometheus.NewDesc("omo_campaign_stopped", "1 for a campaign that serves control to everybody, since a variant of it did harm.", []string{"campaign"}, nil)
	pausedMetric  = prometheus.NewDesc("omo_campaign_paused", "1 for a campaign that was paused beside its file: omo pause.", []string{"campaign"}, nil)
)

// Describe is prometheus.Collector's.
func (s stopped) Describe(to chan<- *prometheus.Desc) {
	to <- stoppedMetric
	to <- pausedMetric
}

// Collect is prometheus.Collector's.
func (s stopped) Collect(to chan<- prometheus.Metric) {
	for campaign, is := range s.guard.Live().Overrides {
		if is.Harm != nil {
			to <- prometheus.MustNewConstMetric(stoppedMetric, prometheus.GaugeValue, 1, campaign)
		}
		if is.Paused {
			to <- prometheus.MustNewConstMetric(pausedMetric, prometheus.GaugeValue, 1, campaign)
		}
	}
}
