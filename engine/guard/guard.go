package guard

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/rules"
)

const (
	answerWithin = 30 * time.Second // a question
	restFor      = 4                // times as long as a question took
	failuresLeft = 3                // in a row, and the look is over
)

// Engine keeps and carries out what is decided.
type Engine interface {
	StopHarm(campaign, phase string, h engine.HarmStop, now time.Time) error
	Allocate(campaign, phase string, parts []int, now time.Time) error
}

// Options are what a Guard works with. All but Every and Metrics must be told.
type Options struct {
	Live      func() *engine.Live // the rule set in use, with what was decided beside it
	Engine    Engine
	Warehouse Warehouse
	Every     time.Duration // between the beginnings of two looks; 0: none
	Log       *slog.Logger
	Metrics   prometheus.Registerer // nil: nothing is measured
	Now       func() time.Time
}

// Guard looks at all live campaigns again and again.
type Guard struct {
	Options
	counters counters

	mu     sync.Mutex
	began  time.Time            // the last look
	looked map[string]time.Time // campaign that is watched → last answer of the warehouse, or since when it is watched
	tried  map[string]time.Time // → last question
}

// New makes a Guard that has looked at nothing yet.
func New(o Options) *Guard {
	g := &Guard{Options: o, began: o.Now(), looked: map[string]time.Time{}, tried: map[string]time.Time{}}
	g.measure()
	return g
}

// Run looks at once and then every so often, until ctx is done.
func (g *Guard) Run(ctx context.Context) error {
	if g.Every <= 0 {
		return nil
	}
	tick := time.NewTicker(g.Every)
	defer tick.Stop()
	for {
		g.Look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Look goes once through the campaigns that are watched, those that have waited
// longest first. What fails is logged and counted, and tried again at the next look.
func (g *Guard) Look(ctx context.Context) {
	failed := 0
	for _, c := range g.due() {
		began := g.Now()
		err := g.ask(ctx, c)
		if ctx.Err() != nil {
			return // the server stops
		}
		took := g.Now().Sub(began)
		g.counters.seconds.Add(took.Seconds())
		if err == nil {
			failed = 0
		} else {
			g.counters.looks.WithLabelValues("failed").Inc()
			g.Log.Warn("how a campaign does could not be asked or acted on; the next look tries again", "campaign", c.ID, "error", err)
			if failed++; failed == failuresLeft {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(restFor*took, g.Every)):
		}
	}
}

// due are the campaigns that are watched now; all others are forgotten.
func (g *Guard) due() []*rules.Campaign {
	live, at := g.Live(), g.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.began = at
	var due []*rules.Campaign
	watched := map[string]bool{}
	for _, c := range live.Set.Campaigns {
		if !isWatched(live, c) {
			continue
		}
		due, watched[c.ID] = append(due, c), true
		if g.looked[c.ID].IsZero() {
			g.looked[c.ID] = at
		}
	}
	gone := func(id string, _ time.Time) bool { return !watched[id] }
	maps.DeleteFunc(g.looked, gone)
	maps.DeleteFunc(g.tried, gone)
	slices.SortStableFunc(due, func(a, b *rules.Campaign) int { return g.tried[a.ID].Compare(g.tried[b.ID]) })
	return due
}

// isWatched tells whether there is anything to decide for the campaign.
func isWatched(live *engine.Live, c *rules.Campaign) bool {
	return live.Status(c) == rules.Live && !live.Waiting[c.ID] && (c.Bandit || guards(c))
}

// guards tells whether harm can be seen, and stopped.
func guards(c *rules.Campaign) bool {
	control, arms := divided(c)
	some := c.Guardrails.Conversion || c.Guardrails.Value || c.Guardrails.Errors || c.Guardrails.Closes
	return some && control != nil && len(arms) > 0
}

// ask has one campaign counted, and decides. The counts are of the rule set and the
// phase at hand when it was asked: where those are others by the time of the answer,
// nothing is decided.
func (g *Guard) ask(ctx context.Context, c *rules.Campaign) error {
	live, at := g.Live(), g.Now()
	i := slices.IndexFunc(live.Set.Campaigns, func(now *rules.Campaign) bool { return now.ID == c.ID })
	if i < 0 || !isWatched(live, live.Set.Campaigns[i]) {
		return nil // it was, when the look began
	}
	c = live.Set.Campaigns[i] // another goal or other guardrails open no phase
	phase, is := live.Phases[c.ID], live.Overrides[c.ID]
	g.mu.Lock()
	g.tried[c.ID] = at
	g.mu.Unlock()
	asking, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	periods, err := g.Warehouse.Count(asking, Question{Campaign: c.ID, Phase: phase, Goal: c.Goals[0], AsOf: at})
	if err != nil {
		return fmt.Errorf("the warehouse gave no answer: %w", err)
	}
	g.mu.Lock()
	g.looked[c.ID] = at
	g.mu.Unlock()
	if now := g.Live(); now.Set != live.Set || now.Phases[c.ID] != phase || now.Overrides[c.ID].At != is.At || !isWatched(now, c) {
		return nil
	}
	return g.decide(c, phase, live.Set.Site.Currency, is, periods, at)
}

// decide stops what does harm; only what does none is divided anew.
func (g *Guard) decide(c *rules.Campaign, phase, currency string, is engine.Override, periods []Period, at time.Time) error {
	if guards(c) {
		if harm, found := Harm(c, currency, periods, at); found {
			if err := g.Engine.StopHarm(c.ID, phase, harm, at); err != nil {
				return fmt.Errorf("%s does harm and could not be stopped: %w", harm.Variant, err)
			}
			g.counters.looks.WithLabelValues("stopped").Inc()
			g.Log.Error("campaign stopped: everybody gets its control until it is resumed", "campaign", c.ID,
				"variant", harm.Variant, "guardrail", harm.Guardrail, "why", harm.En, "resume", "omo resume "+c.ID)
			return nil
		}
	}
	if c.Bandit {
		if move, moves := Next(c, is, periods, at); moves {
			if err := g.Engine.Allocate(c.ID, phase, move.Parts, at); err != nil {
				return fmt.Errorf("its new weights could not be kept: %w", err)
			}
			g.counters.looks.WithLabelValues("moved").Inc()
			g.Log.Info("bandit moved its weights", "campaign", c.ID, "period", is.Period+1, "parts", move.Parts,
				"from", present(c, is), "chances", move.Chances, "by", move.By)
			return nil
		}
	}
	g.counters.looks.WithLabelValues("nothing").Inc()
	return nil
}
