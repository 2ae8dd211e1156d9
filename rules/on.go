package rules

import (
	"fmt"
	"slices"
	"strings"
)

// awaited is what an event trigger asks of its event, before it is compiled.
type awaited struct {
	name    string // as written
	derived *derived
	parts   []condition
	at      *node  // of its where; nil if it has none
	path    string // likewise
}

// plainTriggers are written as a word.
var plainTriggers = []string{"page_view", "exit_intent", "tab_return"}

// triggerForms are those that take an argument, how they are written, and what
// they lack when they are not.
var triggerForms = map[string]struct{ lacks, form string }{
	"dwell":   {"a time", "{dwell: 30s}"},
	"scroll":  {"a depth", "{scroll: 50%}"},
	"idle":    {"a time", "{idle: 20s}"},
	"in_view": {"a selector", `{in_view: "#reviews"}`},
	"event":   {"a name", "{event: add_to_cart}"},
	"absent":  {"its events and a time", "{absent: {event: purchase, after: add_to_cart, within: 1h}}"},
}

// maxSelector bounds an element's selector, in bytes: clients send it back.
const maxSelector = 72

// triggers checks `on`: all of the list must happen.
func (r *reader) triggers(list []triggerFile, l *language) (on []Trigger, waits []awaited) {
	for i, f := range list {
		path := "on"
		if len(list) > 1 {
			path = fmt.Sprintf("on[%d]", i)
		}
		t, w, ok := r.trigger(f, path, l)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(on, func(o Trigger) bool { return o.Kind == t.Kind && o.Selector == t.Selector && o.Event == t.Event }); i >= 0 && waits[i].name == w.name {
			r.fail(f.At, path, "duplicate", "%s is given twice", t.Kind)
			continue
		}
		switch {
		case t.Kind == "page_view" && len(list) > 1:
			r.warn(f.At, path, "redundant_trigger", "page_view adds nothing to other triggers", "remove it")
			continue
		case t.Kind == "reminder" && len(list) > 1:
			r.failWith(f.At, path, "value", "a reminder stands alone: nobody is there when its time comes", "remove the other triggers, or make two campaigns")
		case t.Kind == "absent" && len(list) > 1:
			r.failWith(f.At, path, "value", "absent stands alone: nobody is there when it happens", "remove the other triggers, or make two campaigns")
		}
		on, waits = append(on, t), append(waits, w)
	}
	if len(on) > 1 {
		r.listed(waits)
	}
	if len(on) == 0 {
		on, waits = []Trigger{{Kind: "page_view"}}, []awaited{{}}
	}
	return on, waits
}

// trigger checks one; ok is false after a complaint that leaves nothing of it.
func (r *reader) trigger(f triggerFile, path string, l *language) (t Trigger, w awaited, ok bool) {
	switch {
	case f.At == nil:
		return t, w, false
	case f.At.kind == str:
		return Trigger{Kind: f.Word}, w, r.triggerWord(f, path, l)
	case len(f.At.pairs) == 0:
		r.expected(f.At, path, "a trigger", "write page_view, exit_intent or {dwell: 30s}")
		return t, w, false
	}
	if a, b := twoOf(f.At); b != "" {
		r.failWith(f.At, path, "value", fmt.Sprintf("%s and %s are two triggers", a, b), fmt.Sprintf("make them two items of a list: both must happen: [{%s: …}, {%s: …}]", a, b))
		return t, w, false
	}
	a := &f.Args
	if a.Where.At != nil && !f.At.has("event") {
		r.failWith(a.Where.At, join(path, "where"), "value", "where goes with event", "put the condition into when")
		return t, w, false
	}
	switch {
	case a.Dwell.At != nil:
		return Trigger{Kind: "dwell", Dwell: a.Dwell.D}, w, true
	case a.Idle.At != nil:
		return Trigger{Kind: "idle", Dwell: a.Idle.D}, w, true
	case a.Scroll.At != nil:
		t = Trigger{Kind: "scroll", Percent: a.Scroll.N / 100}
		if a.Scroll.N%100 != 0 || t.Percent == 0 {
			r.failWith(a.Scroll.At, join(path, "scroll"), "value", quote(a.Scroll.At.text)+" is not a depth", "write a whole percentage from 1% to 100%")
		}
		return t, w, true
	case a.InView.At != nil:
		t = Trigger{Kind: "in_view", Selector: a.InView.S}
		if s := t.Selector; strings.TrimSpace(s) != s || s == "" || len(s) > maxSelector || strings.ContainsAny(s, "{}<\n") {
			r.failWith(a.InView.At, join(path, "in_view"), "value", quote(s)+" is not a selector", fmt.Sprintf(`write 1 to %d characters of CSS, such as "#reviews"`, maxSelector))
		}
		return t, w, true
	case a.Moment.At == nil && a.Offset.At != nil:
		r.failWith(a.Offset.At, join(path, "offset"), "value", "offset goes with at", "write {event: booking, at: event.starts_at, offset: -24h}")
		return t, w, false
	case a.Event.At == nil && a.Moment.At != nil:
		r.failWith(a.Moment.At, join(path, "at"), "value", "at goes with event", "write {event: booking, at: event.starts_at, offset: -24h}")
		return t, w, false
	case a.Event.At != nil:
		return r.eventTrigger(a, path, l)
	case a.Absent != nil && a.Absent.At != nil:
		return r.absence(a.Absent, join(path, "absent")), w, true
	}
	return t, w, false // told while reading
}

