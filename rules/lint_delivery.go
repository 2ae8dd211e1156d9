package rules

import (
	"fmt"
	"slices"
)

// delivery looks at when and how often a campaign opens.
func (x *linter) delivery(e *examined) {
	once := slices.Contains(e.Frequency, Limit{Max: 1, Per: Window{Kind: "lifetime"}})
	for i, v := range e.written.Variants {
		if v.Action == nil {
			continue
		}
		path := fmt.Sprintf("variants[%d].action", i)
		if v.Action.Expires.At != nil && !once {
			x.report.warn(v.Action.Expires.At, path+".expires", "endless_countdown", "the coupon may come again once it has expired: then it does not open, and control counts all the same", "add frequency: {max: 1}, once ever")
		}
	}
	if at, path := e.dialog(); at != nil && e.onPageView() && len(e.Frequency) == 0 && e.Stop == (Stop{}) {
		x.report.warn(at, path, "frequency_missing", "it covers the page on every page view, without end", "add frequency: [{max: 1, per: session}, {after: {closes: 1}}]")
	}
	if i := slices.IndexFunc(e.written.On, func(t triggerFile) bool { return t.Word == "exit_intent" }); i >= 0 && x.onlyMobile(e) {
		x.report.warn(e.written.On[i].At, "on", "exit_intent_mobile", "on a phone no pointer leaves the window: only a fast scroll upwards counts as leaving", "for phones use {dwell: 20s}, {scroll: 50%} or tab_return")
	}
}

func (e *examined) onPageView() bool { return len(e.On) == 1 && e.On[0].Kind == "page_view" }

// dialog is where it is written that the campaign covers the page: an action
// that is a dialog, or the slot of those.
func (e *examined) dialog() (at *node, path string) {
	for i, v := range e.written.Variants {
		if v.Action == nil {
			continue
		}
		if kind := v.Action.Type.S; kind == "modal" || kind == "coupon" && v.Action.Position.At == nil || places[kind] != nil && v.Action.Position.S == "center" {
			return v.Action.Type.At, fmt.Sprintf("variants[%d].action.type", i)
		}
	}
	if e.Slot == "modal" {
		return e.written.Slot.At, "slot"
	}
	return nil, ""
}

// onlyMobile says that the rule lets no other device in.
func (x *linter) onlyMobile(e *examined) bool {
	at, read := x.space.values[`(. device "type") t`]
	if !read || len(e.truth) == 0 {
		return false
	}
	mobile := wordings{some: []string{"mobile"}, but: true}
	for _, r := range e.truth {
		if _, ok := r.both(region{{at, domain{kind: 't', text: mobile}}}); ok {
			return false
		}
	}
	return true
}

// waits looks at what a campaign asks of the events it waits for.
func (x *linter) waits(e *examined) {
	for i, on := range e.written.On {
		path := "on.where"
		if len(e.written.On) > 1 {
			path = fmt.Sprintf("on[%d].where", i)
		}
		if on.Args.Where.At != nil && len(x.rule(on.Args.Where, path, x.clauses(on.Args.Where, path))) == 0 {
			e.truth = nil
		}
	}
}
