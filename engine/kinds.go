package engine

import (
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// kinds are the derived events of a set as the fold stamps them; nil where it
// has none.
func kinds(set *rules.Set) *profile.Kinds {
	if len(set.Kinds) == 0 {
		return nil
	}
	of, places := map[string]string{}, map[string][]int{}
	for i, k := range set.Kinds {
		of[k.Name] = k.Event
		places[k.Event] = append(places[k.Event], i)
	}
	is := func(e *ingest.Event) (names []string) {
		own := places[e.Name]
		if len(own) == 0 {
			return nil
		}
		m := set.Matcher()
		defer set.Release(m)
		seen := event(e)
		for _, i := range own {
			if set.Is(m, &set.Kinds[i], seen) {
				names = append(names, set.Kinds[i].Name)
			}
		}
		return names
	}
	return &profile.Kinds{Of: of, Is: is}
}
