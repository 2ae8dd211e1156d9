package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

func (l *loader) assemble(all []*checked, site Site, staff []condition, lang *language) *Set {
	s := &Set{Site: site, Source: l.source, Hash: hash(l.source), Pools: lang.pools}
	for _, c := range all {
		if c.Status == Draft { // what it would count, nobody keeps
			s.Drafts = append(s.Drafts, c.Campaign)
			continue
		}
		if err := c.compile(lang); err != nil {
			c.r.fail(c.id, "when", "rule", "cannot be compiled: %v", err)
			return nil
		}
		s.Campaigns = append(s.Campaigns, c.Campaign)
	}
	var err error
	if s.staff, err = lang.compileAll(staff, site.Timezone); err == nil {
		s.segments, err = lang.members(s.Campaigns, site.Timezone)
	}
	if err == nil {
		err = lang.complete(s)
	}
	if err != nil {
		l.folderError(".", fmt.Sprintf("cannot be compiled: %v", err), "")
		return nil
	}
	layers(s.Campaigns)
	s.Rankings, s.Staffed = rankings(s.Campaigns), staffed(s.Campaigns)
	for _, list := range [][]*Campaign{s.Campaigns, s.Drafts} {
		slices.SortFunc(list, func(a, b *Campaign) int {
			return cmp.Or(cmp.Compare(b.Priority, a.Priority), strings.Compare(a.ID, b.ID))
		})
	}
	for _, c := range s.Campaigns {
		c.open = c.Schedule.always()
	}
	s.predicates, s.zones = lang.predicates, lang.zones
	s.index = newIndex(s)
	s.explain = &explainer{lang: lang, trees: map[*Campaign]*part{}}
	s.scratch = &sync.Pool{New: func() any { return newMatcher(s) }}
	return s
}

// hash is the SHA-256 of all files, each name and text after its length, in
// order of names: the same folder anywhere has the same hash. Of a pool only its
// name counts: more codes make no other rule set, since none decides otherwise
// but by the stock, which is logged with each decision.
func hash(source map[string]string) string {
	h := sha256.New()
	for _, name := range sortedKeys(source) {
		text := source[name]
		if strings.HasPrefix(name, "coupons/") {
			text = ""
		}
		fmt.Fprintf(h, "%d:%s%d:%s", len(name), name, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))
}