// twoOf names the first two triggers of a mapping; b is "" when there is one.
func twoOf(n *node) (a, b string) {
	for _, p := range n.pairs {
		if _, ok := triggerForms[p.key.text]; !ok || p.key.text == a {
			continue
		}
		if a != "" {
			return a, p.key.text
		}
		a = p.key.text
	}
	return a, ""
}

// triggerWord checks a trigger that is written as a word.
func (r *reader) triggerWord(f triggerFile, path string, l *language) bool {
	kind, amount, _ := strings.Cut(f.Word, ":")
	form, takes := triggerForms[kind]
	switch {
	case slices.Contains(plainTriggers, f.Word):
		return true
	case takes && kind == f.Word:
		r.failWith(f.At, path, "value", fmt.Sprintf("%s needs %s", kind, form.lacks), "write "+form.form)
	case takes && kind != "event" && kind != "absent":
		r.failWith(f.At, path, "value", quote(f.Word)+" is what browsers send", fmt.Sprintf("write {%s: %s}", kind, strings.TrimSpace(amount)))
	case slices.Contains(canonicalEvents, f.Word) || l.derived[f.Word] != nil:
		r.failWith(f.At, path, "value", f.Word+" is an event", fmt.Sprintf("write {event: %s}", f.Word))
	default:
		known := append(sortedKeys(triggerForms), plainTriggers...)
		r.failWith(f.At, path, "value", "unknown value "+quote(f.Word)+didYouMean(f.Word, known),
			`one of page_view, exit_intent, tab_return, {dwell: 30s}, {scroll: 50%}, {idle: 20s}, {in_view: "#reviews"}, {event: add_to_cart}, {absent: …}`)
	}
	return false
}

func (r *reader) eventTrigger(a *triggerArgs, path string, l *language) (t Trigger, w awaited, ok bool) {
	name := a.Event.S
	_, takes := triggerForms[name]
	if takes || slices.Contains(plainTriggers, name) {
		hint := "write on: " + name
		if takes {
			hint = "write " + triggerForms[name].form
		}
		r.failWith(a.Event.At, join(path, "event"), "value", name+" is a trigger of its own", hint)
		return t, w, false
	}
	r.wellFormed(a.Event, join(path, "event"), eventForm, eventHint)
	t, w.name = Trigger{Kind: "event", Event: name}, name
	if a.Moment.At != nil {
		if t = r.reminder(a, path, t); a.Where.At != nil {
			t.Event = l.some(r, name, a.Where, join(path, "where"))
		}
		return t, w, true
	}
	if d := l.derived[name]; d != nil {
		t.Event, w.derived = d.event, d
	}
	if a.Where.At != nil {
		w.at, w.path = a.Where.At, join(path, "where")
		w.parts = l.conditions(r, a.Where, w.path)
	}
	return t, w, true
}

// absence checks {absent: {event, after, within}}.
func (r *reader) absence(f *absentFile, path string) Trigger {
	r.wellFormed(f.Event, join(path, "event"), eventForm, eventHint)
	r.wellFormed(f.After, join(path, "after"), eventForm, eventHint)
	return Trigger{Kind: "absent", Event: f.Event.S, After: f.After.S, Within: f.Within.D}
}
