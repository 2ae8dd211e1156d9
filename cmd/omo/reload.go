package main

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/rules"
	"github.com/omotenashi-web/omotenashi/rules/watch"
)

// reloader puts a changed rules folder to work: everything that can fail is
// done before the one swap, and a bad folder keeps the set that is in use.
type reloader struct {
	engine  *engine.Engine
	dir     string
	log     *slog.Logger
	now     func() time.Time
	reloads *prometheus.CounterVec

	mu   sync.Mutex
	hash string
	err  error
}

func newReloader(e *engine.Engine, c config, set *rules.Set, metrics *prometheus.Registry) *reloader {
	r := &reloader{engine: e, dir: c.Rules, log: c.Log, now: c.Now, hash: set.Hash, reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "omo_rules_reloads_total", Help: "Changes of the rules folder, by whether they could be used: ok, kept_last_good.",
	}, []string{"outcome"})}
	r.reloads.WithLabelValues("ok")
	r.reloads.WithLabelValues("kept_last_good")
	metrics.MustRegister(r.reloads)
	return r
}

func (r *reloader) run(ctx context.Context) error { return watch.Watch(ctx, r.dir, r.reload) }

func (r *reloader) reload() {
	set, found := rules.Load(os.DirFS(r.dir))
	err := found.Err()
	if err == nil && set.Hash != r.hash {
		err = r.engine.Use(set, r.now())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	if err != nil {
		r.reloads.WithLabelValues("kept_last_good").Inc()
		r.log.Error("rules not reloaded, the last good set stays in use", "in_use", r.hash, "findings", err.Error())
		return
	}
	if set.Hash != r.hash {
		r.hash = set.Hash
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
