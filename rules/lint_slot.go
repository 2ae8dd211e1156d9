package rules

import (
	"fmt"
	"slices"
)

// slots compares the live campaigns of each slot: one that another always beats,
// and two of which chance would choose.
func (x *linter) slots() {
	bySlot := map[string][]*examined{}
	for _, e := range x.all {
		if e.Slot != "" && e.Status == Live && len(e.truth) > 0 {
			bySlot[e.Slot] = append(bySlot[e.Slot], e)
		}
	}
	for _, slot := range sortedKeys(bySlot) {
		list := bySlot[slot]
		slices.SortStableFunc(list, func(a, b *examined) int { return b.Priority - a.Priority })
		for i, e := range list {
			x.beaten(e, list[:i])
			x.tie(e, list[:i])
		}
	}
}

// beaten looks among the campaigns before e for one that takes the slot whenever
// e could: it is let in wherever e is, and nothing ever holds it back.
func (x *linter) beaten(e *examined, before []*examined) {
	for _, b := range before {
		if b.Priority == e.Priority {
			return
		}
		if !b.unbounded() || !sameTriggers(b.On, e.On) || !b.Schedule.covers(e.Schedule, b.Zone.String() == e.Zone.String()) ||
			!e.Campaign.pages.within(&b.Campaign.pages) || !x.implies(e, b) {
			continue
		}
		x.report.warn(e.id, "priority", "always_beaten", fmt.Sprintf("it is never shown: campaign %q takes the slot %q whenever this one could, with priority %d over %d", b.ID, e.Slot, b.Priority, e.Priority),
			"give this one the higher priority, or bound the other by a frequency or a narrower rule")
		return
	}
}

// unbounded says that a campaign opens for everybody whom its rule lets in.
func (e *examined) unbounded() bool {
	if len(e.Frequency) > 0 || e.Stop != (Stop{}) || e.Traffic != 10_000 || e.Layer != "" {
		return false
	}
	return !slices.ContainsFunc(e.written.Variants, func(v variantFile) bool {
		return v.Action != nil && v.Action.At.has("pool") // which may run out
	})
}

func sameTriggers(a, b []Trigger) bool {
	names := func(list []Trigger) (out []string) {
		for _, t := range list {
			out = append(out, t.String())
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(names(a), names(b)) && !slices.ContainsFunc(a, func(t Trigger) bool { return t.Kind == "event" || t.Kind == "absent" })
}

// implies says that b's rule is true whenever e's is, for sure.
func (x *linter) implies(e, b *examined) bool {
	for _, c := range b.clauses {
		if !c.total {
			return false
		}
		for _, lie := range c.lies {
			if !x.apart(e.truth, lie) {
				return false
			}
		}
	}
	return true
}

// apart says that no visit is in both, for sure.
func (x *linter) apart(a regions, b region) bool {
	for _, r := range a {
		if x.effort--; x.effort < 0 {
			return false
		}
		if !r.apart(b) {
			return false
		}
	}
	return true
}

// tie looks for a campaign of the same priority that can match the same visit.
func (x *linter) tie(e *examined, before []*examined) {
	for _, b := range slices.Backward(before) {
		if b.Priority != e.Priority {
			return
		}
		if b.Layer != "" && b.Layer == e.Layer || b.onPageView() != e.onPageView() || b.Schedule.apart(e.Schedule, b.Zone.String() == e.Zone.String()) || b.Campaign.pages.apart(&e.Campaign.pages) || !x.meet(b, e) {
			continue
		}
		at := e.id
		if e.written.Priority.At != nil {
			at = e.written.Priority.At
		}
		x.report.warn(at, "priority", "tie", fmt.Sprintf("campaign %q has the same slot %q and priority %d: of two that match, the smaller id is shown", b.ID, e.Slot, e.Priority), "give one of them a higher priority")
		return
	}
}

func (x *linter) meet(a, b *examined) bool {
	for _, r := range b.truth {
		if !x.apart(a.truth, r) {
			return x.effort >= 0
		}
	}
	return false
}
