package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Live is a rule set in use and what belongs to it: immutable, swapped as one.
type Live struct {
	Set    *rules.Set
	Phases map[string]string // campaign → its phase
	// Waiting are the campaigns whose counters are still being filled from the
	// warehouse: an override of the rule set, recorded as omo_waiting.
	Waiting map[string]bool
	// Overrides are what was decided about campaigns beside their files, recorded
	// as omo_override.
	Overrides map[string]Override

	terms  profile.Terms
	layers map[string][]*rules.Campaign
	sends  map[string][]*rules.Campaign // event → what the server carries out when it happens
}

// phase is the stretch during which a campaign's variants and weights did not
// change. Its id holds the sequence number it began at, so that going back to
// former content opens a new one.
type phase struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

const phasesMark = "phases"

// Use puts a rule set to work for every visit from now on, and records it:
// its text, its campaigns and their phases, as an omo_rules event. Between two
// visits it cuts the ledger: what is newly counted is counted live after the
// cut, and by the back-fill up to it.
func (e *Engine) Use(set *rules.Set, now time.Time) error {
	e.using.Lock()
	defer e.using.Unlock()
	if e.live.Load() == nil {
		if err := e.countErased(); err != nil {
			return err
		}
	}
	now = now.Truncate(time.Millisecond)
	if err := e.stock(set); err != nil {
		return err
	}
	kept, err := e.overrides()
	if err != nil {
		return err
	}
	overrides := stillOver(kept, set)
	live := &Live{Set: set, Overrides: told(overrides), terms: terms(set), layers: layers(set), sends: sends(set)}
	var raw []byte
	if live.Phases, raw, err = e.phases(set, live.Overrides); err != nil {
		return err
	}
	if err := e.store.Mark(phasesMark, raw); err != nil {
		return err
	}
	was, err := e.streams()
	if err != nil {
		return err
	}
	announced, err := e.announced(live, now)
	if err != nil {
		return err
	}
	// A crash between these two leaves profiles without what is no longer
	// counted, so that is noted before; and profiles that count for an epoch
	// nobody knows: the next Use cuts again, and they start over.
	if still := was.still(set); !maps.Equal(still, was) {
		if err := e.keepStreams(still); err != nil {
			return err
		}
	}
	if len(kept) == 0 {
		overrides = nil // there is nothing to tell of
	}
	counting, err := e.cut(live, was, overrides, announced, now)
	if err != nil {
		return err
	}
	if err := e.keepStreams(counting); err != nil {
		return err
	}
	select {
	case e.wake <- struct{}{}:
	default: // the back-fill has been told already
	}
	return nil
}

// cut makes live the rule set in use while no visit is under way.
func (e *Engine) cut(live *Live, was registry, overrides map[string]keptOverride, announced []byte, now time.Time) (registry, error) {
	e.swap.Lock()
	defer e.swap.Unlock()
	counting := was.forSet(live.Set, e.store.Last())
	live.terms.Streams = profile.NewStreams(streamTerms(live.Set, counting))
	live.Waiting = counting.waiting(live.Set)
	if _, err := e.store.Commit(ledger.Visit{Events: [][]byte{announced}}); err != nil {
		return nil, fmt.Errorf("rule set %s could not be recorded: %w", live.Set.Hash, err)
	}
	if err := e.announceWaiting(live, now); err != nil {
		return nil, err
	}
	if overrides != nil {
		if err := e.announceOverrides(live, overrides, now); err != nil {
			return nil, err
		}
	}
	e.live.Store(live)
	return counting, nil
}

// phases gives every campaign's phase, a new one where its content changed or it
// was stopped for harm or goes on after that; and what is to be kept of them.
func (e *Engine) phases(set *rules.Set, overrides map[string]Override) (ids map[string]string, keep []byte, err error) {
	kept := map[string]phase{}
	raw, err := e.store.Marked(phasesMark)
	if err != nil {
		return nil, nil, err
	}
	if raw != nil {
		if err := json.Unmarshal(raw, &kept); err != nil {
			return nil, nil, fmt.Errorf("campaign phases kept in the ledger cannot be read: %w", err)
		}
	}
	ids = map[string]string{}
	for _, c := range set.Campaigns {
		content := c.Content
		if overrides[c.ID].Harm != nil {
			content += "|harm"
		}
		if kept[c.ID].Content != content {
			kept[c.ID] = phase{ID: fmt.Sprintf("%.8s-%d", c.Content, e.store.Last()+1), Content: content}
		}
		ids[c.ID] = kept[c.ID].ID
	}
	keep, err = json.Marshal(kept)
	return ids, keep, err
}

func terms(set *rules.Set) profile.Terms {
	t := profile.Terms{Gap: set.Site.SessionGap, Kinds: kinds(set), Here: here(set), Goals: map[string][]profile.Goal{}, Free: map[string]bool{}, Sends: map[string]bool{}, Pooled: map[string]map[string]bool{}}
	for _, c := range set.Campaigns {
		if len(c.Pools) > 0 {
			t.Pooled[c.ID] = map[string]bool{}
			for _, v := range c.Variants {
				t.Pooled[c.ID][v.ID] = v.Pool != ""
			}
		}
		for _, on := range c.On {
			switch living := c.Status == rules.Live || c.Status == rules.Shadow; {
			case living && on.Kind == "absent":
				t.Absences = append(t.Absences, profile.Absence{Campaign: c.ID, Event: on.Event, After: on.After, Within: on.Within})
			case living && on.Kind == "reminder":
				t.Reminders = append(t.Reminders, profile.Reminder{Campaign: c.ID, Event: on.Event, Moment: on.Moment, Offset: on.Offset, Keep: c.Props()})
			}
		}
		if c.Sends() {
			t.Sends[c.ID] = true
		}
		t.Free[c.ID] = len(c.Frequency) == 0 && c.Layer == "" && len(set.Site.Budget["all"]) == 0
		for _, g := range c.Goals[:min(1, len(c.Goals))] { // the main goal is what stops a campaign
			t.Goals[g.Event] = append(t.Goals[g.Event], profile.Goal{Campaign: c.ID, Window: g.Window})
		}
	}
	return t
}

// has says whether a campaign has a variant of that name.
func (l *Live) has(campaign, variant string) bool {
	for _, c := range l.Set.Campaigns {
		if c.ID == campaign {
			return slices.ContainsFunc(c.Variants, func(v rules.Variant) bool { return v.ID == variant })
		}
	}
	return false
}

// believed are the traits that site.yaml declares and that came in a way it
// trusts. An undeclared trait is nobody's business.
func (l *Live) believed(traits map[string]any, signed bool) map[string]any {
	if len(traits) == 0 {
		return nil
	}
	out := map[string]any{}
	for name, value := range traits {
		spec, declared := l.Set.Site.Traits[name]
		if !declared || (spec.Trust == "signed" && !signed) {
			continue
		}
		if hasType(value, spec.Type) {
			out[name] = value
		}
	}
	return out
}

// maxTrait bounds a trait's text, in bytes: a profile is read at every visit.
const maxTrait = 512

func hasType(value any, declared string) bool {
	switch v := value.(type) {
	case string:
		return declared == "string" && len(v) <= maxTrait
	case float64:
		return declared == "number"
	case bool:
		return declared == "boolean"
	default:
		return false
	}
}
