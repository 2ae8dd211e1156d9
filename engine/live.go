package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Live is a rule set in use and what belongs to it: immutable, swapped as one.
type Live struct {
	Set    *rules.Set
	Phases map[string]string // campaign → its phase
	// Waiting are the campaigns whose counters are still being filled from the
	// warehouse: an override of the rule set, recorded as omo_waiting.
	Waiting map[string]bool

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
	phases, err := e.phases(set)
	if err != nil {
		return err
	}
	was, err := e.streams()
	if err != nil {
		return err
	}
	live := &Live{Set: set, Phases: phases, terms: terms(set), layers: layers(set), sends: sends(set)}
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
	counting, err := e.cut(live, was, announced, now)
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
func (e *Engine) cut(live *Live, was registry, announced []byte, now time.Time) (registry, error) {
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
	e.live.Store(live)
	return counting, nil
}

// announceWaiting records which campaigns wait from now on, as an omo_waiting
// event: a decision made again must know.
func (e *Engine) announceWaiting(live *Live, now time.Time) error {
	if before := e.live.Load(); len(live.Waiting) == 0 && (before == nil || len(before.Waiting) == 0) {
		return nil
	}
	props, err := json.Marshal(map[string]any{"rules": live.Set.Hash, "campaigns": slices.Sorted(maps.Keys(live.Waiting))})
	if err != nil {
		return err
	}
	event, err := ingest.Encode(&ingest.Event{
		ID: e.newID(), Name: ingest.Waiting, Time: clock(now), Received: clock(now), Properties: props,
	})
	if err != nil {
		return err
	}
	if _, err := e.store.Commit(ledger.Visit{Events: [][]byte{event}}); err != nil {
		return fmt.Errorf("what waits for a back-fill could not be recorded: %w", err)
	}
	return nil
}

// phases gives every campaign's phase, a new one where its content changed,
// and keeps them.
func (e *Engine) phases(set *rules.Set) (map[string]string, error) {
	kept := map[string]phase{}
	raw, err := e.store.Marked(phasesMark)
	if err != nil {
		return nil, err
	}
	if raw != nil {
		if err := json.Unmarshal(raw, &kept); err != nil {
			return nil, fmt.Errorf("campaign phases kept in the ledger cannot be read: %w", err)
		}
	}
	ids := map[string]string{}
	for _, c := range set.Campaigns {
		if kept[c.ID].Content != c.Content {
			kept[c.ID] = phase{ID: fmt.Sprintf("%.8s-%d", c.Content, e.store.Last()+1), Content: c.Content}
		}
		ids[c.ID] = kept[c.ID].ID
	}
	if raw, err = json.Marshal(kept); err != nil {
		return nil, err
	}
	return ids, e.store.Mark(phasesMark, raw)
}

// announced is the rule set as an omo_rules event, for the warehouse to find
// arms, weights and goals, and for replay to find the rules of any moment.
func (e *Engine) announced(live *Live, now time.Time) ([]byte, error) {
	type arm struct {
		Variant string `json:"variant"`
		Weight  int    `json:"weight"`
		Control bool   `json:"control"`
	}
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
	}
	campaigns := make([]campaign, 0, len(live.Set.Campaigns))
	for _, c := range live.Set.Campaigns {
		out := campaign{ID: c.ID, Name: c.Name, Status: string(c.Status), Phase: live.Phases[c.ID], Slot: c.Slot}
		for _, v := range c.Variants {
			out.Arms = append(out.Arms, arm{v.ID, v.Weight, v.Control()})
		}
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
	})
	if err != nil {
		return nil, err
	}
	return ingest.Encode(&ingest.Event{
		ID: e.newID(), Name: ingest.Rules, Time: clock(now), Received: clock(now), Properties: props,
	})
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
