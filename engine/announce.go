package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// announceWaiting records which campaigns wait from now on.
func (e *Engine) announceWaiting(live *Live, now time.Time) error {
	if before := e.live.Load(); len(live.Waiting) == 0 && (before == nil || len(before.Waiting) == 0) {
		return nil
	}
	event, err := e.waits(live, now)
	if err != nil {
		return err
	}
	if _, err := e.store.Commit(ledger.Visit{Events: [][]byte{event}}); err != nil {
		return fmt.Errorf("what waits for a back-fill could not be recorded: %w", err)
	}
	return nil
}

// waits is what waits, as an omo_waiting event: a decision made again must know.
func (e *Engine) waits(live *Live, now time.Time) ([]byte, error) {
	props, err := json.Marshal(map[string]any{"rules": live.Set.Hash, "campaigns": slices.Sorted(maps.Keys(live.Waiting))})
	if err != nil {
		return nil, err
	}
	return ingest.Encode(&ingest.Event{
		ID: e.newID(), Name: ingest.Waiting, Time: clock(now), Received: clock(now), Properties: props,
	})
}

// announceOverrides records and keeps the overrides that go on with another
// rule set, or after a restart.
func (e *Engine) announceOverrides(live *Live, kept map[string]keptOverride, now time.Time) error {
	var v ledger.Visit
	if err := e.overridden(&v, live, kept, nil, now); err != nil {
		return err
	}
	if _, err := e.store.Commit(v); err != nil {
		return fmt.Errorf("the overrides could not be recorded: %w", err)
	}
	return nil
}

// arm is a variant as rule sets and overrides are recorded: with what its reward
// costs, and by which code or pool it is known that an order used it.
type arm struct {
	Variant    string  `json:"variant"`
	Weight     int     `json:"weight"`
	Control    bool    `json:"control"`
	CostShare  int     `json:"cost_share,omitempty"` // of 10,000 of the order
	CostAmount float64 `json:"cost_amount,omitempty"`
	Code       string  `json:"code,omitempty"`
	Pool       string  `json:"pool,omitempty"`
}

// arms are the campaign's variants with the weights by which visitors get them:
// the file's, a bandit's parts of 10,000, or control's alone.
func arms(c *rules.Campaign, o Override) []arm {
	out := make([]arm, len(c.Variants))
	for i, v := range c.Variants {
		out[i] = arm{
			Variant: v.ID, Weight: v.Weight, Control: v.Control(),
			CostShare: v.Cost.Share, CostAmount: v.Cost.Amount, Code: v.Code(), Pool: v.Pool,
		}
		switch {
		case o.Harm != nil && &c.Variants[i] == control(c):
			out[i].Weight = 1
		case o.Harm != nil:
			out[i].Weight = 0
		case o.Period > 0:
			out[i].Weight = o.Parts[i]
		}
	}
	return out
}

// announced is the rule set as an omo_rules event, for the warehouse to find
// arms, weights and goals, and for replay to find the rules of any moment.
func (e *Engine) announced(live *Live, now time.Time) ([]byte, error) {
	type goal struct {
		Event  string `json:"event"`
		Window int64  `json:"window_ms"`
		Value  string `json:"value"`
	}
	type campaign struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Status string `json:"status"`
		Phase  string `json:"phase"`
		Slot   string `json:"slot"`
		Arms   []arm  `json:"arms"`
		Goals  []goal `json:"goals"`

		// What buckets are drawn with: analysts draw them again.
		Salt      string `json:"salt"`
		Traffic   int    `json:"traffic"`
		Layer     string `json:"layer,omitempty"`
		LayerLow  int    `json:"layer_low,omitempty"`
		LayerHigh int    `json:"layer_high,omitempty"`
		Bandit    bool   `json:"bandit,omitempty"`
	}
	campaigns := make([]campaign, 0, len(live.Set.Campaigns))
	for _, c := range live.Set.Campaigns {
		out := campaign{ID: c.ID, Name: c.Name, Status: string(c.Status), Phase: live.Phases[c.ID], Slot: c.Slot, Arms: arms(c, Override{Harm: live.Overrides[c.ID].Harm}),
			Salt: c.Salt, Traffic: c.Traffic, Layer: c.Layer, LayerLow: c.LayerLow, LayerHigh: c.LayerHigh, Bandit: c.Bandit}
		for _, g := range c.Goals {
			out.Goals = append(out.Goals, goal{g.Event, g.Window.Milliseconds(), g.Value})
		}
		campaigns = append(campaigns, out)
	}
	derived := make(map[string]string, len(live.Set.Kinds))
	for _, k := range live.Set.Kinds {
		derived[k.Name] = k.Event
	}
	props, err := json.Marshal(map[string]any{
		"rules": live.Set.Hash, "campaigns": campaigns, "derived": derived, "source": live.Set.Source,
		"holdout": live.Set.Site.Holdout,
	})
	if err != nil {
		return nil, err
	}
	return ingest.Encode(&ingest.Event{
		ID: e.newID(), Name: ingest.Rules, Time: clock(now), Received: clock(now), Properties: props,
	})
}
