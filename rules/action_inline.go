package rules

import (
	"fmt"
	"strings"
)

// Bounds of an inline action, in px, and of its selector's length.
const (
	maxHeight = 2000
	maxPlace  = 200
)

// heightFile is how much room is kept free: one number of px, or one for each
// kind of screen.
type heightFile struct {
	At              *node
	Each            integer
	Mobile, Desktop integer
}

func (h *heightFile) read(r *reader, n *node, path string) {
	const hint = "write 120, or {mobile: 180, desktop: 120}"
	h.At = n
	switch n.kind {
	case integral:
		h.Each.read(r, n, path)
	case mapping:
		for key, p := range r.each(n, path) {
			switch key {
			case "mobile":
				h.Mobile.read(r, p.value, join(path, key))
			case "desktop":
				h.Desktop.read(r, p.value, join(path, key))
			default:
				r.fail(p.key, join(path, key), "unknown_key", "unknown key %s%s", quote(key), didYouMean(key, []string{"mobile", "desktop"}))
			}
		}
		for _, key := range []string{"mobile", "desktop"} {
			if !n.has(key) && !n.holdsRefused() {
				r.failWith(n, join(path, key), "missing", quote(key)+" is missing", hint)
			}
		}
	default:
		r.expected(n, path, "a height", hint)
	}
}

// heights are what the browser gets for {mobile, desktop}.
type heights struct {
	Mobile  int `json:"mobile"`
	Desktop int `json:"desktop"`
}

// inline checks where an action goes into the page, and the room it has there:
// without one the page would jump when it comes.
func (r *reader) inline(f *actionFile, path string) (selector string, height any) {
	at := join(path, "selector")
	switch s := f.Selector; {
	case s.At == nil && !f.At.has("selector"):
		r.failWith(f.At, path, "missing", `an inline action needs a "selector"`, `selector: "#recommend", the place in the page that it goes into`)
	case s.At != nil && (strings.TrimSpace(s.S) == "" || len(s.S) > maxPlace || strings.ContainsAny(s.S, "{};<\n\\")):
		r.failWith(s.At, at, "value", quote(s.S)+" is not a CSS selector", `write "#recommend" or ".product .after-price", of up to 200 bytes`)
	}
	if f.Height.At == nil {
		if !f.At.has("height") {
			r.failWith(f.At, path, "missing", `an inline action needs a "height"`, "height: 120, in px, or {mobile: 180, desktop: 120}: the room that is kept free, so that the page does not jump")
		}
		return f.Selector.S, nil
	}
	for _, h := range []integer{f.Height.Each, f.Height.Mobile, f.Height.Desktop} {
		if h.At != nil && (h.N < 1 || h.N > maxHeight) {
			r.fail(h.At, join(path, "height"), "value", "%d is not between 1 and %d px", h.N, maxHeight)
		}
	}
	if f.Height.Each.At != nil {
		return f.Selector.S, f.Height.Each.N
	}
	return f.Selector.S, heights{f.Height.Mobile.N, f.Height.Desktop.N}
}

// placed settles the place of a campaign's inline actions. It is one, and the
// campaign's slot unless another is given: where the page does not have it no
// arm opens, and control is told of the same place.
func (r *reader) placed(c *Campaign, f *campaignFile) {
	for i, v := range f.Variants {
		if v.Action == nil || v.Action.Type.S != "inline" || v.Action.Selector.At == nil {
			continue
		}
		switch s := v.Action.Selector; c.Selector {
		case "":
			c.Selector = s.S
		case s.S:
		default:
			r.failWith(s.At, fmt.Sprintf("variants[%d].action.selector", i), "value", "the variants of a campaign go into one place, and this is not "+quote(c.Selector)+" as before", "make two campaigns, each with a control of its own")
		}
	}
	if c.Slot == "" {
		c.Slot = c.Selector
	}
}
