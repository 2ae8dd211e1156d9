package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/rules"
	"github.com/omotenashi-web/omotenashi/rules/watch"
)

// firstRules are those to start with: the folder's, or, where it was broken
// since the last run, the last good ones, and why. A folder that never was good
// is refused.
func firstRules(c config, kept lastGood) (set *rules.Set, broken, err error) {
	set, broken = loadTested(c.Rules, testWithin, c.Log)
	var refused exit
	if broken == nil || !errors.As(broken, &refused) || refused.code != findings {
		return set, nil, broken
	}
	set, err = kept.load()
	if set == nil {
		return nil, nil, errors.Join(broken, err)
	}
	c.Log.Error("the rules folder is not good, the last good rule set serves until it is", "in_use", set.Hash, "findings", broken.Error())
	return set, broken, nil
}

// reloader puts a changed rules folder to work: everything that can fail is
// done before the one swap, and a bad folder keeps the set that is in use.
type reloader struct {
	engine  *engine.Engine
	dir     string
	kept    lastGood
	log     *slog.Logger
	now     func() time.Time
	reloads *prometheus.CounterVec

	mu  sync.Mutex
	set *rules.Set // in use
	err error
}

// newReloader is told why the folder as it stands is not in use, if it is not.
func newReloader(e *engine.Engine, c config, set *rules.Set, kept lastGood, broken error, metrics *prometheus.Registry) *reloader {
	r := &reloader{engine: e, dir: c.Rules, kept: kept, log: c.Log, now: c.Now, set: set, err: broken, reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "omo_rules_reloads_total", Help: "Changes of the rules folder, by whether they could be used: ok, kept_last_good.",
	}, []string{"outcome"})}
	r.reloads.WithLabelValues("ok")
	r.reloads.WithLabelValues("kept_last_good")
	metrics.MustRegister(r.reloads, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_rules_last_good", Help: "1 while the rules folder is not good and the last good set serves.",
	}, func() float64 {
		if r.lastError() != nil {
			return 1
		}
		return 0
	}))
	if broken == nil {
		r.keep(set)
	}
	return r
}

// keep keeps the set for the next start.
func (r *reloader) keep(set *rules.Set) {
	if err := r.kept.keep(set); err != nil {
		r.log.Error("should the rules folder be broken at the next start, there is no last good set", "error", err)
	}
}

func (r *reloader) run(ctx context.Context) error { return watch.Watch(ctx, r.dir, r.reload) }

func (r *reloader) reload() {
	set, err := loadTested(r.dir, testWithin, r.log)
	changed := err == nil && !maps.Equal(set.Source, r.set.Source) // more codes change no hash
	if changed {
		err = r.engine.Use(set, r.now())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	if err != nil {
		r.reloads.WithLabelValues("kept_last_good").Inc()
		r.log.Error("rules not reloaded, the last good set stays in use", "in_use", r.set.Hash, "findings", err.Error())
		return
	}
	if changed {
		r.set = set
		r.keep(set)
		r.reloads.WithLabelValues("ok").Inc()
		r.log.Info("rules reloaded", "hash", set.Hash, "campaigns", len(set.Campaigns))
	}
}

// lastError is why the folder as it stands is not in use, nil when it is.
func (r *reloader) lastError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
