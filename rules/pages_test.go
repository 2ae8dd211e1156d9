package rules

import (
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"pgregory.net/rapid"
)

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ patterns, in, out string }{
		{``, "/ /cart /a/b", ""},
		{`/`, "/", "/cart"},
		{`/cart`, "/cart", "/ /cart/ /cart/x /Cart"},
		{`/items/*`, "/items/1", "/items /items/1/reviews"},
		{`/items/**`, "/items /items/ /items/1 /items/1/reviews", "/itemsale /cart"},
		{`/*/sale`, "/a/sale", "/sale /a/b/sale"},
		{`**/sale`, "/sale /a/b/sale", "/sale/a"},
		{`/items/*-shoes`, "/items/red-shoes", "/items/red-hat"},
		{`/商品/**`, "/商品/靴", "/靴"},
		// a ! takes away, and the last pattern that matches decides
		{`/cart, /items/**, !/items/sale/**`, "/cart /items/1", "/items/sale/1 /"},
		{`/items/**, !/items/sale/**, /items/sale/shoes`, "/items/sale/shoes", "/items/sale/hat"},
		// with only ! patterns, all others
		{`!/checkout, !/thanks`, "/ /cart /checkout/x", "/checkout /thanks"},
	} {
		list := ""
		if c.patterns != "" {
			list = `pages: ["` + strings.ReplaceAll(c.patterns, ", ", `", "`) + `"]`
		}
		p := load(t, "", live("x", "true", list)).Campaigns[0].pages
		for _, path := range strings.Fields(c.in) {
			if !p.match(path) {
				t.Errorf("[%s] does not match %s", c.patterns, path)
			}
		}
		for _, path := range strings.Fields(c.out) {
			if p.match(path) {
				t.Errorf("[%s] matches %s", c.patterns, path)
			}
		}
	}
}

// The short cuts for plain paths and prefixes answer as doublestar does.
func TestPatternEqualsDoublestar(t *testing.T) {
	t.Parallel()
	segment := rapid.SampledFrom([]string{"", "a", "ab", "*", "**", "a*"})
	rapid.Check(t, func(t *rapid.T) {
		text := "/" + strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "pattern"), "/")
		path := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "ab", "abc"}), 0, 4).Draw(t, "path"), "/")
		want, err := doublestar.Match(text, path)
		if err != nil {
			t.Skip(err)
		}
		p := newPattern(text)
		if got := p.match(path); got != want {
			t.Fatalf("%s on %s: %t, doublestar says %t", text, path, got, want)
		}
	})
}
