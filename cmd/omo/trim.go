package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// reclaimAt is how many bytes are trimmed before they are given back to the disk at once.
const reclaimAt = 32 << 20

// trim forgets, each hour, the ledger's visits that were in the warehouse a
// day ago. Where room gets tight it forgets the older half of what is there,
// each second, and without any room all of it.
func (a *app) trim(ctx context.Context) error {
	const kept = 24
	var loaded []uint64 // positions, an hour apart
	hour, second := time.NewTicker(crash.Span("trim.every", time.Hour)), time.NewTicker(time.Second)
	defer hour.Stop()
	defer second.Stop()
	trimmed := int64(0) // bytes, under pressure, that the disk has not got back yet
	a.trimTo(a.dayOld())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hour.C:
			old := a.dayOld()
			if loaded = append(loaded, a.loader.Position()); len(loaded) > kept {
				old = max(old, loaded[0])
				loaded = loaded[1:]
			}
			a.trimTo(old)
		case <-second.C:
			room := a.ledger.Room()
			if !room.Tight() {
				continue
			}
			if err := a.trimHalf(room.Full != ""); err != nil {
				a.log.Error("ledger not trimmed", "error", err)
				continue
			}
			trimmed += room.Events - a.ledger.Room().Events
			if trimmed < reclaimAt && (trimmed <= 0 || room.Full == "") {
				continue
			}
			if err := a.ledger.Reclaim(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("space not given back", "error", err)
			}
			trimmed = 0
		}
	}
}

// dayOld is the visit up to which all was in the warehouse a day ago. The
// loader keeps that over restarts: a server that is started anew each day trims.
func (a *app) dayOld() uint64 { return a.loader.LoadedBy(time.Now().Add(-24 * time.Hour)) }

func (a *app) trimTo(seq uint64) {
	if err := a.ledger.Trim(seq); err != nil {
		a.log.Error("ledger not trimmed", "error", err)
	}
}

// trimHalf forgets half of the visits that are in the warehouse, or all.
func (a *app) trimHalf(all bool) error {
	floor, err := a.ledger.Floor()
	if err != nil {
		return err
	}
	position := a.loader.Position()
	if position <= floor {
		return nil // nothing of it is in the warehouse
	}
	if !all {
		position = floor + (position-floor+1)/2
	}
	return a.ledger.Trim(position)
}

// measureRoom tells how much the ledger holds.
func (a *app) measureRoom(metrics *prometheus.Registry) {
	gauge := func(name, help string, value func() float64) {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("omo_ledger_event_bytes", "Bytes of events in the ledger: those that wait for the warehouse, and those of the last day.", func() float64 {
		return float64(a.ledger.Room().Events)
	})
	gauge("omo_ledger_cap_bytes", "Bytes of events that the ledger takes at most (--ledger-cap).", func() float64 {
		return float64(a.ledger.Room().Cap)
	})
	gauge("omo_ledger_free_bytes", "Bytes free on the data folder's disk; -1 where it does not tell.", func() float64 {
		return float64(a.ledger.Room().Free)
	})
	gauge("omo_ledger_reserve_bytes", "Bytes kept free on the data folder's disk (--disk-reserve).", func() float64 {
		return float64(a.ledger.Room().Reserve)
	})
	gauge("omo_ledger_full", "1 while no events are taken, since there is no room.", func() float64 {
		if a.ledger.Room().Full != "" {
			return 1
		}
		return 0
	})
	metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "omo_ledger_refused_total", Help: "Visits that were refused, since there was no room for their events.",
	}, func() float64 { return float64(a.ledger.Room().Refused) }))
}
