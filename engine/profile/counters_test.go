package profile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// stream reads a stream as the tables below write it:
// "sum purchase.value 1h session lifetime".
func stream(spec string) Stream {
	words := strings.Fields(spec)
	s := Stream{Key: words[0] + " " + words[1], Kind: map[string]string{"count": Times, "sum": Times, "uniq": Values, "last": Latest}[words[0]]}
	s.Event, s.Field, _ = strings.Cut(words[1], ".")
	for _, window := range words[2:] {
		switch window {
		case "session":
			s.Session = true
		case "lifetime":
			s.Lifetime = true
		default:
			length, err := time.ParseDuration(window)
			if err != nil {
				panic(err)
			}
			s.Window = length
		}
	}
	return s
}

// with are the usual terms and streams.
func with(streams ...Stream) Terms {
	t := terms
	t.Streams = NewStreams(streams)
	return t
}

// asks gives p's answer for a window of s that ends now.
func asks(p *Profile, s Stream, window string, now int64) string {
	from := int64(0)
	switch window {
	case "lifetime":
	case "session":
		from = p.Session.Start
	default:
		length, err := time.ParseDuration(window)
		if err != nil {
			panic(err)
		}
		from = now - length.Milliseconds() + 1
	}
	switch {
	case s.Kind == Latest:
		_, text := p.Latest(s.Key)
		return text
	case s.Kind == Values:
		return fmt.Sprint(p.Uniq(s.Key, from))
	case s.Field != "":
		return fmt.Sprint(p.Sum(s.Key, from))
	default:
		return fmt.Sprint(p.Count(s.Key, from))
	}
}

