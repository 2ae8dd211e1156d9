package guard_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/guard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/rules"
)

var noon = time.Date(2026, 12, 5, 12, 0, 0, 0, time.UTC)

// counts writes arms of 10,000 visitors of which 3 % buy for 6,000 yen, each changed
// as told.
func counts(change map[string]func(a *guard.Arm), variants ...string) []guard.Period {
	p := guard.Period{}
	for _, v := range variants {
		a := guard.Arm{Arm: stats.Arm{Variant: v, N: 10_000, Converted: 300, Sum: 300 * 6_000, SumSquares: 300 * 4.5e7}}
		if do := change[v]; do != nil {
			do(&a)
		}
		p.Arms = append(p.Arms, a)
	}
	return []guard.Period{p}
}

// TestHarm: which variant is named for what, and what is not asked for.
func TestHarm(t *testing.T) {
	t.Parallel()
	bad := func(a *guard.Arm) { a.Converted = 195 }
	failing := func(a *guard.Arm) { a.Failed = 330 }
	closed := func(a *guard.Arm) { a.Closed = 8_000 }
	dear := func(a *guard.Arm) {
		a.Cost = stats.Cost{Sum: 300 * 4_000, SumSquares: 300 * 1.6e7, WithValue: 300 * 4_000 * 6_000}
	}
	for _, c := range []struct {
		name, campaign string
		change         map[string]func(a *guard.Arm)
		want           string // variant guardrail
	}{
		{"nothing differs", twoArms, nil, ""},
		{"fewer convert", twoArms, map[string]func(*guard.Arm){"a": bad}, "a conversion"},
		{"control is the worse one", twoArms, map[string]func(*guard.Arm){"control": bad}, ""},
		{"the discount costs more than it brings", twoArms, map[string]func(*guard.Arm){"a": dear}, "a value"},
		{"the third of three", fourArms, map[string]func(*guard.Arm){"c": bad}, "c conversion"},
		{"two of three: the first of the file", fourArms, map[string]func(*guard.Arm){"c": bad, "b": failing}, "b errors"},
		{"two guardrails: errors come first", twoArms, map[string]func(*guard.Arm){"a": func(a *guard.Arm) { bad(a); failing(a) }}, "a errors"},
		{"fewer convert, and nobody asked", "guardrails: [value, errors, closes]\n" + twoArms, map[string]func(*guard.Arm){"a": bad}, ""},
		{"fewer convert, and only errors are asked for", "guardrails: [errors]\n" + twoArms, map[string]func(*guard.Arm){"a": bad}, ""},
		{"guardrails that were not asked for do not hide others", "guardrails: [closes, conversion]\n" + twoArms, map[string]func(*guard.Arm){"a": func(a *guard.Arm) { bad(a); failing(a) }}, "a conversion"},
		{"four in five close it", twoArms, map[string]func(*guard.Arm){"a": closed}, ""},
		{"and three in five are borne", "guardrails: [{closes: 60%}]\n" + twoArms, map[string]func(*guard.Arm){"a": closed}, "a closes"},
		{"3.3 % meet an error", twoArms, map[string]func(*guard.Arm){"a": failing}, "a errors"},
		{"and 5 % are borne", "guardrails: [{errors: 5%}]\n" + twoArms, map[string]func(*guard.Arm){"a": failing}, ""},
		{"no control", "variants:\n  - {id: a, weight: 1, action: {type: banner, title: a}}\n", map[string]func(*guard.Arm){"a": bad}, ""},
		{"an arm without enough visitors", twoArms, map[string]func(*guard.Arm){"a": func(a *guard.Arm) { *a = guard.Arm{Arm: stats.Arm{Variant: "a", N: 99}, Failed: 99} }}, ""},
		{"an arm that nobody is given any more", strings.Replace(fourArms, "id: b, weight: 20", "id: b, weight: 0", 1), map[string]func(*guard.Arm){"b": bad}, ""},
	} {
		town := newTown(t, 0, 1, c.campaign, nil)
		h, found := guard.Harm(town.campaign("c1"), "JPY", counts(c.change, "c", "b", "a", "control"), noon)
		got := ""
		if found {
			got = h.Variant + " " + h.Guardrail
			if !strings.HasPrefix(h.Ja, "「"+h.Variant+"」は害があります。") || !strings.HasPrefix(h.En, h.Variant+" does harm: ") || h.At != noon.UnixMilli() {
				t.Errorf("%s: %+v", c.name, h)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestArmsShareTheirAlpha: what is harm in one variant is not yet harm in one of
// three, looked at by the same counts; nor do two periods that disagree pool to harm.
func TestArmsShareTheirAlpha(t *testing.T) {
	t.Parallel()
	worse := func(converted uint64) map[string]func(*guard.Arm) {
		return map[string]func(*guard.Arm){"a": func(a *guard.Arm) { a.Converted = converted }}
	}
	lone, three := newTown(t, 0, 1, twoArms, nil).campaign("c1"), newTown(t, 0, 1, fourArms, nil).campaign("c1")
	first := func(c *rules.Campaign) uint64 {
		for converted := uint64(300); ; converted-- {
			if _, found := guard.Harm(c, "", counts(worse(converted), "control", "a", "b", "c"), noon); found {
				return converted
			}
		}
	}
	if l, th := first(lone), first(three); l <= th || l < 200 || th < 190 {
		t.Errorf("harm is seen from %d conversions of 10,000 down, and from %d where three share", l, th)
	}
	sale := counts(nil, "control", "a")[0]
	quiet := guard.Period{Number: 1, Arms: []guard.Arm{
		{Arm: stats.Arm{Variant: "control", N: 2_000, Converted: 20}}, {Arm: stats.Arm{Variant: "a", N: 18_000, Converted: 180}},
	}}
	for i := range sale.Arms {
		sale.Arms[i].Converted, sale.Arms[i].Sum, sale.Arms[i].SumSquares = 1_500, 0, 0
	}
	if h, found := guard.Harm(lone, "", []guard.Period{sale, quiet}, noon); found {
		t.Errorf("a quiet week in which a had nearly all visitors is taken for harm: %+v", h)
	}
}
