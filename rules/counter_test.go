package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// past answers counters by how they read, and notes how often it was asked.
type past struct {
	set   *Set
	tells map[string]any // count("purchase", "30d") → float64 or string; the rest never happened
	asked []int          // by counter
}

func (p *past) Number(i int) float64 {
	p.asked[i]++
	n, ok := p.tells[p.set.Counters[i].String()].(float64)
	if !ok && p.set.Counters[i].Op == "seconds_since" {
		return Unknown
	}
	return n
}

func (p *past) Text(i int) string {
	p.asked[i]++
	s, _ := p.tells[p.set.Counters[i].String()].(string)
	return s
}

// What each rule answers for a stranger whose past nobody knows, for a regular,
// and for the regular at the moment of an order.
func TestRulesOverThePast(t *testing.T) {
	t.Parallel()
	regular := map[string]any{
		`count("purchase", "30d")`: 3.0, `count("purchase")`: 12.0, `count("purchase", "today")`: 1.0,
		`sum("purchase.value", "90d")`: 25_400.5, `uniq("view_item.item_id", "24h")`: 4.0,
		`last("view_item.item_category")`: "shoes", `did("login", "session")`: 1.0,
		`seconds_since("add_to_cart")`: 90.0, `exposed("x", "7d")`: 1.0, `count("gift", "7d")`: 2.0,
	}
	order := Event{
		Name: "purchase", Value: 12_000, Currency: "JPY", TransactionID: "t1", Coupon: "SPRING",
		ItemID: "7", ItemName: "ブーツ", ItemCategory: "shoes", ItemBrand: "a", Price: 6000, Quantity: 2, Path: "/thanks",
		Props: map[string]any{"gift": "yes", "points": 120.0, "first": true},
	}
	view := Event{Name: "page_view", Value: Unknown, Price: Unknown, Quantity: Unknown, Path: "/items/7"}
	for _, c := range []struct {
		rule                       string
		stranger, regular, ordered bool
	}{
		{`count("purchase", "30d") >= 3`, false, true, true},
		{`count("purchase", "720h") in 1..3`, false, true, true},
		{`count("purchase") % 4 == 0 && count("purchase", "lifetime") > 0`, false, true, true},
		{`count("purchase", "today") == 1`, false, true, true},
		{`count("purchase", "7d") == 0`, true, true, true},
		{`count("purchase", "30d") != 3`, true, false, false},
		{`sum("purchase.value", "90d") > 25400`, false, true, true},
		{`uniq("view_item.item_id", "1d") == 4`, false, true, true},
		{`last("view_item.item_category") == "shoes"`, false, true, true},
		{`last("view_item.item_category") in ["", "bags"]`, true, false, false},
		{`upper(last("view_item.item_category")) startsWith "SH"`, false, true, true},
		{`known(last("view_item.item_category"))`, false, true, true},
		{`did("login", "session")`, false, true, true},
		{`!did("login", "session") || visitor.visits > 5`, true, false, false},
		{`exposed("x", "7d")`, false, true, true},
		{`count("gift", "7d") == 2`, false, true, true},
		{`in_segment("buyer")`, false, true, true},
		// Never is neither long ago nor short.
		{`seconds_since("add_to_cart") < 600`, false, true, true},
		{`seconds_since("login") < 600`, false, false, false},
		{`seconds_since("login") >= 600`, false, false, false},
		{`seconds_since("login") != 600`, false, false, false},
		{`600 != seconds_since("login")`, false, false, false},
		{`seconds_since("login") in 0..600`, false, false, false},
		{`seconds_since("add_to_cart") in 60..120`, false, true, true},
		{`seconds_since("login") not in [600]`, false, false, false},
		{`seconds_since("login") / 60 < 10`, false, false, false},
		{`known(seconds_since("login"))`, false, false, false},
		{`!known(seconds_since("add_to_cart"))`, true, false, false},
		{`visitor.new ? seconds_since("login") > 0 : count("purchase") > 0`, false, true, true},
		{`any([7, 12], # == count("purchase"))`, false, true, true},
		// The event.
		{`event.name == "purchase"`, false, false, true},
		{`event.name == "page_view" && event.path == "/items/7"`, true, true, false},
		{`event.value >= 12000 && event.currency == "JPY" && event.transaction_id == "t1" && event.coupon == "SPRING"`, false, false, true},
		{`event.value < 1 || event.value >= 1`, false, false, true},
		{`known(event.price)`, false, false, true},
		{`event.item_id == "7" && event.item_name == "ブーツ" && event.item_category == "shoes" && event.item_brand == "a"`, false, false, true},
		{`event.price * event.quantity == event.value`, false, false, true},
		{`event.prop("gift") == "yes" && event.prop("points") == ""`, false, false, true},
		{`event.prop_number("points") > 100`, false, false, true},
		{`known(event.prop_number("gift")) || known(event.prop_number("first"))`, false, false, false},
		// Facts.
		{`coupons_left("welcome") > 10`, false, true, true},
		{`coupons_left("welcome") == 0`, true, false, false},
		{`operators_online() >= 1`, false, true, true},
	} {
		set := folder(t, map[string]string{
			"segments.yaml":       "derived: {gift: {event: purchase, where: 'event.prop(\"gift\") == \"yes\"'}}\nsegments: {buyer: 'count(\"purchase\") > 0'}",
			"coupons/welcome.csv": "A1\n",
			"campaigns/x.yaml":    live("x", c.rule),
		})
		known := &past{set: set, tells: regular, asked: make([]int, len(set.Counters))}
		facts := Facts{CouponsLeft: map[string]int{"welcome": 11}, OperatorsOnline: 2}
		for who, env := range map[string]Env{
			"a stranger": {Event: view},
			"a regular":  {Event: view, Counters: known, Facts: facts},
			"an order":   {Event: order, Counters: known, Facts: facts},
		} {
			want := map[string]bool{"a stranger": c.stranger, "a regular": c.regular, "an order": c.ordered}[who]
			m := set.Matcher()
			reason, detail := set.Why(m, set.Campaigns[0], env, noon)
			if got := reason == ""; got != want || !got && reason != "rule_false" {
				t.Errorf("%s, %s: %t (%s %s), want %t", c.rule, who, got, reason, detail, want)
			}
			set.Release(m)
		}
	}
}

