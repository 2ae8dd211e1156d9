package engine

import (
	"context"
	"encoding/hex"
	"slices"
	"time"
)

// personMark begins the names of the records of which erasure was a person's
// last; a keyed hash of the user_id ends them.
const personMark = "erased-person/"

// personMark is where a person's last erasure is named. No visitor's id has a
// zero byte, so none has the hash.
func (e *Engine) personMark(user string) string {
	of := e.tomb("\x00person\x00" + user)
	return personMark + hex.EncodeToString(of[:])
}

// ErasePerson forgets all browsers of a person, as one erasure: those that share
// the person's profile at once, and any other that was ever known by that
// user_id as RunErasures finds it. Asked again it gives the same erasure, unless
// the person has begun afresh since: who names that user_id afterwards is new.
func (e *Engine) ErasePerson(user string, now time.Time) (*Erasure, error) {
	e.erasing.Lock()
	defer e.erasing.Unlock()
	home, err := e.store.Unit(user)
	if err != nil {
		return nil, err
	}
	name, err := e.store.Marked(e.personMark(user))
	if err != nil {
		return nil, err
	}
	if len(name) > 0 {
		last, err := e.erasure(string(name))
		if err != nil || last != nil && (home == "" || slices.Contains(last.Visitors, home)) {
			return last, err
		}
	}
	if home == "" {
		return e.entomb(nil, user, now)
	}
	return e.entomb([]string{home}, user, now)
}

// cameSince notes, when a profile of a person goes, that there was one after the
// person's last erasure: who asks for the person next is told of what is left of it,
// and not of the erasure of before.
func (e *Engine) cameSince(user string) error {
	if user == "" || e.erased.Load() == 0 {
		return nil
	}
	mark := e.personMark(user)
	name, err := e.store.Marked(mark)
	if err != nil || len(name) == 0 {
		return err
	}
	last, err := e.erasure(string(name))
	if err != nil || last == nil || last.Done.IsZero() {
		return err
	}
	return e.store.Mark(mark, nil)
}

// search finds the browsers of an erasure's person that share no profile with
// the others: those beyond profile.MaxBrowsers, and those whose profile is gone.
// By then all that was recorded of them is in the warehouse, or dead. It is true
// where there were any, and they are forgotten as the others are.
func (e *Engine) search(ctx context.Context, x *Erasure, d Downstream) (more bool, err error) {
	if x.User == "" || x.Searched {
		return false, nil
	}
	theirs, err := d.VisitorsOf(ctx, x.User, x.UpTo)
	if err != nil {
		return false, err
	}
	dead, err := e.store.DeadOf(x.User)
	if err != nil {
		return false, err
	}
	theirs = slices.Compact(slices.Sorted(slices.Values(append(theirs, dead...))))
	theirs = slices.DeleteFunc(theirs, func(v string) bool { return v == "" || slices.Contains(x.Visitors, v) })
	if x.Searched = true; len(theirs) == 0 {
		return false, e.keepErasures([]*Erasure{x})
	}
	// Until forget has noted that they are gone, a start after a crash begins
	// with it, and their events are looked for from the first on.
	x.Forgotten, x.Swept = false, 0
	if err := e.take(x, theirs); err != nil {
		return true, err
	}
	return true, e.forget(x)
}

// Browsers are the visitors that share a person's profile, the home first; none
// of a person who is not known.
func (e *Engine) Browsers(user string) ([]string, error) {
	home, err := e.store.Unit(user)
	if err != nil || home == "" {
		return nil, err
	}
	p, err := e.Profile(home)
	if err != nil || p == nil || p.User != user {
		return nil, err
	}
	return p.Visitors(), nil
}
