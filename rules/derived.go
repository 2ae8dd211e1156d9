package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// derived is a named kind of event: one of another name, when its where holds.
type derived struct {
	event    string // the underlying one
	identity string // of event and where, in every rule set
	parts    []condition
	of       *derived // it is some of these again; nil of all events
	texts    []string // of parts and of's, by which one is told from another
	key      *node    // where its name stands
	places   []int32  // of parts in the set's predicates, once compiled
	compiled bool
}

// canonicalEvents are the names that the shop's own events have.
var canonicalEvents = []string{
	"page_view", "view_item_list", "select_item", "view_item", "add_to_cart", "remove_from_cart", "view_cart",
	"begin_checkout", "add_payment_info", "purchase", "refund", "search", "login", "sign_up",
}

// deriveds checks the derived events of segments.yaml. One that is wrong stays
// known, so that what uses it is not told a second time.
func (r *reader) deriveds(f *segmentsFile, l *language) {
	for _, e := range f.Derived {
		path := join("derived", e.Name)
		if r.wellFormed(text{e.Name, e.Key}, path, eventForm, eventHint) {
			switch {
			case slices.Contains(canonicalEvents, e.Name):
				r.failWith(e.Key, path, "value", e.Name+" is an event already", "give the derived event a name of its own")
				continue // elsewhere the name means that event
			case strings.HasPrefix(e.Name, "omo_"):
				r.failWith(e.Key, path, "value", "names that begin with omo_ are the server's own", "give the derived event another name")
			}
		}
		d := &derived{event: e.Value.Event.S, key: e.Key}
		r.wellFormed(e.Value.Event, join(path, "event"), eventForm, eventHint)
		if e.Value.Event.At != nil && slices.ContainsFunc(f.Derived, func(o entry[derivedFile]) bool { return o.Name == d.event }) {
			r.failWith(e.Value.Event.At, join(path, "event"), "value", quote(d.event)+" is a derived event itself", "name the event that really comes, and join both conditions with &&")
		}
		if e.Value.Where.At != nil {
			d.parts = l.rule(r, e.Value.Where, join(path, "where"), l.eventAlone)
		}
		d.identify()
		l.derived[e.Name] = d
	}
}

func (d *derived) identify() {
	if d.of != nil {
		d.texts = slices.Clone(d.of.texts)
	}
	for _, p := range d.parts {
		d.texts = append(d.texts, canonical(p.tree))
	}
	d.identity = d.event + identity(slices.Clone(d.texts))
}

// some is the name of the events of one name, be it a derived one's, for which a
// where holds too: a derived event that segments.yaml does not have, under a name
// that nobody can write there.
func (l *language) some(r *reader, event string, where ruleText, path string) string {
	d := &derived{event: event, of: l.derived[event], parts: l.rule(r, where, path, l.eventAlone)}
	if d.of != nil {
		d.event = d.of.event
	}
	d.identify()
	if l.unnamed[d.identity] == nil {
		l.unnamed[d.identity] = d
	}
	return d.identity
}

// eventAlone refuses all names but event: whether an event is a derived one may
// depend on nothing but itself, or history could not be counted again.
func (l *language) eventAlone(n ast.Node, fail func(int, string, string)) {
	ast.Walk(&n, &onlyEvent{l, fail})
}

type onlyEvent struct {
	l    *language
	fail func(int, string, string)
}

func (o *onlyEvent) Visit(n *ast.Node) {
	name, suffix := "", ""
	at := (*n).Location()
	switch x := (*n).(type) {
	case *ast.IdentifierNode:
		if x.Value != "event" && o.l.words.roots[x.Value] != nil {
			name = x.Value
		}
	case *ast.CallNode:
		id, ok := x.Callee.(*ast.IdentifierNode)
		if _, own := functions[valueOf(id)]; ok && (own || id.Value == "in_segment") {
			name, suffix, at = id.Value, "()", id.Location()
		}
	}
	if name != "" {
		o.fail(at.From, fmt.Sprintf("%s%s cannot be read here: this condition is asked of the event alone", name, suffix), `read event.…, such as: event.item_category == "shoes"`)
	}
}

// filter is where the conditions of a derived event stand in the set.
func (l *language) filter(d *derived) ([]int32, error) {
	if d.compiled { // compiling changes a tree: it can be done once
		return d.places, nil
	}
	d.compiled = true
	if d.of != nil {
		of, err := l.filter(d.of)
		if err != nil {
			return nil, err
		}
		d.places = slices.Clone(of)
	}
	own, err := l.compileAll(d.parts, l.zoneOfSite)
	d.places = append(d.places, own...)
	return d.places, err
}

// filtered is filter, as the conditions themselves.
func (l *language) filtered(d *derived) (where []*predicate, err error) {
	places, err := l.filter(d)
	if err != nil {
		return nil, fmt.Errorf("derived event on %s: %w", d.event, err)
	}
	for _, at := range places {
		where = append(where, l.predicates[at])
	}
	return where, nil
}

// compileAll is predicate for each of a rule's conditions.
func (l *language) compileAll(parts []condition, zone *time.Location) ([]int32, error) {
	var places []int32
	for _, part := range parts {
		i, err := l.predicate(part, zone)
		if err != nil {
			return nil, err
		}
		places = append(places, i)
	}
	return places, nil
}
