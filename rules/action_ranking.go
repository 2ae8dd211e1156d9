package rules

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Bounds and defaults of a ranking out of the warehouse.
const (
	rankedWindow    = 7 * 24 * time.Hour
	maxRankedWindow = 90 * 24 * time.Hour
	rankedLimit     = 5
	maxRankedLimit  = 10
)

// Ranking is which items are best: those of most events in the window.
type Ranking struct {
	Event  string
	Window time.Duration
	Limit  int
}

// Key names the ranking in logs and facts.
func (k Ranking) Key() string { return fmt.Sprintf("%s %s %d", k.Event, k.Window, k.Limit) }

// Ranked is a ranking as a variant shows it. Written is what it shows while the
// warehouse knows of no item; without it the campaign waits, every arm of it.
type Ranked struct {
	Ranking
	Written []RankItem
}

// ranked checks where a ranking's items come from.
func (r *reader) ranked(f *actionFile, path string) {
	const hint = "items: [{name: …, url: /items/1, price: 980}], or event: purchase for what sells best"
	if !f.At.has("event") {
		if len(f.Items) == 0 && (!f.At.has("items") || f.At.value("items").kind == sequence) {
			r.failWith(f.At, path, "missing", `a ranking needs "items" or an "event"`, hint)
		}
		for _, key := range []string{"window", "limit"} {
			if f.At.has(key) {
				r.failWith(f.At.value(key), join(path, key), "value", quote(key)+" goes with an event", "event: purchase")
			}
		}
		return
	}
	r.wellFormed(f.Event, join(path, "event"), eventForm, "lower case letters, digits and _, a letter first, such as purchase")
	if f.Window.At != nil && f.Window.D > maxRankedWindow {
		r.fail(f.Window.At, join(path, "window"), "value", "%s is longer than 90d", f.Window.At.text)
	}
	if f.Limit.At != nil && (f.Limit.N < 1 || f.Limit.N > maxRankedLimit) {
		r.fail(f.Limit.At, join(path, "limit"), "value", "%d is not between 1 and %d", f.Limit.N, maxRankedLimit)
	}
}

// rankedOf is the ranking that f shows, nil where its items are all written.
func rankedOf(f *actionFile, items []RankItem) *Ranked {
	if f.Type.S != "ranking" || f.Event.At == nil {
		return nil
	}
	return &Ranked{
		Ranking: Ranking{f.Event.S, cmp.Or(f.Window.D, rankedWindow), cmp.Or(f.Limit.N, rankedLimit)},
		Written: items,
	}
}

// rankings are those of the campaigns that can show them, each once, in order.
func rankings(campaigns []*Campaign) (out []Ranking) {
	for _, c := range campaigns {
		for _, v := range c.Variants {
			if v.Ranked != nil && !slices.Contains(out, v.Ranked.Ranking) {
				out = append(out, v.Ranked.Ranking)
			}
		}
	}
	slices.SortFunc(out, func(a, b Ranking) int { return cmp.Compare(a.Key(), b.Key()) })
	return out
}

// Unranked says that c has a variant whose ranking has no item, and none
// written: no arm of it comes then. empty asks of a ranking by its key.
func (c *Campaign) Unranked(empty func(key string) bool) bool {
	return slices.ContainsFunc(c.Variants, func(v Variant) bool {
		return v.Ranked != nil && len(v.Ranked.Written) == 0 && empty(v.Ranked.Key())
	})
}