// What a stream answers after a story, at a moment.
func TestCounters(t *testing.T) {
	t.Parallel()
	const (
		two  = `{"items":[{"item_id":"a","item_category":"shoes","price":300,"quantity":2},{"item_id":"b","item_category":"hats","price":19.99}]}`
		shoe = `{"items":[{"item_id":"a","item_category":"shoes"}]}`
	)
	for _, c := range []struct{ name, stream, story, at, want string }{
		{"nothing yet", "count search 30m", "0m page_view", "0m", "30m 0"},
		{"each one", "count search 30m lifetime", "0m search\n1m search\n1m search", "1m", "30m 3, lifetime 3"},
		{"a window that moves on without events", "count search 30m", "0m search\n10m search", "30m", "30m 1"},
		{"until it is over, to the millisecond", "count search 30m", "0m search\n10m search", "29m59.999s", "30m 2"},
		{"until it is over, though another came", "count search 30m", "0m search\n29m59.999s search", "29m59.999s", "30m 2"},
		{"shorter windows of one stream", "count search 30m", "0m search\n10m search", "20m", "30m 2, 20m 1, 10m 0, 10m0.001s 1"},
		{"the session", "count search session", "0m search\n1h search\n1h1m search", "2h", "session 2"},
		{"the session, begun by a later event", "count search session", "0m search\n1h page_view", "1h", "session 0"},
		{"late, of the session before", "count search 2h session lifetime", "0m search\n1h page_view\n5m search", "1h", "session 0, 2h 2, lifetime 2"},
		{"late, before the session and near to it", "count search session", "1h page_view\n50m search", "1h", "session 1"},
		{"late, and by later ones drawn into the session", "count search session", "60m page_view\n25m search\n35m page_view\n10m page_view", "1h", "session 1"},
		{"late, past the window", "count search 1h lifetime", "5h page_view\n1h search", "5h", "1h 0, lifetime 1"},
		{"events of the product", "count omo_close lifetime", "0m omo_close {\"campaign\":\"c\"}", "1m", "lifetime 1"},
		{"decisions", "count omo_decision 1h", "0m omo_decision\n5m omo_decision", "5m", "1h 2"},
		{"a timer that fired", "count omo_absent 1h", "0m omo_absent {\"campaign\":\"c\"}", "5m", "1h 1"},
		{"purchases told twice", "count purchase lifetime", "0m purchase {\"transaction_id\":\"T\"}\n5m purchase {\"transaction_id\":\"T\"}\n6m purchase {\"transaction_id\":\"U\"}", "6m", "lifetime 2"},

		{"a sum", "sum purchase.value 1h lifetime", "0m purchase {\"value\":6800}\n50m purchase {\"value\":19.99}", "70m", "1h 19.99, lifetime 6819.99"},
		{"of what was paid back", "sum refund.value 1h", "0m refund {\"value\":-400}\n1m refund {\"value\":0.125}", "1m", "1h -399.875"},
		{"of a field that is missing", "sum purchase.value 1h lifetime", "0m purchase " + two, "1m", "1h 0, lifetime 0"},
		{"of a property of the shop's own", "sum booking.nights 1h", "0m booking {\"nights\":2}\n1m booking {\"nights\":\"3\"}\n2m booking {\"nights\":true}\n3m booking {\"nights\":1e300}", "5m", "1h 2"},
		{"of items", "sum add_to_cart.quantity 1h", "0m add_to_cart " + two, "1m", "1h 3"},
		{"of their prices", "sum add_to_cart.price 1h", "0m add_to_cart " + two, "1m", "1h 319.99"},
		{"of a text", "sum add_to_cart.item_id 1h", "0m add_to_cart " + two, "1m", "1h 0"},

		{"values", "uniq view_item.item_id 1h lifetime", "0m view_item " + two + "\n10m view_item " + shoe + "\n20m view_item {\"items\":[{\"item_name\":\"x\"}]}", "1h", "1h 1, lifetime 2"},
		{"a value seen again, told late", "uniq view_item.item_id 1h", "40m view_item " + shoe + "\n30m view_item " + shoe, "95m", "1h 1"},
		{"an own property goes before the items'", "uniq view_item.item_id 1h", `0m view_item {"item_id":"z","items":[{"item_id":"a"},{"item_id":"b"}]}`, "1m", "1h 1"},
		{"paths", "uniq page_view.path session", "0m page_view /a\n1m page_view /b\n2m page_view /a", "2m", "session 2"},
		{"of the session only", "uniq page_view.path session", "0m page_view /a\n1h page_view /b", "1h", "session 1"},
		{"numbers and truths", "uniq vote.choice 1h", "0m vote {\"choice\":1}\n1m vote {\"choice\":1.0}\n2m vote {\"choice\":true}\n3m vote {\"choice\":null}\n4m vote {\"choice\":\"\"}", "5m", "1h 2"},

		{"the last text", "last view_item.item_category", "0m view_item " + shoe + "\n1m view_item " + two, "9h", "lifetime hats"},
		{"by the time it happened", "last view_item.item_category", "1m view_item " + shoe + "\n0m view_item " + two, "1m", "lifetime shoes"},
		{"of equal moments the one that came last", "last page_view.path", "0m page_view /a\n0m page_view /b", "1m", "lifetime /b"},
		{"what says nothing changes nothing", "last view_item.item_category", "0m view_item " + shoe + "\n1m view_item", "1m", "lifetime shoes"},
		{"a long one is cut", "last search.term", "0m search {\"term\":\"" + strings.Repeat("靴", 100) + "\"}", "1m", "lifetime " + strings.Repeat("靴", 85)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := stream(c.stream)
			p := New("v")
			for line := range strings.Lines(c.story) {
				e := told(t, line)
				Fold(p, &e, with(s))
			}
			now := told(t, c.at+" now").Time
			var got []string
			for want := range strings.SplitSeq(c.want, ", ") {
				window, _, _ := strings.Cut(want, " ")
				got = append(got, window+" "+asks(p, s, window, now))
			}
			equal(t, strings.Join(got, ", "), c.want)
		})
	}
}

