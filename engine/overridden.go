package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// overridesMark is where the ledger keeps the overrides.
const overridesMark = "overrides"

// keptOverride is an override and the content that it was decided about.
type keptOverride struct {
	Override
	Content string `json:"content"`
}

func (e *Engine) overrides() (map[string]keptOverride, error) {
	kept := map[string]keptOverride{}
	raw, err := e.store.Marked(overridesMark)
	if err != nil || raw == nil {
		return kept, err
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		return nil, fmt.Errorf("the overrides kept in the ledger cannot be read: %w", err)
	}
	return kept, nil
}

// stillOver is what is left of kept with set in use. Those of campaigns that are
// gone are dropped; that of one that is a draft for now still pauses it.
func stillOver(kept map[string]keptOverride, set *rules.Set) map[string]keptOverride {
	out := map[string]keptOverride{}
	for _, c := range set.Campaigns {
		was := kept[c.ID]
		if o, any := was.over(was.Content != c.Content); any {
			out[c.ID] = keptOverride{o, c.Content}
		}
	}
	for id, was := range kept {
		if o, any := was.over(true); any && set.Draft(id) {
			out[id] = keptOverride{Override: o}
		}
	}
	return out
}

// told are the overrides as Live has them.
func told(kept map[string]keptOverride) map[string]Override {
	out := make(map[string]Override, len(kept))
	for id, o := range kept {
		out[id] = o.Override
	}
	return out
}

// override changes what is decided about one campaign, between two visits, and
// gives what was.
func (e *Engine) override(id, did, by string, now time.Time, changes []Change, change func(*rules.Campaign, *Override) error) (was Override, err error) {
	e.using.Lock()
	defer e.using.Unlock()
	now = now.Truncate(time.Millisecond)
	live := e.live.Load()
	c := live.campaign(id)
	switch {
	case c != nil:
	case live.Set.Draft(id):
		return was, refuse("campaign %q is a draft, and drafts never run", id)
	default:
		return was, &refusal{ErrNoCampaign, fmt.Sprintf("no campaign %s in the rules folder", id)}
	}
	kept, err := e.overrides()
	if err != nil {
		return was, err
	}
	was = kept[id].Override
	is := was
	if err := change(c, &is); err != nil {
		return was, err
	}
	if !was.Paused || !is.Paused { // else who paused it stands there
		is.By, is.At = by, clock(now)
	}
	if left, any := is.over(false); any {
		kept[id] = keptOverride{left, c.Content}
	} else {
		delete(kept, id)
	}
	if err := e.decided(live, kept, turn{c, did, by, is, was, changes}, now); err != nil {
		return was, err
	}
	if err := e.store.Sync(); err != nil {
		return was, fmt.Errorf("campaign %s: what was decided is not durable: %w", id, err)
	}
	return was, nil
}

// turn is what was done about one campaign, and how it was before.
type turn struct {
	c       *rules.Campaign
	did, by string
	is, was Override
	changes []Change // by hand, recorded with it
}

// decided swaps the overrides in: with the event, a phase that may begin and the
// letter in one commit, while no visit is under way.
func (e *Engine) decided(live *Live, kept map[string]keptOverride, t turn, now time.Time) error {
	next := *live
	next.Overrides = told(kept)
	e.swap.Lock()
	defer e.swap.Unlock()
	phases, raw, err := e.phases(live.Set, next.Overrides)
	if err != nil {
		return err
	}
	next.Phases = phases
	var v ledger.Visit
	if !maps.Equal(phases, live.Phases) {
		announced, err := e.announced(&next, now)
		if err != nil {
			return err
		}
		v.Events, v.Records = [][]byte{announced}, []ledger.Record{{Name: phasesMark, Value: raw}}
		if len(next.Waiting) > 0 {
			waits, err := e.waits(&next, now)
			if err != nil {
				return err
			}
			v.Events = append(v.Events, waits)
		}
	}
	if err := e.overridden(&v, &next, kept, &t, now); err != nil {
		return err
	}
	for _, c := range t.changes {
		event, err := e.change(c)
		if err != nil {
			return err
		}
		v.Events = append(v.Events, event)
	}
	if v.Out, err = e.alert(live.Set.Site.Alerts, t, now); err != nil {
		return err
	}
	_, err = e.store.Commit(v)
	if errors.Is(err, ledger.ErrFull) && len(v.Out) > 0 { // a campaign is stopped whoever can be told of it
		e.log.Error("nobody is told of a campaign by webhook: the outbox is full", "campaign", t.c.ID, "did", t.did)
		v.Out = nil
		_, err = e.store.Commit(v)
	}
	if err != nil {
		return fmt.Errorf("campaign %s: what was decided could not be recorded: %w", t.c.ID, err)
	}
	e.live.Store(&next)
	return nil
}

// overridden adds to v the overrides as they are from now on, and an omo_override
// event that tells all of them: a decision made again must know.
func (e *Engine) overridden(v *ledger.Visit, live *Live, kept map[string]keptOverride, t *turn, now time.Time) error {
	raw, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	v.Records = append(v.Records, ledger.Record{Name: overridesMark, Value: raw})
	told := overrideTold{Rules: live.Set.Hash, Overrides: live.Overrides}
	if t != nil {
		told.Campaign, told.Phase, told.Did, told.By = t.c.ID, live.Phase(t.c.ID), t.did, t.by
		told.Arms = arms(t.c, t.is)
	}
	props, err := json.Marshal(told)
	if err != nil {
		return err
	}
	event, err := ingest.Encode(&ingest.Event{
		ID: e.newID(), Name: ingest.Override, Time: clock(now), Received: clock(now), Properties: props,
	})
	v.Events = append(v.Events, event)
	return err
}

// overrideTold is an omo_override event's properties: one campaign's change, if
// there was one, and all overrides as they are since.
type overrideTold struct {
	Rules     string              `json:"rules"`
	Campaign  string              `json:"campaign,omitempty"`
	Phase     string              `json:"phase,omitempty"` // from now on, with its period
	Did       string              `json:"did,omitempty"`   // pause | resume | harm_stop | allocate
	By        string              `json:"by,omitempty"`
	Arms      []arm               `json:"arms,omitempty"` // with the weights from now on
	Overrides map[string]Override `json:"overrides"`
}
