package engine

import (
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine/profile"
)

func (e *Engine) shard(visitor string) *shard { return &e.shards[e.place(visitor)] }

func (e *Engine) place(visitor string) int { return int(maphash.String(e.seed, visitor) % shardCount) }

// load gives the profile that is kept under a visitor, a new one where nothing
// is known; home is set instead where the visitor shares another's profile. The
// shard's lock is held.
func (e *Engine) load(s *shard, visitor string) (p *profile.Profile, home string, err error) {
	if p := s.profiles[visitor]; p != nil {
		return p, "", nil
	}
	if home := s.homes[visitor]; home != "" {
		return nil, home, nil
	}
	// One in memory was not erased: Erase takes it out under this lock.
	switch erased, err := e.Erased(visitor); {
	case err != nil:
		return nil, "", err
	case erased:
		return nil, "", ErrErased
	}
	raw, err := e.store.Profile(visitor)
	if err != nil {
		return nil, "", err
	}
	if raw == nil {
		if home, err = e.store.Home(visitor); err != nil {
			return nil, "", err
		}
		if home != "" {
			forget(s.homes, e.perMax)
			s.homes[strings.Clone(visitor)] = home
			return nil, home, nil
		}
	}
	p, err = e.read(s, visitor, raw)
	return p, "", err
}

// read decodes a profile and keeps it; a new one where raw is nil.
func (e *Engine) read(s *shard, visitor string, raw []byte) (*profile.Profile, error) {
	visitor = strings.Clone(visitor) // it is a part of the request's body
	p := profile.New(visitor)
	if raw != nil {
		var err error
		if p, err = decodeProfile(raw); err != nil {
			return nil, fmt.Errorf("visitor %s: %w", visitor, err)
		}
	}
	forget(s.profiles, e.perMax)
	s.profiles[visitor] = p
	return p, nil
}

// forget makes room for one more. Any one may go: a map's order is random, and
// what is asked for again comes back from the store.
func forget[V any](cache map[string]V, most int) {
	for other := range cache {
		if len(cache) < most {
			return
		}
		delete(cache, other)
	}
}
