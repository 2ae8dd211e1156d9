package ingest

import "testing"

// UUIDv5, as any other tool computes it: a foreign id is the same UUID every time and another one in another system.
func TestForeignID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ namespace, id, want string }{
		{"", "ajs-next-1764547200000-abc", "ba4777b1-c2c1-5630-96be-979a1fba91ab"},
		{"segment", "ajs-next-1764547200000-abc", "6ee66c0e-f7c9-5d1c-bfd4-68f159812277"},
		{"segment", "018F3B1E-7A00-7D10-9B1A-0123456789AB", "018f3b1e-7a00-7d10-9b1a-0123456789ab"},
		{"ga4", "018f3b1e-7a00-7d10-9b1a-0123456789ab", "018f3b1e-7a00-7d10-9b1a-0123456789ab"},
		{"ga4", "ajs-next-1764547200000-abc", "0b205a84-9e1f-5ef0-91d5-9a2e5d8b9fd0"},
	} {
		for range 2 {
			if got := ForeignID(c.namespace, c.id); got != c.want {
				t.Errorf("%q of %q is %s, want %s", c.id, c.namespace, got, c.want)
			}
		}
	}
}