// call is one counter as an author may write it.
type call struct{ op, event, field, window string }

func (c call) String() string {
	s := c.event
	if c.field != "" {
		s += "." + c.field
	}
	if c.window == "" {
		return fmt.Sprintf("%s(%q)", c.op, s)
	}
	return fmt.Sprintf("%s(%q, %q)", c.op, s, c.window)
}

// stream and meaning are the same for calls that ask for the same.
func (c call) stream() string {
	event := c.event
	if event == "boots" || event == "shoes" {
		event = `view_item event.item_category == "shoes"`
	}
	return event + " " + c.field + " " + map[string]string{"uniq": "values", "last": "latest"}[c.op]
}

func (c call) meaning() string {
	window := map[string]string{"": "lifetime", "1d": "24h", "60m": "1h"}[c.window]
	if window == "" {
		window = c.window
	}
	return c.op + " " + c.stream() + " " + window
}

func callOf() *rapid.Generator[call] {
	return rapid.Custom(func(t *rapid.T) call {
		c := call{op: rapid.SampledFrom([]string{"count", "did", "sum", "uniq", "last", "seconds_since"}).Draw(t, "op")}
		c.event = rapid.SampledFrom([]string{"purchase", "view_item", "boots", "shoes"}).Draw(t, "event")
		switch c.op {
		case "sum":
			c.field = rapid.SampledFrom([]string{"value", "price"}).Draw(t, "field")
		case "uniq", "last":
			c.field = rapid.SampledFrom([]string{"item_id", "price"}).Draw(t, "field")
		}
		if c.op != "last" && c.op != "seconds_since" {
			c.window = rapid.SampledFrom([]string{"", "lifetime", "session", "today", "24h", "1d", "60m", "1h", "7d"}).Draw(t, "window")
		}
		return c
	})
}

