package rules

import "maps"

// Kind is some of the events of one name: those for which a condition holds
// that reads nothing but the event.
type Kind struct {
	Name  string // of a derived event, as segments.yaml calls it; its Key where a reminder's where tells it; "" of a trigger's
	Event string // canonical name of the events it is some of
	Key   string // of event and condition, the same in every rule set

	where []*predicate
}

// Is says whether an event is of a kind. A condition that fails is false. It
// leaves alone what m knows of a visit.
func (s *Set) Is(m *Matcher, k *Kind, e Event) bool {
	return e.Name == k.Event && m.every(k.where, e)
}

// every asks conditions that read nothing but an event of one that is looked at
// by itself.
func (m *Matcher) every(where []*predicate, e Event) bool {
	if len(where) == 0 {
		return true
	}
	if m.only == nil {
		m.only = &Env{}
	}
	m.only.Event = e
	defer func() { m.only.Event = Event{} }()
	var boxed any
	for _, p := range where {
		if p.native != nil {
			if !p.native.holds(m.only) {
				return false
			}
			continue
		}
		if boxed == nil {
			boxed = *m.only
		}
		result, err := m.vm.Run(p.program, boxed)
		if err != nil || !result.(bool) {
			return false
		}
	}
	return true
}

// kinds gives the set its derived events, by name.
func (l *language) kinds(s *Set) error {
	all := maps.Clone(l.derived)
	maps.Copy(all, l.unnamed)
	for _, name := range sortedKeys(all) {
		d := all[name]
		where, err := l.filtered(d)
		if err != nil {
			return err
		}
		s.Kinds = append(s.Kinds, Kind{Name: name, Event: d.event, Key: d.identity, where: where})
	}
	return nil
}
