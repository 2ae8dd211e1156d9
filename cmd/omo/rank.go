package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/ingest/crash"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// rankEvery is how old a ranking gets; while one has no item yet it is looked
// at more often, and so is a rule set that is new.
const (
	rankEvery   = 10 * time.Minute
	rankSooner  = time.Minute
	rankSetEach = 2 * time.Second
)

// rank counts the rankings that actions show anew, as long as ctx lasts. What
// ClickHouse does not answer stays as it was.
func (a *app) rank(ctx context.Context, now func() time.Time) error {
	a.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_rankings_empty", Help: "Rankings of actions that no item is known for: their campaigns wait, unless they have items written.",
	}, func() float64 { return float64(len(a.engine.Unranked(a.engine.Live().Set))) }))
	if a.awaitClickHouse(ctx) != nil {
		return nil
	}
	every := crash.Span("rank.every", rankEvery)
	looks := time.NewTicker(min(rankSetEach, every))
	defer looks.Stop()
	var due time.Time
	ranked := map[string][]rules.RankItem{}
	for hash := ""; ; {
		set := a.engine.Live().Set
		if len(set.Rankings) > 0 && (set.Hash != hash || !now().Before(due)) {
			hash = set.Hash
			ranked = a.rankings(ctx, set, ranked, now())
			a.engine.Rank(ranked)
			if due = now().Add(every); len(a.engine.Unranked(set)) > 0 {
				due = now().Add(min(every, rankSooner))
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-looks.C:
		}
	}
}

// rankings asks for those of a set, and keeps what was known of those that are
// not answered.
func (a *app) rankings(ctx context.Context, set *rules.Set, known map[string][]rules.RankItem, now time.Time) map[string][]rules.RankItem {
	out := make(map[string][]rules.RankItem, len(set.Rankings))
	for _, r := range set.Rankings {
		items, err := a.warehouse.Ranked(ctx, r.Event, now.Add(-r.Window), r.Limit)
		if err != nil {
			if ctx.Err() == nil {
				a.log.Warn("a ranking is not counted, and stays as it was", "ranking", r.Key(), "error", err)
			}
			out[r.Key()] = known[r.Key()]
			continue
		}
		out[r.Key()] = shownItems(items)
	}
	return out
}

func shownItems(items []warehouse.RankedItem) (out []rules.RankItem) {
	for _, item := range items {
		one := rules.RankItem{ID: item.ID, Name: item.Name, URL: item.Path}
		if item.Price > 0 {
			one.Price = &item.Price
		}
		out = append(out, one)
	}
	return out
}
