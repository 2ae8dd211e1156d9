package engine_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/engine"
)

// beside does what stories decide about a campaign beside its file: pause,
// resume, harm VARIANT GUARDRAIL, allocate PARTS.
func (s *stage) beside(who, what, campaign string, rest []string) []string {
	s.Helper()
	var err error
	var said []string
	switch what {
	case "pause":
		err = s.engine.Pause(campaign, who, s.now)
	case "resume":
		var was engine.Override
		if was, err = s.engine.Resume(campaign, who, s.now); err == nil {
			said = []string{"it was " + inForce(was)}
		}
	case "harm":
		err = s.engine.StopHarm(campaign, s.engine.Live().Phases[campaign], engine.HarmStop{Variant: rest[0], Guardrail: rest[1], Ja: "害があります", En: "does harm"}, s.now)
	case "allocate":
		var parts []int
		for _, text := range strings.Split(rest[0], ",") {
			n, err := strconv.Atoi(text)
			if err != nil {
				s.Fatal(err)
			}
			parts = append(parts, n)
		}
		err = s.engine.Allocate(campaign, s.engine.Live().Phases[campaign], parts, s.now)
	}
	if err != nil {
		return []string{err.Error()}
	}
	return append(said, s.overrides()...)
}

// overrides are those in force, as stories tell them.
func (s *stage) overrides() []string {
	live := s.engine.Live()
	var said []string
	for _, id := range slices.Sorted(maps.Keys(live.Overrides)) {
		_, from, _ := strings.Cut(live.Phase(id), "-")
		said = append(said, fmt.Sprintf("%s is %s, in the phase from %s", id, inForce(live.Overrides[id]), from))
	}
	if said == nil {
		said = []string{"nothing is overridden"}
	}
	return said
}

func inForce(o engine.Override) string {
	var said []string
	if o.Paused {
		said = append(said, "paused")
	}
	if o.Harm != nil {
		said = append(said, "stopped for harm ("+o.Harm.Variant+", "+o.Harm.Guardrail+")")
	}
	if o.Period > 0 {
		said = append(said, fmt.Sprint("shared out ", o.Parts))
	}
	return strings.Join(append(said, "by "+o.By), " ")
}

// Figures are of a phase: where the campaign is in another one by the time they
// are counted, nothing follows from them.
func TestWhatAnotherPhaseCameToStopsNothing(t *testing.T) {
	t.Parallel()
	e := started(t, newLedger(t), "id: one\nstatus: live\nallocation: bandit\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: "+banner+"}]")
	old := e.Live().Phases["one"] + "0"
	if err := e.StopHarm("one", old, engine.HarmStop{Variant: "a", Guardrail: "value"}, dawn); !errors.Is(err, engine.ErrAsItIs) {
		t.Errorf("stopped by figures of %s: %v", old, err)
	}
	if err := e.Allocate("one", old, []int{100, 9900}, dawn); !errors.Is(err, engine.ErrAsItIs) {
		t.Errorf("weighed by figures of %s: %v", old, err)
	}
	if len(e.Live().Overrides) > 0 {
		t.Error(e.Live().Overrides)
	}
}