// The item that a page shows stands for the items of a view of it.
func TestItemOfThePage(t *testing.T) {
	t.Parallel()
	page := &ingest.Page{Path: "/items/a", Item: &ingest.Item{ID: "a", Name: "Boots", Category: "shoes", Brand: "b", Price: 300}}
	var streams []Stream
	for _, name := range []string{"page_view", "view_item", "search"} {
		for _, field := range []string{"item_id", "item_name", "item_category", "item_brand", "price", "quantity", "path", "title"} {
			streams = append(streams, stream("last "+name+"."+field))
		}
	}
	for _, c := range []struct{ name, properties, want string }{
		{"page_view", "", "a Boots shoes b 300 1 /items/a -"},
		{"view_item", "", "a Boots shoes b 300 1 /items/a -"},
		{"view_item", `{"items":[{"item_id":"c"}]}`, "c - - - - 1 /items/a -"},
		{"search", "", "- - - - - - /items/a -"},
	} {
		p := New("v")
		e := told(t, "0m "+c.name+" "+c.properties)
		e.Page = page
		Fold(p, &e, with(streams...))
		var got []string
		for _, s := range streams {
			if s.Event == c.name {
				_, text := p.Latest(s.Key)
				got = append(got, orDash(text))
			}
		}
		equal(t, strings.Join(got, " "), c.want)
	}
}

// When the latest was, whatever the windows: seconds_since has none.
func TestLatestMoment(t *testing.T) {
	t.Parallel()
	s := stream("count search 30m")
	p := New("v")
	for _, line := range []string{"10m search", "5m search", "9h page_view"} {
		e := told(t, line)
		Fold(p, &e, with(s))
	}
	at, _ := p.Latest(s.Key)
	never, _ := p.Latest("another")
	equal(t, minutes(at)+" "+fmt.Sprint(never), "10m0s 0")
	e := told(t, "6m search") // nothing is kept one by one after it
	Fold(p, &e, with(s))
	at, _ = p.Latest(s.Key)
	equal(t, minutes(at)+" "+p.Series[s.Key].List, "10m0s ")
}

// What no window can reach any more is not kept: a late event past it neither.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stream, story, want string }{
		{"count search 1h", "0m search\n50m search\n60m search\n70m search", "50m0s 1h0m0s 1h10m0s"},
		{"count search 1h", "3h search\n1h search\n150m search", "2h30m0s 3h0m0s"},
		{"count search session", "0m search\n1h page_view\n70m search", "1h10m0s"},
		{"count search session", "0m search\n20m search\n1h page_view\n25m search\n10m search\n70m search", "25m0s 1h10m0s"},
		{"count search lifetime", "0m search\n1m search", ""},
		{"uniq search.q 1h", "0m search {\"q\":1}\n50m search {\"q\":2}\n40m search {\"q\":2}\n70m search {\"q\":3}", "50m0s 1h10m0s"},
		{"uniq search.q lifetime", "0m search {\"q\":1}\n50m search {\"q\":2}\n200m search {\"q\":1}", "50m0s 3h20m0s"},
	} {
		s := stream(c.stream)
		p := New("v")
		for line := range strings.Lines(c.story) {
			e := told(t, line)
			Fold(p, &e, with(s))
		}
		var got []string
		for _, e := range unpack(p.Series[s.Key].List, p.Series[s.Key].Form, 0) {
			got = append(got, minutes(e.at))
		}
		equal(t, strings.Join(got, " "), c.want)
	}
}

// A derived event is a stream with a condition.
func TestDerivedEvents(t *testing.T) {
	t.Parallel()
	shoes := stream("count view_item 1h")
	shoes.Key = "shoe_view"
	shoes.Where = func(e *ingest.Event) bool { return len(e.Props.Items) > 0 && e.Props.Items[0].Category == "shoes" }
	p := New("v")
	for _, category := range []string{"shoes", "hats", "shoes"} {
		e := told(t, `0m view_item {"items":[{"item_category":"`+category+`"}]}`)
		Fold(p, &e, with(shoes, stream("count view_item 1h")))
	}
	equal(t, fmt.Sprint(p.Count("shoe_view", 0), p.Count("count view_item", 0)), "2 3")
}