// Whatever the rules, equal counters are one and equal streams are one, kept for
// the longest asked; a campaign needs the streams it reads and no others; and a
// visit asks for each counter at most once, only when a rule comes to it.
func TestCountersMerge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rules := rapid.SliceOfN(rapid.SliceOfN(callOf(), 1, 4), 1, 5).Draw(rt, "rules")
		var texts []string
		meanings, streams := map[string]bool{}, map[string]Stream{}
		for i, calls := range rules {
			var parts []string
			for j, c := range calls {
				part := map[string]string{"did": "!%s", "last": `%s == ""`, "seconds_since": "!(%s < 0)"}[c.op]
				if part == "" {
					part = "%s >= 0"
				}
				part = fmt.Sprintf(part, c) // what holds when nothing ever happened
				if j > 0 {                  // one condition that reads two
					part = "(" + part + " ? " + parts[j-1] + " : false)"
				}
				parts = append(parts, part)
				meanings[c.meaning()] = true
				s := streams[c.stream()]
				switch c.window {
				case "session":
					s.Session = true
				case "today":
					s.Window = max(s.Window, 26*60*60e9)
				case "", "lifetime":
					s.Lifetime = true
				default:
					d, err := ParseDuration(c.window)
					if err != nil {
						rt.Fatal(err)
					}
					s.Window = max(s.Window, d)
				}
				streams[c.stream()] = s
			}
			texts = append(texts, live(fmt.Sprintf("c%d", i), strings.Join(parts, " && ")))
		}
		set := folder(rt, map[string]string{
			"segments.yaml":      `derived: {boots: {event: view_item, where: 'event.item_category == "shoes"'}, shoes: {event: view_item, where: '(event.item_category) == ("shoes")'}}`,
			"campaigns/all.yaml": strings.Join(texts, "\n---\n"),
		})
		if len(set.Counters) != len(meanings) {
			rt.Errorf("%d counters of %d: %v", len(set.Counters), len(meanings), set.Counters)
		}
		named := map[string]int{}
		for i, s := range set.Streams {
			name := s.Event
			for _, p := range s.where {
				name += " " + p.text
			}
			name += " " + s.Field + " " + map[string]string{"values": "values", "latest": "latest"}[s.Kind]
			want, ok := streams[name]
			if named[name]++; !ok || named[name] > 1 {
				rt.Errorf("stream %q is asked for: %t, and there %d times", name, ok, named[name])
			}
			if s.Window != want.Window || s.Session != want.Session || s.Lifetime != want.Lifetime {
				rt.Errorf("stream %q is kept for %s, session %t, lifetime %t; asked for %+v", name, s.Window, s.Session, s.Lifetime, want)
			}
			if i > 0 && set.Streams[i-1].Key >= s.Key {
				rt.Errorf("streams are out of order: %q after %q", s.Key, set.Streams[i-1].Key)
			}
		}
		if len(set.Streams) != len(streams) {
			rt.Errorf("%d streams of %d", len(set.Streams), len(streams))
		}
		for _, c := range set.Campaigns {
			p := &past{set: set, asked: make([]int, len(set.Counters))}
			m := set.Matcher()
			if reason, detail := set.Why(m, c, Env{Counters: p}, noon); reason != "" {
				rt.Fatalf("%s: %s %s", c.ID, reason, detail)
			}
			set.Release(m)
			read := map[int]bool{}
			for i, n := range p.asked {
				if n > 1 {
					rt.Errorf("%s is asked %d times in a visit", set.Counters[i], n)
				}
				if n > 0 {
					read[set.Counters[i].Stream] = true
				}
			}
			if want := slices.Sorted(maps.Keys(read)); !slices.Equal(c.Needs, want) {
				rt.Errorf("%s needs %v, it read %v", c.ID, c.Needs, want)
			}
		}
	})
}

// A rule that is stopped by its first condition asks for nothing.
func TestCountersAreLazy(t *testing.T) {
	t.Parallel()
	set := load(t, "", live("a", `visitor.new && count("purchase") > 1`), live("b", `cart.value > 1 && count("purchase") > 2`), live("c", `count("purchase") > 3`, "pages: [/cart]"), live("d", "visitor.visits == 3"))
	p := &past{set: set, tells: map[string]any{`count("purchase")`: 4.0}, asked: make([]int, len(set.Counters))}
	env := somebody()
	env.Counters, env.Cart.Value = p, 0
	if got := fmt.Sprint(matched(set, env, noon)); got != "[d]" || p.asked[0] != 0 {
		t.Errorf("matched %s after asking %d times", got, p.asked[0])
	}
	env.Visitor.New, env.Cart.Value, env.Page.Path = true, 2, "/cart"
	if got := fmt.Sprint(matched(set, env, noon)); got != "[a b c d]" || p.asked[0] != 1 {
		t.Errorf("matched %s after asking %d times", got, p.asked[0])
	}
	if got := matched(set, env, noon); len(got) != 4 || p.asked[0] != 2 {
		t.Errorf("matched %v after asking %d times: another visit asks again", got, p.asked[0])
	}
}
