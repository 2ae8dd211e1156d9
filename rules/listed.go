package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// Of a list of triggers the client calls when the last has come. What an event
// before it held is known only when that event comes: the conditions that read
// it are asked then, and what the answer was is kept for as long as its page is
// there. The others are asked when the last trigger comes.

// listed refuses a condition of a list's event that reads the event and the
// visitor at once: there is no moment at which both are known.
func (r *reader) listed(waits []awaited) {
	for _, w := range waits {
		for _, p := range w.parts {
			if s := (apartFromEvent{}); s.finds(p.tree) && look(p.tree).event {
				r.failWith(w.at, w.path, "value", fmt.Sprintf("%s reads the event and more: in a list of triggers the event is looked at when it comes, and %s when the last trigger does", quote(p.text), s.first),
					"join conditions that read event.… alone and conditions that do not with &&, or let the event stand alone in on")
			}
		}
	}
}

// apartFromEvent finds what a settled condition reads besides the event.
type apartFromEvent struct{ first string }

func (a *apartFromEvent) finds(n ast.Node) bool {
	ast.Walk(&n, a)
	return a.first != ""
}

func (a *apartFromEvent) Visit(n *ast.Node) {
	id, ok := (*n).(*ast.IdentifierNode)
	if !ok || a.first != "" {
		return
	}
	switch root, _, _ := strings.Cut(id.Value, "."); root {
	case "event", "$env", "known":
	case "counter":
		a.first = "what is counted"
	case "fact":
		a.first = "what is known from outside"
	default:
		a.first = root
	}
}

// besides compiles what an event trigger of a list asks.
func (w *awaited) besides(l *language, t *Trigger, zone *time.Location) error {
	var own, other []condition
	var texts []string
	for _, p := range w.parts {
		if look(p.tree).event {
			own, texts = append(own, p), append(texts, canonical(p.tree))
		} else {
			other = append(other, p)
		}
	}
	t.Key = t.Event
	if w.derived != nil {
		t.Key = w.derived.identity
		t.seen = slices.Clone(t.where)
	}
	if len(texts) > 0 {
		t.Key += identity(texts)
	}
	if t.Key == t.Event {
		t.Key = "" // any event of that name will do, and the client tells
	}
	places, err := l.compileAll(own, zone)
	if err != nil {
		return err
	}
	t.seen = append(t.seen, places...)
	t.beside, err = l.compileAll(other, zone)
	t.where = slices.Concat(t.seen, t.beside)
	return err
}

// identity of conditions, in whatever order and however often they are written.
func identity(texts []string) string {
	slices.Sort(texts)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(texts), "\n")))
	return "{" + hex.EncodeToString(sum[:8]) + "}"
}

// here notes the events that lists wait for, each kind once, by key.
func (l *language) here(s *Set) {
	for _, c := range s.Campaigns {
		for _, t := range c.On {
			if t.Key == "" {
				continue
			}
			k := Kind{Event: t.Event, Key: t.Key}
			for _, at := range t.seen {
				k.where = append(k.where, l.predicates[at])
			}
			at, found := slices.BinarySearchFunc(s.Here, k.Key, func(k Kind, key string) int { return strings.Compare(k.Key, key) })
			if !found {
				s.Here = slices.Insert(s.Here, at, k)
			}
		}
	}
}

// Beside answers the conditions of an event trigger of a list that do not read
// the event, when another trigger came last. It uses m as Match does.
func (s *Set) Beside(m *Matcher, t *Trigger, env Env, now time.Time) (bool, error) {
	return s.holds(m, t.beside, env, now)
}

// Conditions are what an event trigger asks, as people read it: of the event
// itself, and, of a list's, of the visitor at the moment of the last trigger.
// Both are empty where any event of its name will do.
func (s *Set) Conditions(t *Trigger) (seen, beside []string) {
	own := t.seen
	if own == nil && t.beside == nil {
		own = t.where
	}
	for _, at := range own {
		seen = append(seen, s.predicates[at].text)
	}
	for _, at := range t.beside {
		beside = append(beside, s.predicates[at].text)
	}
	return seen, beside
}
