package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// ErrErased: this visitor was erased, and its id is not taken again.
var ErrErased = errors.New("the visitor was erased")

// tomb is the tombstone of a visitor. The key is not in the ledger: who has the
// ledger alone cannot try ids.
func (e *Engine) tomb(visitor string) (t ledger.Tomb) {
	mac := hmac.New(sha256.New, e.tombKey)
	mac.Write([]byte(visitor))
	copy(t[:], mac.Sum(nil))
	return t
}

// Disguise is how the audit log names whom it is about, which outlives an erasure:
// 16 hex digits that stay the same, and that who has the log alone cannot try ids
// for, as for tombstones. kind is visitor or person: an id of both is two.
func (e *Engine) Disguise(kind, id string) string {
	mac := hmac.New(sha256.New, e.tombKey)
	mac.Write([]byte(kind + "\x00" + id)) // no id has control characters: none of these is a tombstone
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// Erased says whether a visitor was erased. It is nearly free while nobody was.
func (e *Engine) Erased(visitor string) (bool, error) {
	if e.erased.Load() == 0 {
		return false, nil
	}
	_, stands, err := e.store.Tomb(e.tomb(visitor))
	return stands, err
}

// countErased reads from the ledger how many were erased before this start.
func (e *Engine) countErased() error {
	n := int64(0)
	err := e.store.Tombs(func(ledger.Tomb) error { n++; return nil })
	e.erased.Store(n)
	return err
}

// ErasedVisitors is how many visitors were erased from this ledger: past totals
// of reports may have fallen by so many.
func (e *Engine) ErasedVisitors() int { return int(e.erased.Load()) }

// Erase forgets visitors for good, as one erasure. When it returns, tombstones
// are durable, profiles and what hangs on them are gone, and no event of theirs
// is taken any more; RunErasures does the rest. For a visitor that was erased
// before it gives that erasure.
func (e *Engine) Erase(visitors []string, now time.Time) (*Erasure, error) {
	e.erasing.Lock()
	defer e.erasing.Unlock()
	visitors = slices.Compact(slices.Sorted(slices.Values(visitors)))
	if known, err := e.erasureOf(visitors); known != nil || err != nil {
		return known, err
	}
	return e.entomb(visitors, "", now)
}

// erasureOf is the one erasure of all these visitors, nil if there is none.
func (e *Engine) erasureOf(visitors []string) (*Erasure, error) {
	first := ""
	for i, v := range visitors {
		why, stands, err := e.store.Tomb(e.tomb(v))
		if err != nil || !stands || why == "" || i > 0 && why != first {
			return nil, err
		}
		first = why
	}
	return e.erasure(first)
}

// Erasure gives the erasure of that id, nil where there is none.
func (e *Engine) Erasure(id string) (*Erasure, error) { return e.erasure(ErasureMark + id) }

func (e *Engine) erasure(name string) (*Erasure, error) {
	raw, err := e.store.Marked(name)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	return readErasure(ledger.Record{Name: name, Value: raw})
}

// entomb begins an erasure. The tombstones come first: a visit that begins from
// here on is refused, whatever happens to this process.
func (e *Engine) entomb(visitors []string, user string, now time.Time) (*Erasure, error) {
	x := &Erasure{ID: e.newID(), Asked: now.UTC().Truncate(time.Millisecond), User: user, Removed: map[string]uint64{}}
	x.name(visitors...)
	tombs, news := make([]ledger.Tomb, len(visitors)), 0
	for i, v := range visitors {
		tombs[i] = e.tomb(v)
		_, stands, err := e.store.Tomb(tombs[i])
		if err != nil {
			return nil, err
		}
		if !stands {
			news++
		}
	}
	why, err := x.record()
	if err != nil {
		return nil, err
	}
	records := []ledger.Record{why}
	if user != "" {
		records = append(records, ledger.Record{Name: e.personMark(user), Value: []byte(why.Name)})
	}
	e.erased.Add(1) // before the tombstones stand, so that no visit looks past them
	err = e.store.Entomb(tombs, records...)
	e.erased.Add(int64(news) - 1)
	if err != nil {
		return nil, err
	}
	crash.Point("erase.middle")
	err = e.forget(x)
	select { // also where that failed: the tombstones stand
	case e.toErase <- struct{}{}:
	default: // RunErasures has been told already
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}

// forget takes away what is known of the visitors beside their events. A visit
// that was under way when the tombstones were set has ended when its visitor's
// turn comes, so none of theirs is committed after UpTo.
func (e *Engine) forget(x *Erasure) error {
	for done := 0; done < len(x.Visitors); {
		for _, visitor := range x.Visitors[done:] {
			e.evict(visitor)
		}
		done = len(x.Visitors)
		if err := e.addBrowsers(x); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
	}
	for _, visitor := range x.Visitors {
		gone, err := e.drop(visitor)
		if err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		x.remove(visitor, "profiles", gone.Profiles)
		x.remove(visitor, "timers", gone.Timers)
		x.remove(visitor, "persons", gone.Persons)
		if gone.Codes > 0 { // of most there are none
			x.remove(visitor, "coupon_names", gone.Codes)
		}
	}
	if err := e.unsend(x); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	x.Forgotten, x.UpTo = true, e.store.Last()
	why, err := x.record()
	if err != nil {
		return err
	}
	return e.store.Mark(why.Name, why.Value)
}

// evict makes the next visit of a visitor look for its tombstone.
func (e *Engine) evict(visitor string) {
	s := e.shard(visitor)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.profiles, visitor)
	delete(s.homes, visitor)
}

// addBrowsers sets tombstones for all browsers that share the visitors'
// profiles: who asks to be forgotten is a person. No browser comes to a profile
// whose home has a tombstone and was evicted.
func (e *Engine) addBrowsers(x *Erasure) error {
	var more []string
	for _, visitor := range x.Visitors {
		p, err := e.Profile(visitor)
		if err != nil {
			return err
		}
		if p == nil || len(p.Browsers) == 0 {
			continue
		}
		for _, browser := range p.Visitors() {
			if !slices.Contains(x.Visitors, browser) && !slices.Contains(more, browser) {
				more = append(more, browser)
			}
		}
	}
	return e.take(x, more)
}

// take sets the tombstones of visitors that belong to an erasure under way.
func (e *Engine) take(x *Erasure, more []string) error {
	if len(more) == 0 {
		return nil
	}
	tombs := make([]ledger.Tomb, len(more))
	for i, visitor := range more {
		tombs[i] = e.tomb(visitor)
	}
	x.name(more...)
	why, err := x.record()
	if err != nil {
		return err
	}
	e.erased.Add(int64(len(tombs)))
	return e.store.Entomb(tombs, why)
}

// drop takes away one visitor's profile and what hangs on it.
func (e *Engine) drop(visitor string) (ledger.Forgotten, error) {
	return e.dropIf(visitor, func(*profile.Profile) bool { return true })
}

// dropIf drops what it picks; of a visitor that shares its person's profile
// that is the person, in all browsers.
func (e *Engine) dropIf(visitor string, it func(*profile.Profile) bool) (gone ledger.Forgotten, err error) {
	for home, found := visitor, ""; ; home = found {
		if gone, found, err = e.dropAt(home, visitor, it); found == "" {
			return gone, err
		}
	}
}

// dropAt is dropIf where the visitor's profile is at home; found is where it is
// instead.
func (e *Engine) dropAt(home, visitor string, it func(*profile.Profile) bool) (gone ledger.Forgotten, found string, err error) {
	s := e.shard(home)
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := e.Profile(visitor)
	switch {
	case err != nil || p != nil && !it(p):
		return gone, "", err
	case p == nil:
		delete(s.profiles, home)
		return gone, "", nil
	case p.Home() != home:
		return gone, p.Home(), nil
	}
	if err := e.cameSince(p.User); err != nil {
		return gone, "", err
	}
	delete(s.profiles, home)
	_, over := timers(home, p.Pending, nil)
	var browsers []string
	if len(p.Browsers) > 0 {
		browsers = p.Visitors()[1:]
	}
	gone, err = e.store.Forget(home, over, p.User, browsers...)
	return gone, "", err
}