// A profile keeps the series of the streams in force and no other.
func TestEpochs(t *testing.T) {
	t.Parallel()
	first, other := stream("count search 1h"), stream("count page_view 1h")
	first.Epoch, other.Epoch = 7, 7
	later := first
	later.Epoch = 9
	for _, c := range []struct {
		name string
		now  Terms
		line string
		want string
	}{
		{"the same streams", with(first, other), "1m search", "count page_view 1, count search 2"},
		{"the same streams in another order", with(other, first), "1m search", "count page_view 1, count search 2"},
		{"another epoch begins anew", with(later, other), "1m search", "count page_view 1, count search 1"},
		{"at any event", with(later, other), "1m page_view", "count page_view 2, count search 0"},
		{"also a decision", with(later, other), "1m omo_decision", "count page_view 1, count search 0"},
		{"one that nobody asks for", with(other), "1m search", "count page_view 1, count search 0"},
		{"nobody asks for any", terms, "1m search", "count page_view 0, count search 0"},
	} {
		p := New("v")
		for _, line := range []string{"0m search", "0m page_view"} {
			e := told(t, line)
			Fold(p, &e, with(first, other))
		}
		e := told(t, c.line)
		Fold(p, &e, c.now)
		got := fmt.Sprintf("count page_view %g, count search %g", p.Count(other.Key, 0), p.Count(first.Key, 0))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		for key := range p.Series {
			if c.now.Streams == nil || c.now.Streams.epochs[key] == 0 {
				t.Errorf("%s: %s is still kept", c.name, key)
			}
		}
	}
}

// A back-fill is added once, to the epoch it was made for.
func TestAbsorb(t *testing.T) {
	t.Parallel()
	s := stream("count search 1h lifetime")
	s.Epoch = 7
	filled := func(lines ...string) *Series {
		p := New("")
		for _, line := range lines {
			e := told(t, line)
			p.Add(s, &e)
		}
		return p.Series[s.Key]
	}
	for _, c := range []struct {
		name  string
		epoch uint64
		older *Series
		again bool
		want  string
	}{
		{"what was before", 7, filled("-10m search", "-2m search", "-1m page_view"), false, "true: 3 ever, 3 of an hour"},
		{"more than once", 7, filled("-10m search", "-2m search"), true, "false: 3 ever, 3 of an hour"},
		{"nothing was before", 7, nil, false, "true: 1 ever, 1 of an hour"},
		{"nothing, more than once", 7, nil, true, "false: 1 ever, 1 of an hour"},
		{"of a later epoch", 8, filled("-10m search", "-2m search"), false, "true: 2 ever, 2 of an hour"},
		{"of an earlier epoch", 6, filled("-10m search", "-2m search"), false, "false: 1 ever, 1 of an hour"},
	} {
		p := New("v")
		e := told(t, "0m search")
		Fold(p, &e, with(s))
		added := p.Absorb(s.Key, c.epoch, c.older)
		if c.again {
			added = p.Absorb(s.Key, c.epoch, c.older)
		}
		now := told(t, "1m now").Time
		got := fmt.Sprintf("%v: %s ever, %s of an hour", added, asks(p, s, "lifetime", now), asks(p, s, "1h", now))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	last := stream("last page_view.path")
	before, live := New(""), New("v")
	for p, path := range map[*Profile]string{before: "/before", live: "/live"} {
		e := told(t, "0m page_view "+path)
		p.Add(last, &e)
	}
	live.Absorb(last.Key, 0, before.Series[last.Key])
	_, text := live.Latest(last.Key)
	equal(t, text, "/live") // of equal moments the one that came last

	e := told(t, "0m search")
	later := s
	later.Epoch = 8
	again := New("v")
	for _, one := range []Stream{s, s, later} {
		again.Add(one, &e)
	}
	equal(t, again.Count(s.Key, 0), 1)

	stranger := New("v")
	equal(t, stranger.Absorb(s.Key, 7, filled("0m search")), true)
	equal(t, stranger.Count(s.Key, 0), 1)
}
