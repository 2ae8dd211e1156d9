package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// variants checks the alternatives and lays them over the 10,000 buckets: a
// range begins at floor(10000·cumulative/total), so they leave no gap.
func (r *reader) variants(f *campaignFile, site Site, pools map[string]Pool) []Variant {
	var out []Variant
	total := 0
	seen := map[string]*node{}
	for i, v := range f.Variants {
		path := fmt.Sprintf("variants[%d]", i)
		r.wellFormed(v.ID, join(path, "id"), idForm, "1 to 64 of a-z, 0-9, _ and -")
		if first := seen[v.ID.S]; first != nil && v.ID.At != nil {
			r.fail(v.ID.At, join(path, "id"), "duplicate", "variant %q is given twice, first on line %d", v.ID.S, first.line)
		}
		seen[v.ID.S] = v.ID.At
		if v.Weight.N < 0 || v.Weight.N > 1_000_000 {
			r.fail(v.Weight.At, join(path, "weight"), "value", "%d is not between 0 and 1000000", v.Weight.N)
		}
		variant := Variant{ID: v.ID.S, Weight: v.Weight.N}
		if v.Action != nil && v.Action.At != nil {
			if slices.Contains(sendTypes, v.Action.Type.S) {
				variant.Send, variant.Action = r.send(v.Action, join(path, "action"), site)
				variant.Cost = Cost{Share: v.Action.Cost.Share.N, Amount: v.Action.Cost.Amount.N}
			} else {
				r.showing(&variant, v.Action, join(path, "action"), site, pools)
			}
		}
		variant.Also, variant.also = r.also(v, path, site)
		total += v.Weight.N
		out = append(out, variant)
	}
	list := f.At.value("variants")
	switch {
	case list == nil || list.kind != sequence:
	case len(out) == 0:
		r.failWith(list, "variants", "missing", "a campaign needs at least one variant", "variants: [{id: control, weight: 50}, {id: a, weight: 50, action: {…}}]")
	case total <= 0 && slices.ContainsFunc(f.Variants, func(v variantFile) bool { return v.Weight.At == nil }): // told there
	case total <= 0:
		r.failWith(list, "variants", "value", "the weights sum to nothing", "give at least one variant a weight above 0")
	default:
		sum := 0
		for i := range out {
			out[i].Low = 10_000 * sum / total
			sum += out[i].Weight
			out[i].High = 10_000 * sum / total
		}
	}
	return out
}

// showing checks an action that visitors see and fills in the variant that shows it.
func (r *reader) showing(v *Variant, f *actionFile, path string, site Site, pools map[string]Pool) {
	v.Channels = r.chat(f, path, site)
	var items []RankItem
	v.Action, items, v.Cost = r.action(f, path, site)
	v.personal = personal(v.Action)
	v.Ranked = rankedOf(f, items)
	v.Pool = r.handed(f, path, pools)
	if f.Type.S == "coupon" {
		v.Expires = f.Expires.D
	}
}

func (n *node) value(key string) *node {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.value
		}
	}
	return nil
}

// contentHash tells one phase of a campaign from the next: 16 hex digits of the
// SHA-256 of ids, weights, actions and pools as JSON, of whether the weights move,
// and of what its derived goals mean.
func contentHash(variants []Variant, bandit bool, goals []string) string {
	type content struct {
		ID     string          `json:"id"`
		Weight int             `json:"weight"`
		Action json.RawMessage `json:"action"`
		Pool   string          `json:"pool,omitempty"`
		Also   json.RawMessage `json:"also,omitempty"`
		Ranked *Ranked         `json:"ranked,omitempty"`
		Chat   []ChatChannel   `json:"chat,omitempty"`
	}
	list := make([]content, len(variants))
	for i, v := range variants {
		list[i] = content{v.ID, v.Weight, v.Action, v.Pool, v.also, v.Ranked, v.Channels}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		panic("rules: actions are JSON we wrote: " + err.Error())
	}
	if bandit {
		raw = append(raw, "\nallocation: bandit"...)
	}
	for _, goal := range goals {
		raw = append(append(raw, '\n'), goal...)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// meant is what the derived events among goals mean, and those with a where: the conversions of two
// meanings are never pooled.
func (l *language) meant(goals []Goal) (meanings []string) {
	for _, g := range goals {
		if d := l.derived[g.Event]; d != nil {
			meanings = insert(meanings, g.Event+" "+d.identity)
		} else if l.unnamed[g.Event] != nil {
			meanings = insert(meanings, g.Event)
		}
	}
	return meanings
}

// poolsOf are the pools that variants hand out codes of, each once, by name.
func poolsOf(variants []Variant) (pools []string) {
	for _, v := range variants {
		if v.Pool != "" {
			pools = append(pools, v.Pool)
		}
	}
	slices.Sort(pools)
	return slices.Compact(pools)
}

// Code is the one code that the action tells everybody; "" where it has none.
func (v Variant) Code() string {
	var told struct {
		Code string `json:"code"`
	}
	if v.Action == nil || v.Send != nil || json.Unmarshal(v.Action, &told) != nil {
		return ""
	}
	return told.Code
}
